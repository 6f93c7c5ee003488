"""The helper that puts the terminal in order when we are killed."""

import os

from support.until import until

from secretrun.posix import descriptors, terminal
from secretrun.session.witness import Witness


def test_the_modes_are_those_from_before_however_late_the_helper_begins(monkeypatch):
    """On a busy machine we are in raw mode before it has done its first step."""
    master, tty = os.openpty()
    before = terminal.attributes(tty)
    to_null = descriptors.to_null

    def late(*numbers):
        until(lambda: terminal.is_raw(terminal.attributes(tty)), "raw mode")
        to_null(*numbers)

    monkeypatch.setattr(descriptors, "to_null", late)  # what the helper does first
    helper = Witness(tty)
    terminal.set_attributes(tty, terminal.raw(before))
    helper.dismiss()  # to it that is our end
    assert terminal.attributes(tty) == before
    os.close(master)
    os.close(tty)
