"""What is told of a sops that fails."""

import pytest

from secretrun.embedded_store.sops_file import Sops
from secretrun.errors import BackendError
from secretrun.testing import install_program

WARNINGS = [
    "2026/01/31 12:00:00 WARN falling back to IMDSv1",
    'time="2026-01-31T12:00:00Z" level=warning msg="no region"',
    "[WARNING] the SDK is old",
]


@pytest.mark.parametrize("warning", WARNINGS)
def test_the_reason_is_told_and_no_warning_before_it(tmp_path, warning):
    source = f"import sys\nprint({warning!r}, file=sys.stderr)\nsys.exit('Could not generate data key: the real reason')"
    environ = install_program(tmp_path / "bin", "sops", source, {"HOME": str(tmp_path)})
    environ["SECRETRUN_SOPS"] = str(tmp_path / "bin" / "sops")
    with pytest.raises(BackendError) as caught:
        Sops(environ)._run(["encrypt"], str(tmp_path), b"")
    assert caught.value.message == "sops encrypt failed: Could not generate data key: the real reason"
