"""The contract that secretrun ships, run over the example: `pip install -e . pytest && pytest`."""

import pytest
from secretrun_drawer import Drawer

from secretrun.backend import Context
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract


class TestDrawer(BackendContract):
    @pytest.fixture(autouse=True)
    def drawer(self, tmp_path):
        for name, value in DIFFICULT_VALUES.items():
            (tmp_path / name).write_bytes(value)
        self.backend = Drawer()
        self.context = Context({"DRAWER": str(tmp_path)})
        self.known = {parse(f"drawer://{name}"): value for name, value in DIFFICULT_VALUES.items()}
        self.missing = [parse("drawer://none"), parse("drawer://yaml#/none")]
