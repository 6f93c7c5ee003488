"""Every acceptance case of the broker has a test with its number, and every known attack on a broker is replayed."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
CASES = [*range(1, 47), 48, *range(50, 64), 74, 75]
# Ways in which brokers of this kind have been got round, each with the tests that try it here.
ATTACKS = {
    "the client's Host header says whose credentials a request gets": ["test_22_the_tunnel_decides_not_the_host_header"],
    "a header of the proxy's own is taken from the client": ["test_26_headers_that_name_another_host_change_nothing"],
    "a name is looked up before it is judged": ["test_30_31_one_lookup_an_allowed_name_and_none_for_a_denied_one"],
    "clear text and absolute targets go another way than tunnels": [
        "test_28_a_placeholder_in_clear_text", "test_25_an_absolute_target_inside_a_tunnel"],
    "the rules are edited while it runs": ["test_61_rules_are_frozen_at_the_start"],
    "chunks that end in a way that another server reads otherwise": ["test_27_a_message_that_could_be_framed_in_two_ways"],
    "two lengths, folded headers, bare line feeds": ["test_27_a_message_that_could_be_framed_in_two_ways"],
    "a path that means another one upstream": ["test_13_a_path_that_could_be_read_in_two_ways"],
    "a request is written before the certificate is judged": ["test_32_a_certificate_that_does_not_verify"],
    "a mask of another length hangs the client": ["test_43_masks_keep_a_connection_in_step"],
    "an answer in an encoding that was not asked for": ["test_39_an_encoding_that_was_not_asked_for"],
    "an echo in another spelling": ["test_37_an_echo_in_another_spelling"],
    "a body where there is none": ["test_46_messages_without_a_body", "test_27_a_message_that_could_be_framed_in_two_ways"],
    "a socket of the file system, past the network's wall": ["test_54_sockets_of_the_file_system"],
    "the memory of the broker, read by its own user": ["test_57_nobody_looks_into_the_wrapper_or_the_broker"],
}  # fmt: skip


def defined():
    """The names of all tests of this directory."""
    return {
        node.name
        for path in HERE.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_case_has_a_test_with_its_number():
    numbered = {int(number) for name in defined() for number in re.findall(r"(?<=_)\d\d(?=_)", name)}
    assert sorted(set(CASES) - numbered) == []


def test_every_attack_is_replayed():
    there = defined()
    assert [name for names in ATTACKS.values() for name in names if name not in there] == []
