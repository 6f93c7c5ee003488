"""Builds the compiled core, on request: hatchling's hook for a wheel, and `make core` for this tree.

`SECRETRUN_CORE` is the request, for the hook: 1 has cargo build it, a path takes a library that is there.
Without it no compiler is looked for, and the wheel is one for every platform.
"""

import importlib.util
import os
import pathlib
import platform
import re
import shlex
import shutil
import subprocess
import sys

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = pathlib.Path(__file__).resolve().parents[1]
PLACE = "secretrun/redact/core"  # where the loader looks, in the tree and in the wheel
OLDEST_GLIBC = 17  # 2.17: what Rust's standard library asks for, whatever this file happens to need of it
OLDEST_MACOS = {"arm64": "11.0", "x86_64": "10.12"}


class CoreHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version, build_data):
        request = os.environ.get("SECRETRUN_CORE", "")
        if self.target_name != "wheel" or request in ("", "0"):
            return
        built = build() if request == "1" else pathlib.Path(request).resolve()
        check(built)
        if version == "editable":
            place(built)
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"cp311-abi3-{platform_tag(built)}"
        build_data["force_include"][str(built)] = f"{PLACE}/{loader().path().rpartition('/')[2]}"


def build():
    """Have cargo build it; returns the library. The sources need no crate, so nothing is downloaded."""
    cargo = shutil.which(os.environ.get("CARGO", "cargo"))
    if cargo is None:
        sys.exit("the compiled core is built by cargo (Rust 1.63 or newer), which is not there")
    command = [cargo, "build", "--release", "--locked", "--offline"]
    command += ["--manifest-path", str(ROOT / "core/Cargo.toml")]
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "core/target").resolve()
    environ = os.environ | {"CARGO_TARGET_DIR": str(target)}
    if sys.platform == "darwin":
        environ.setdefault("MACOSX_DEPLOYMENT_TARGET", OLDEST_MACOS[platform.machine()])
    done = subprocess.run(command, env=environ)
    if done.returncode:
        sys.exit(f"the compiled core can't be built: {shlex.join(command)} failed")
    return target / "release" / ("libsecretrun_core" + (".dylib" if sys.platform == "darwin" else ".so"))


def loader():
    """The package's own loader, by its file: the package itself may not be installed."""
    spec = importlib.util.spec_from_file_location("loader", ROOT / PLACE / "library.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["loader"] = module
    spec.loader.exec_module(module)
    return module


def check(built):
    """It loads here and has the boundary that the loader knows, or there is no wheel."""
    loader().Library(str(built))


def place(built):
    """Copy it beside the loader; under another name first, since the old one may be loaded somewhere."""
    end = pathlib.Path(loader().path())
    shutil.copyfile(built, end.with_suffix(".new"))
    os.replace(end.with_suffix(".new"), end)
    return end


def platform_tag(built):
    """Where it runs: from the macOS it was built for, from the glibc of the newest symbol in it."""
    machine = platform.machine()
    if sys.platform == "darwin":
        oldest = os.environ.get("MACOSX_DEPLOYMENT_TARGET", OLDEST_MACOS[machine])
        return f"macosx_{oldest.replace('.', '_')}_{machine}"
    asked = [int(minor) for minor in re.findall(rb"\0GLIBC_2\.(\d+)", built.read_bytes())]
    if not asked:  # musl
        return f"linux_{machine}"
    return f"manylinux_2_{max(OLDEST_GLIBC, *asked)}_{machine}"


if __name__ == "__main__":
    made = build()
    check(made)
    sys.stdout.write(f"{place(made)}\n")
