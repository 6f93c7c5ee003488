"""summon providers: real executables, by summon's own contract, in the directory SUMMON_PROVIDER_PATH names."""

from __future__ import annotations

import os

import pytest

from secretrun.backend import Context
from secretrun.errors import BackendError, BadReference, NotFound, NotInstalled, TimedOut, Unavailable
from secretrun.reference import parse
from secretrun_backends.summon import Summon

PROVIDER = """#!/bin/sh
[ $# = 1 ] || exit 9
case $1 in
'prod/db#password') printf '  spaced value \\n\\n' ;;
json) printf '{"a": {"b": "inner-1"}}' ;;
slow) exec sleep 300 ;;
leaky) echo "half of a-value-that-leaks" >&2; exit 4 ;;
value-*) printf 'of-%s' "$1" ;;
*) echo "no such secret" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def context(tmp_path):
    directory = tmp_path / "providers"
    directory.mkdir()
    (directory / "My_Provider").write_text(PROVIDER)
    (directory / "My_Provider").chmod(0o755)
    return Context({"PATH": os.environ["PATH"], "SUMMON_PROVIDER_PATH": str(directory)}, timeout=60)


def ask(context, text):
    reference = parse(text)
    return Summon().fetch([reference], context)[reference]


def test_a_provider_gets_the_id_as_its_one_argument_and_blanks_around_its_output_go(context):
    assert ask(context, "summon://My_Provider/prod/db%23password") == b"spaced value"


def test_a_pointer_looks_into_what_a_provider_prints(context):
    assert ask(context, "summon://My_Provider/json#/a/b") == b"inner-1"
    assert type(ask(context, "summon://My_Provider/json#/a/c")) is NotFound


def test_many_ids_at_once_and_a_failing_one_spoils_no_other(context):
    references = [parse(f"summon://My_Provider/value-{number}") for number in range(20)]
    bad = parse("summon://My_Provider/none")
    answers = Summon().fetch([bad, *references], context)
    assert [answers[reference] for reference in references] == [f"of-value-{n}".encode() for n in range(20)]
    assert isinstance(answers[bad], BackendError)


def test_what_a_failing_provider_says_is_not_repeated(context):
    error = ask(context, "summon://My_Provider/leaky")
    assert "exit status 4" in error.message
    assert "a-value-that-leaks" not in f"{error.message}{error.hint}"


def test_a_hanging_provider_is_given_up_at_the_time_limit(context):
    assert type(ask(Context(context.environ, timeout=1), "summon://My_Provider/slow")) is TimedOut


def test_check_names_the_providers_there_are(context, tmp_path):
    assert Summon().check(context) == "providers My_Provider"
    with pytest.raises(NotInstalled):
        Summon().check(Context({"SUMMON_PROVIDER_PATH": str(tmp_path / "none")}))
    with pytest.raises(Unavailable, match="absolute"):
        Summon().check(Context({"SUMMON_PROVIDER_PATH": "providers"}))


def test_a_provider_that_is_not_there_is_named_with_where_it_was_looked_for(context):
    error = ask(context, "summon://none/id")
    assert type(error) is NotInstalled
    assert context.environ["SUMMON_PROVIDER_PATH"] in error.message


@pytest.mark.parametrize(
    "text", ["summon://..%2Fx/id", "summon://%2E%2E/id", "summon://a", "summon://a/-v", "summon://a/b?c=d"]
)
def test_a_reference_that_leaves_the_directory_or_looks_like_an_option_is_refused(context, text):
    assert type(ask(context, text)) is BadReference


def test_a_run_resolves_by_a_provider_and_masks_it(secretrun, context, tmp_path):
    (tmp_path / ".env").write_text("API_KEY=summon://My_Provider/value-0123456789\n")
    done = secretrun(
        "--",
        "sh",
        "-c",
        'echo "$API_KEY"',
        env={"SUMMON_PROVIDER_PATH": context.environ["SUMMON_PROVIDER_PATH"]},
    )
    assert (done.status, done.out) == (0, "[REDACTED:API_KEY]\n"), done.err
