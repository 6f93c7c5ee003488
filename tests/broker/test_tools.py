"""Programs that no variable reaches are named with what mends them."""

import json
import subprocess
import sys

import pytest

from secretrun.broker import tools

SAID = {
    "node": [
        ("v20.20.2", False),
        ("v22.20.0", False),
        ("v22.21.0", True),
        ("v24.19.0", True),
        ("nonsense", False),
    ],
    "wget": [
        ("GNU Wget 1.21.3 built on linux-gnu.\n+https +ipv6 +ssl/gnutls", False),
        ("GNU Wget 1.25\n+ssl/openssl", True),
    ],
    "java": [('openjdk version "17.0.9"', False)],
}


@pytest.mark.parametrize(
    ("name", "said", "fine"), [(name, said, fine) for name, cases in SAID.items() for said, fine in cases]
)
def test_what_a_program_says_of_itself(tmp_path, name, said, fine):
    program = tmp_path / name
    program.write_text(f"#!/bin/sh\ncat <<'X'\n{said}\nX\n")
    program.chmod(0o755)
    (found,) = [one for one in tools.findings(str(tmp_path)) if one.name == name]
    assert found.ok is fine
    assert (found.hint is None) is fine
    assert set(found.as_json()) == {"name", "ok", "detail", "hint"}


def test_doctor_says_it_where_there_are_rules(tmp_path):
    program = tmp_path / "node"
    program.write_text("#!/bin/sh\necho v20.1.0\n")
    program.chmod(0o755)
    config = tmp_path / ".config" / "secretrun"
    config.mkdir(parents=True)
    (tmp_path / "key").write_text("a-value-of-some-length")
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)}

    def doctor(*words):
        done = subprocess.run(
            [sys.executable, "-m", "secretrun", "doctor", *words], env=environ, cwd=tmp_path, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        return done.stdout

    assert "node:" not in doctor()
    (config / "config.toml").write_text(
        f'[secrets.K]\nref = "file://{tmp_path}/key"\n[[secrets.K.allow]]\nhost = "api.test"\n'
    )
    text = doctor()
    assert "node: v20.1.0: its fetch and https go past a proxy" in text
    assert "use Node 22.21 or newer" in text
    said = {one["name"]: one for one in json.loads(doctor("--json"))["broker"]}
    assert said["broker"]["ok"] is True
    assert said["node"]["ok"] is False
