"""The relay: playbooks of events and the commands that must come of them, and what holds for all of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretrun.session import relay as r

TSTP, TTIN, CONT, INT, TERM, HUP = 20, 21, 18, 2, 15, 1


def play(machine, *scenes):
    """Each scene is (event, number, commands expected)."""
    for event, number, expected in scenes:
        assert machine.on(event, number) == [command.about(number) for command in expected], event


STOP_ALL = [r.FLUSH, r.COOKED, r.STOP_GROUP]

PLAYBOOKS = {
    "a command in the foreground runs to its end": (
        True, r.DONE,
        (r.ENDED, 3, [r.CHECK_READ]),
        (r.UNREAD, 0, [r.WAIT_READ]),
        (r.READ_DUE, 0, [r.CHECK_READ]),
        (r.READ, 0, [r.SETTLE]),
        (r.DRAINED, 0, [r.COOKED]),
    ),
    "ctrl-z and fg": (
        True, r.HELD,
        (r.STOP, TSTP, STOP_ALL),
        (r.RESUME_FOREGROUND, 0, [r.RESIZE, r.RAW, r.FOREGROUND]),
    ),
    "ctrl-z, bg, and a read in the background, then fg": (
        True, r.HELD,
        (r.STOP, TSTP, STOP_ALL),
        (r.RESUME_BACKGROUND, 0, [r.BACKGROUND]),
        (r.STOP_BACKGROUND, TTIN, [r.FLUSH, r.STOP_GROUP]),
        (r.RESUME_FOREGROUND, 0, [r.RESIZE, r.RAW, r.FOREGROUND]),
    ),
    "ctrl-z, bg, and fg while it runs": (
        True, r.HELD,
        (r.STOP, TSTP, STOP_ALL),
        (r.RESUME_BACKGROUND, 0, [r.BACKGROUND]),
        (r.CONTINUE_FOREGROUND, CONT, [r.RESIZE, r.RAW, r.FOREGROUND]),
    ),
    "in a pipeline the terminal is taken when the command asks": (
        False, r.HELD,
        (r.INTERRUPT_KEY, INT, []),
        (r.STOP_FOREGROUND, TTIN, [r.RAW, r.FOREGROUND]),
        (r.INTERRUPT_KEY, INT, [r.MIRROR]),
    ),
    "in a pipeline a program of another session asks on the command's terminal": (
        False, r.HELD,
        (r.KEYS_WANTED, 0, [r.RAW, r.FOREGROUND]),
        (r.KEYS_WANTED, 0, []),
        (r.INTERRUPT_KEY, INT, [r.MIRROR]),
    ),
    "in a pipeline ctrl-z and fg take no keys from the neighbours": (
        False, r.WAITING,
        (r.SIGNAL, TSTP, [r.FORWARD]),
        (r.STOP, TSTP, [r.FLUSH, r.STOP_GROUP]),
        (r.RESUME_FOREGROUND, 0, [r.RESIZE, r.BACKGROUND]),
    ),
    "a background job that reads stops, and gets the terminal with fg": (
        False, r.HELD,
        (r.STOP_BACKGROUND, TTIN, [r.FLUSH, r.STOP_GROUP]),
        (r.RESUME_FOREGROUND, 0, [r.RESIZE, r.RAW, r.FOREGROUND]),
    ),
    "in an orphaned group the kernel drops the stop, and the command goes on": (
        True, r.HELD,
        (r.STOP, TSTP, STOP_ALL),
        (r.RESUME_FOREGROUND, 0, [r.RESIZE, r.RAW, r.FOREGROUND]),
        (r.FATAL_SIGNAL, INT, [r.FORWARD]),
    ),
    "we are stopped by SIGSTOP, the command is not": (
        True, r.HELD,
        (r.CONTINUE_FOREGROUND, CONT, [r.RESIZE, r.RAW, r.FORWARD_GROUP]),
        (r.CONTINUE_BACKGROUND, CONT, [r.COOKED, r.BACKGROUND]),
        (r.CONTINUE_FOREGROUND, CONT, [r.RESIZE, r.RAW, r.FOREGROUND]),
    ),
    "a signal to us is for the command, one to our group for its group": (
        True, r.HELD,
        (r.SIGNAL, 10, [r.FORWARD]),
        (r.GROUP_SIGNAL, 10, [r.FORWARD_GROUP]),
        (r.FATAL_SIGNAL, TERM, [r.FORWARD]),
        (r.FATAL_GROUP_SIGNAL, TERM, [r.FORWARD_GROUP]),
    ),
    "the terminal goes away": (
        True, r.DONE,
        (r.HANGUP, 0, [r.COOKED, r.HANG_UP, r.WAIT_HANGUP]),
        (r.HANGUP_DUE, 0, [r.CLOSE_TERMINAL]),
        (r.ENDED, -HUP, [r.CHECK_READ]),
        (r.READ, 0, [r.SETTLE]),
        (r.DRAINED, 0, [r.COOKED]),
    ),
    "a stopped job is told to end, and continued for it": (
        True, r.AWAY,
        (r.STOP, TSTP, STOP_ALL),
        (r.FATAL_GROUP_SIGNAL, TERM, [r.FORWARD_GROUP]),
        (r.RESUME_BACKGROUND, 0, [r.BACKGROUND]),
    ),
    "the terminal of a stopped job goes away": (
        True, r.WAITING,
        (r.STOP, TSTP, STOP_ALL),
        (r.HANGUP, 0, [r.COOKED, r.HANG_UP, r.WAIT_HANGUP]),
        (r.RESUME_BACKGROUND, 0, []),
        (r.HANGUP_DUE, 0, [r.CLOSE_TERMINAL]),
    ),
    "the keyboard turns out to be another's": (True, r.AWAY, (r.REFUSED, 0, [r.COOKED, r.BACKGROUND])),
    "a stream is closed while the command runs": (
        True, r.HELD,
        (r.STREAM_ENDED, 2, [r.WAIT_STREAM]),
        (r.STREAM_DUE, 2, [r.CLOSE_STREAM]),
    ),
    "a stream ends because the command does": (
        True, r.ENDING,
        (r.STREAM_ENDED, 2, [r.WAIT_STREAM]),
        (r.ENDED, 0, [r.CHECK_READ]),
        (r.STREAM_DUE, 2, []),
    ),
    "somebody holds a stream": (
        True, r.DONE,
        (r.ENDED, 0, [r.CHECK_READ]),
        (r.READ, 0, [r.SETTLE]),
        (r.QUIET, 0, [r.COOKED, r.LINGER]),
    ),
    "a signal while the last output is written": (
        True, r.DONE,
        (r.ENDED, 0, [r.CHECK_READ]),
        (r.FATAL_SIGNAL, TERM, [r.COOKED]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_playbook_on_a_terminal(name):
    foreground, final, *scenes = PLAYBOOKS[name]
    machine = r.on_terminal(foreground=foreground)
    play(machine, *scenes)
    assert machine.state == final


def test_playbook_with_pipes():
    """Signals are forwarded, stops followed, a closed stream passed on, the end waited for."""
    machine = r.with_pipes()
    play(
        machine,
        (r.FATAL_SIGNAL, TERM, [r.FORWARD]),
        (r.FATAL_GROUP_SIGNAL, INT, []),
        (r.GROUP_SIGNAL, 10, []),
        (r.STOP, TSTP, [r.FLUSH, r.STOP_SELF]),
        (r.SIGNAL, CONT, [r.FORWARD]),
        (r.STREAM_ENDED, 1, [r.WAIT_STREAM]),
        (r.STREAM_DUE, 1, [r.CLOSE_STREAM]),
        (r.ENDED, 0, [r.SETTLE]),
        (r.QUIET, 0, [r.LINGER]),
    )
    assert machine.done


@pytest.mark.parametrize("event", [r.FATAL_SIGNAL, r.FATAL_GROUP_SIGNAL])
def test_with_pipes_a_signal_ends_the_wait_for_the_last_output(event):
    machine = r.with_pipes()
    machine.on(r.ENDED)
    assert machine.on(event, INT) == []
    assert machine.done


def test_an_event_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="no event 'typo'"):
        r.with_pipes().on("typo")


MACHINES = st.sampled_from(
    [lambda: r.on_terminal(foreground=True), lambda: r.on_terminal(foreground=False), r.with_pipes]
)
HISTORY = st.lists(st.tuples(st.sampled_from(sorted(r.EVENTS)), st.integers(1, 64)), max_size=60)


@given(MACHINES, HISTORY)
def test_raw_mode_never_outlives_the_session(make, history):
    """Whatever happens: modes are taken and given back in turn, and given back at a stop and at the end."""
    machine = make()
    raw = machine.state == r.HELD
    for event, number in history:
        for command in machine.on(event, number):
            if command == r.RAW:
                raw = True
            elif command == r.COOKED:
                raw = False
            elif command.name == r.STOP_GROUP.name:
                assert not raw
        if machine.state in (r.WAITING, r.AWAY, r.STOPPED, r.STOPPED_WAITING):
            assert not raw
        if machine.done:
            assert not raw


@given(MACHINES, HISTORY)
def test_the_end_is_final(make, history):
    machine = make()
    for event, number in [*history, (r.ENDED, 0), (r.DRAINED, 0)]:
        machine.on(event, number)
    if machine.done:
        assert all(machine.on(event, 1) == [] and machine.done for event in r.EVENTS)


@given(MACHINES, HISTORY)
def test_no_command_is_half_filled_in(make, history):
    """The number in a command is that of its event, or the fixed one of the row."""
    machine = make()
    for event, number in history:
        assert all(command.number in (0, number) for command in machine.on(event, number))


def test_a_command_says_what_it_is():
    """In a failed test or a debugger it reads as its name and the number it is about."""
    assert repr(r.RAW) == "<take the terminal in raw mode>"
    assert repr(r.FORWARD.about(TERM)) == "<send the command a signal 15>"
    assert r.FORWARD.about(TERM) != r.FORWARD.about(INT)
    assert r.RAW.about(TERM) == r.RAW
    assert len({r.FORWARD.about(TERM), r.FORWARD.about(TERM), r.RAW}) == 2


def test_every_row_is_of_a_known_event_and_state():
    states = {r.WAITING, r.HELD, r.AWAY, r.STOPPED, r.STOPPED_WAITING, r.RUNNING, r.ENDING, r.DONE}
    for table in (r.ON_TERMINAL, r.WITH_PIPES):
        for (state, event), (after, _) in table.items():
            assert {state, after} <= states
            assert event in r.EVENTS
