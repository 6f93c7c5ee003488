"""Waiting for a condition: polled, never slept for."""

import time

PATIENCE = 60  # seconds until a wait is given up; nothing that passes waits that long


def until(condition, what, patience=PATIENCE):
    """Poll until the condition holds; returns its value. A timeout names what was waited for."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.005)
    return value
