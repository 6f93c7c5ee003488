"""What is read of a command line without argparse is what argparse reads of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from secretrun.cli import parser
from secretrun.cli import plain_options as options
from secretrun.config import settings
from secretrun.errors import UsageError

FLAGS = [flag for setting in settings.RUN for flag in setting.flags]
WORDS = st.one_of(
    st.sampled_from(FLAGS),
    st.sampled_from(["", "-", "x.env", "10m", "5", "-5", "nan", "always", "TERM", "-qv", "-ex.env", "A=b", "-h x"]),
    st.builds("{}={}".format, st.sampled_from(FLAGS), st.sampled_from(["", "5", "10m", "auto", "a=b", "-x"])),
    st.text(max_size=4),
)  # fmt: skip


@given(st.lists(WORDS, max_size=6))
def test_the_short_way_agrees_with_argparse_or_leaves_it_to_it(words):
    """A plain command line has the same options either way; a wrong one is never taken for a right one."""
    quick = options.read(words)
    try:
        parsed = vars(parser.build("run").parse_args(words)) if "-h" not in words else None
    except (UsageError, SystemExit):
        parsed = None
    if quick is not None:
        assert parsed is not None
        assert quick == {name: value for name, value in parsed.items() if value not in (None, False)}


def test_every_option_written_plainly_is_read_the_short_way():
    """An option that is added to the table must not bring argparse back unnoticed."""
    samples = {"seconds": "5", "duration": "10m"}
    for setting in settings.RUN:
        for flag in setting.flags:
            value = setting.choices[0] if setting.choices else samples.get(setting.kind, "x")
            words = [flag] if setting.kind == "flag" else [flag, value]
            if setting.bare is None:  # with a value of its own it can't be told from the word after it
                assert list(options.read(words) or ()) == [setting.name]
