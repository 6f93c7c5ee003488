"""Which schemes are references, who resolves them, and what a bad plugin does."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from secretrun.errors import ConfigError
from secretrun.resolution.registry import BUILTIN, NAMES, ORDINARY, Registry
from secretrun.sign_in import SIGN_IN

BACKEND = """
from secretrun.backend import BackendInfo

class {name}:
    info = BackendInfo(name="{name}".lower(), title="{name}", schemes={schemes}, example="x://x")
    def fetch(self, references, context):
        return {{}}
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution that provides backends, as pip would: metadata and a module."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def add(distribution, module, source, **schemes):
        information = tmp_path / f"{distribution.replace('-', '_')}-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        points = "".join(f"{scheme} = {target}\n" for scheme, target in schemes.items())
        (information / "entry_points.txt").write_text(f"[secretrun.backends]\n{points}")
        (tmp_path / f"{module}.py").write_text(source)
        importlib.invalidate_caches()

    yield add
    for name in [name for name in sys.modules if name.startswith("plugin_")]:
        del sys.modules[name]


def registry(**more):
    return Registry({"PATH": ""}, **more)


@pytest.mark.parametrize("scheme", BUILTIN)
def test_every_built_in_scheme_has_a_backend_that_says_so(scheme):
    backend = registry().backend(scheme)
    assert registry().known(scheme)
    assert scheme in backend.info.schemes


def test_a_store_with_two_schemes_is_one_backend():
    made = registry()
    by_target = {}
    for scheme, target in BUILTIN.items():
        assert by_target.setdefault(target, made.backend(scheme)) is made.backend(scheme)


def test_what_signs_in_to_any_store_is_kept_from_the_command():
    made = registry()
    wanted = {name for scheme in BUILTIN for name in made.backend(scheme).info.sign_in_variables}
    assert set(SIGN_IN) == wanted
    assert list(SIGN_IN) == sorted(SIGN_IN)


def test_ordinary_urls_are_literals_and_cost_no_look_at_the_plugins():
    program = (
        "import sys; from secretrun.resolution.registry import ORDINARY, Registry\n"
        "made = Registry({})\n"
        "assert not any(map(made.known, [*ORDINARY, 'postgresql+psycopg2', 'git+https', 'mongodb+srv']))\n"
        "assert 'importlib.metadata' not in sys.modules and 'secretrun.resolution.program_backend' not in sys.modules\n"
        "made.known('other'); assert 'importlib.metadata' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_scheme_is_both_a_store_and_an_ordinary_url():
    assert not ORDINARY & set(BUILTIN)


@pytest.mark.parametrize(
    ("scheme", "meant"),
    [("spos", "sops"), ("sop", "sops"), ("sopss", "sops"), ("aws-ms", "aws-sm"), ("awssm", "aws-sm"), ("valut", "vault"), ("fil", "file")],
)  # fmt: skip
def test_a_slip_is_an_error_that_names_what_was_meant(scheme, meant):
    with pytest.raises(ConfigError) as caught:
        registry().known(scheme)
    assert caught.value.message == f"unknown scheme '{scheme}://', is it a slip for '{meant}://'?"
    assert f'{{{{ "{scheme}://" }}}}' in caught.value.hint


@pytest.mark.parametrize("scheme", ["custom", "bolt", "chrome", "x", "ok", "xsopsx"])
def test_other_schemes_are_literals(scheme):
    assert registry().known(scheme) is False


def test_a_scheme_without_a_backend_is_an_error():
    with pytest.raises(ConfigError, match="no backend for bolt://"):
        registry().backend("bolt")


def test_an_installed_plugin_resolves_its_scheme(install):
    install("plugin-a", "plugin_a", BACKEND.format(name="Alpha", schemes=("shelf",)), shelf="plugin_a:Alpha")
    made = registry(timeout=5.0, options={"alpha": {"k": "v"}}, interactive=True)
    assert made.known("shelf")
    backend = made.backend("shelf")
    assert backend is made.backend("shelf")
    assert backend in made.everything()
    context = made.context(backend)
    assert (context.timeout, context.options, context.interactive) == (5.0, {"k": "v"}, True)
    with pytest.raises(ConfigError, match="slip for 'shelf://'"):
        made.known("shelff")


def test_two_plugins_for_one_scheme_are_an_error_naming_both(install):
    install("plugin-a", "plugin_a", BACKEND.format(name="Alpha", schemes=("shelf",)), shelf="plugin_a:Alpha")
    install("plugin-b", "plugin_b", BACKEND.format(name="Beta", schemes=("shelf",)), shelf="plugin_b:Beta")
    with pytest.raises(ConfigError) as caught:
        registry().backend("shelf")
    assert "plugin-a" in caught.value.message
    assert "plugin-b" in caught.value.message
    assert "both provide shelf://" in caught.value.message


def test_a_plugin_for_a_built_in_scheme_is_an_error_naming_both(install):
    install("plugin-a", "plugin_a", BACKEND.format(name="Alpha", schemes=("sops",)), sops="plugin_a:Alpha")
    with pytest.raises(ConfigError, match="plugin-a and secretrun itself both provide sops://"):
        registry().known("custom")


def test_a_plugin_can_not_take_over_a_scheme_by_claiming_it(install):
    install(
        "plugin-a", "plugin_a", BACKEND.format(name="Alpha", schemes=("shelf", "env")), shelf="plugin_a:Alpha"
    )
    made = registry()
    assert made.backend("shelf").info.name == "alpha"
    assert made.backend("env").info.name == "env"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise ValueError('broken here')", "can't be loaded: ValueError: broken here"),
        ("import sys; sys.exit(0)", "can't be loaded: SystemExit: 0"),
        ("import no_such_module_at_all", "can't be loaded: ModuleNotFoundError"),
        ("x = 1", "can't be loaded: AttributeError"),
        ("class Alpha: pass", "can't be loaded: AttributeError"),
        ("class Alpha:\n  def __init__(self): raise OSError('no')", "can't be loaded: OSError: no"),
        (BACKEND.format(name="Alpha", schemes=("other",)), "does not say that it provides shelf://"),
    ],
)
def test_a_plugin_that_fails_to_load_is_an_error_never_a_skip(install, source, said):
    install("plugin-a", "plugin_a", source, shelf="plugin_a:Alpha")
    made = registry()
    assert made.known("shelf")
    for attempt in (lambda: made.backend("shelf"), made.everything):
        with pytest.raises(ConfigError) as caught:
            attempt()
        assert said in caught.value.message
        assert "plugin_a:Alpha" in caught.value.message


# --- [backend.NAME]


def test_a_table_of_options_is_known_by_the_backends_name_and_by_its_schemes():
    """[backend.k8s] would otherwise be read and do nothing."""
    for scheme in BUILTIN:
        info = registry().backend(scheme).info
        assert info.name in BUILTIN or NAMES[info.name] in info.schemes
        for name in (info.name, *info.schemes):
            made = registry(options={name: {"path": "x"}})
            made.check_options()
            assert made.context(made.backend(scheme)).options == {"path": "x"}


def test_a_store_may_have_a_time_limit_of_its_own():
    made = registry(timeout=60.0, options={"op": {"timeout": 120}, "vault": {}})
    assert [made.context(made.backend(scheme)).timeout for scheme in ("op", "vault", "file")] == [
        120,
        60.0,
        60.0,
    ]


@pytest.mark.parametrize("value", [0, -1, "20", True, float("inf"), 1e10])
def test_a_time_limit_that_is_none_is_an_error(value):
    made = registry(options={"op": {"timeout": value}})
    with pytest.raises(ConfigError, match=r"\[backend.op\] timeout must be a number of seconds above 0"):
        made.context(made.backend("op"))


def test_a_table_of_nobodys_options_is_an_error_that_names_what_was_meant():
    with pytest.raises(ConfigError, match=r"no backend for \[backend.awssm\]") as caught:
        registry(options={"awssm": {}}).check_options()
    assert caught.value.hint.startswith("did you mean 'aws-sm'?")


def test_an_installed_plugin_may_have_options(install):
    install("plugin-a", "plugin_a", BACKEND.format(name="Alpha", schemes=("shelf",)), shelf="plugin_a:Alpha")
    for name in ("shelf", "alpha"):
        registry(options={name: {}}).check_options()
