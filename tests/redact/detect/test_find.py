"""Tokens by their shape: each kind found, exactly, however the text is cut; what only looks like one is left alone."""

import base64
import glob
import hashlib
import json
import os
import pathlib
import random
import string
import subprocess
import sys
import zlib

import pyrage
import pytest
from support.store import clean_environ, secretrun

from secretrun.redact import Redactor
from secretrun.redact.detect import checks, rules
from secretrun.redact.detect.find import Finder, exempt_by
from secretrun.redact.detecting import Detecting

DICE = random.Random(7)
WORD = string.ascii_letters + string.digits
NAME = WORD + "-_"
HEX = "0123456789abcdef"


def drawn(size, alphabet=WORD):
    return "".join(DICE.choice(alphabet) for _ in range(size))


def with_crc(head):
    body, digits = drawn(30), string.digits + string.ascii_uppercase + string.ascii_lowercase
    number, said = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        said = digits[digit] + said
    return head + body + said


def jwt(header, claims):
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)
    ]
    return ".".join([*parts, drawn(43, NAME)])


def key(*command):
    return subprocess.run(["openssl", *command], capture_output=True, check=True, text=True).stdout.strip()


SAMPLES = {
    "github-token": [with_crc(head) for head in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")],
    "github-fine-grained-token": ["github_pat_" + drawn(22) + "_" + drawn(59)],
    "npm-token": [with_crc("npm_")],
    "pypi-token": ["pypi-AgEIcHlwaS5vcmc" + drawn(150, NAME)],
    "gitlab-token": ["glpat-" + drawn(20, NAME), "glrt-" + drawn(27, NAME) + ".01." + drawn(9, string.digits + "abcxyz")],
    "slack-token": ["xoxb-" + drawn(12, string.digits) + "-" + drawn(12, string.digits) + "-" + drawn(24)],
    "slack-app-token": ["xapp-1-A" + drawn(9, string.ascii_uppercase) + "-" + drawn(13, string.digits) + "-" + drawn(64, HEX)],
    "slack-webhook": ["https://hooks.slack.com/services/T" + drawn(8, "ABCDE1234") + "/B" + drawn(8, "ABCDE1234") + "/" + drawn(24)],
    "stripe-key": ["sk_live_" + drawn(24), "rk_live_" + drawn(99)],
    "stripe-webhook-secret": ["whsec_" + drawn(32)],
    "aws-access-key-id": ["AKIA" + drawn(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(3)],
    "google-api-key": ["AIza" + drawn(35, NAME)],
    "google-oauth-secret": ["GOCSPX-" + drawn(28, NAME)],
    "google-oauth-token": ["ya29." + drawn(120, NAME)],
    "openai-key": ["sk-" + drawn(20) + "T3BlbkFJ" + drawn(20), "sk-proj-" + drawn(74, NAME) + "T3BlbkFJ" + drawn(74, NAME)],
    "anthropic-key": ["sk-ant-api03-" + drawn(93, NAME) + "AA"],
    "openrouter-key": ["sk-or-v1-" + drawn(64, HEX)],
    "hugging-face-token": ["hf_" + drawn(34, string.ascii_letters)],
    "sendgrid-key": ["SG." + drawn(22, NAME) + "." + drawn(43, NAME)],
    "digitalocean-token": ["dop_v1_" + drawn(64, HEX)],
    "doppler-token": ["dp.pt." + drawn(43), "dp.st.dev." + drawn(43)],
    "vault-token": ["hvs." + drawn(95, NAME)],
    "1password-service-account": ["ops_eyJ" + drawn(600)],
    "age-key": [str(pyrage.x25519.Identity.generate())],
    "shopify-token": ["shpat_" + drawn(32, HEX)],
    "databricks-token": ["dapi" + drawn(32, HEX)],
    "linear-key": ["lin_api_" + drawn(40)],
    "notion-token": ["ntn_" + drawn(11, string.digits) + drawn(35)],
    "atlassian-token": ["ATATT3xFfGF0" + drawn(180, NAME)],
    "docker-token": ["dckr_pat_" + drawn(27, NAME)],
    "rubygems-key": ["rubygems_" + drawn(48, HEX)],
    "pulumi-token": ["pul-" + drawn(40, HEX)],
    "postman-key": ["PMAK-" + drawn(24, HEX) + "-" + drawn(34, HEX)],
    "new-relic-key": ["NRAK-" + drawn(27, string.ascii_uppercase + string.digits)],
    "sentry-token": ["sntryu_" + drawn(64, HEX)],
    "tailscale-key": ["tskey-auth-" + drawn(17) + "-" + drawn(32)],
    "supabase-token": ["sbp_" + drawn(40, HEX)],
    "planetscale-token": ["pscale_tkn_" + drawn(43, NAME)],
    "grafana-token": ["glsa_" + drawn(32) + "_" + drawn(8, HEX)],
    "jwt": [jwt({"alg": "RS256", "typ": "JWT"}, {"sub": drawn(9), "exp": 2000000000})],
    "private-key": [key("genpkey", "-algorithm", "ed25519").replace("\n", "\\n"), key("genrsa", "1024")],
}  # fmt: skip
SAMPLES["private-key"][0] = key("genrsa", "1024").replace("\n", "\\n")


def masked(data, **options):
    return Detecting(Redactor({}), Finder(), **options).mask(data)


def test_every_rule_has_a_source_and_a_sample():
    assert {rule.name for rule in rules.RULES} == set(SAMPLES)
    assert all(rule.source and rule.heads for rule in rules.RULES)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_kind_is_found_wherever_a_word_may_begin(name):
    for token in SAMPLES[name]:
        for before, after in (("", ""), ("token=", "\n"), ('{"a": "', '"}'), ("\x1b[31m", "\x1b[0m"), ("x\\n", "\n"),
                              ("(", ")"), ("see ", ". Then"), ("a%20", "&b=1")):  # fmt: skip
            text = f"{before}{token}{after}"
            assert masked(text.encode()).decode() == f"{before}[REDACTED:{name}?]{after}", text


@pytest.mark.parametrize("name", SAMPLES)
def test_a_changed_token_of_a_kind_with_a_checksum_is_none(name):
    rule = next(rule for rule in rules.RULES if rule.name == name)
    if rule.check in ("base62_crc", "bech32"):
        for token in SAMPLES[name]:
            other = token[:-1] + ("Q" if token[-1] != "Q" else "P")
            assert masked(other.encode()) == other.encode()


def test_however_the_text_is_cut_the_answer_is_the_same():
    pieces = [token for tokens in SAMPLES.values() for token in tokens] + [
        "gh",
        "sk-",
        "-----",
        "-----BEGIN ",
        "ghp_",
        "eyJ.",
        "A",
    ]
    for seed in range(30):
        dice = random.Random(seed)
        text = "".join(dice.choice(pieces)[: dice.randrange(1, 400)] + dice.choice(["", " ", "\n", "x", '"', "."])
                       for _ in range(12)).encode()  # fmt: skip
        whole = masked(text)
        for step in (1, 2, 7, None):
            stream, out, at = Detecting(Redactor({}), Finder()), b"", 0
            while at < len(text):
                size = step or dice.randrange(1, 90)
                out += stream.feed(text[at : at + size])
                at += size
            assert out + stream.flush() == whole


def test_nothing_waits_that_need_not():
    stream = Detecting(Redactor({}), Finder())
    for text in (b"hello world\n", b"password: ", b"a line with ghp in it ", b"$ "):
        assert stream.feed(text) == text
    assert stream.feed(b"see ghp_abc") == b"see "
    assert stream.release() == b""
    assert stream.feed(b" no") == b"ghp_abc no"
    assert stream.feed(b"x gh") == b"x "
    assert stream.release() == b"gh"


def test_a_known_secret_has_its_own_name_and_counts_apart():
    known, other = SAMPLES["github-token"][:2]
    masker = Detecting(Redactor({"TOKEN": known}), Finder())
    assert masker.mask(f"{known} {other}".encode()) == b"[REDACTED:TOKEN] [REDACTED:github-token?]"
    report = masker.report()
    assert (report.masks, report.detected) == ({"TOKEN": {"raw": 1}}, {"github-token": 1})


@pytest.mark.parametrize(
    "text",
    [
        *sorted(rules.EXAMPLES),
        b"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        b"ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8",
        b"glpat-xxxxxxxxxxxxxxxxxxxx",
        b"sk-ant-api03-your-key-here",
        b"sk_live_00000000000000000000000000",
        b"AKIAABCDEFGHIJKLMNOP",
        b"-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        b"-----BEGIN CERTIFICATE-----\n" + b"MIIB" * 40 + b"\n-----END CERTIFICATE-----",
        b"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
        b"task-ant-api03-x", b"the sk-learn package", b"hf_transfer", b"npm_config_registry", b"dapifoo",
    ],
)  # fmt: skip
def test_published_examples_and_placeholders_are_none(text):
    assert masked(text) == text


def test_the_users_own_exemptions():
    token = SAMPLES["gitlab-token"][0].encode()
    exempt = exempt_by(["sha256:" + hashlib.sha256(token).hexdigest().upper()])
    assert not Finder(exempt).all(token)
    assert Finder(exempt_by(["00"])).all(token)


@pytest.mark.slow
def test_the_standard_library_holds_none():
    finder = Finder()
    for path in glob.glob(os.path.join(os.path.dirname(os.__file__), "*.py")):
        with open(path, "rb") as file:
            assert not finder.all(file.read()), path


def run(place, *options, text, **environ):
    (place / "said").write_text(text + "\n")
    return secretrun(*options, "--", "cat", "said", env=clean_environ(place) | environ, cwd=place)


def test_the_option_masks_warns_or_says_nothing(tmp_path):
    token = SAMPLES["github-token"][0]
    hidden, shown = b"[REDACTED:github-token?]\n", token.encode() + b"\n"
    assert run(tmp_path, text=token).stdout == shown
    assert run(tmp_path, "--detect", "mask", text=token).stdout == hidden
    warned = run(tmp_path, "--detect", "warn", text=token)
    assert warned.stdout == shown
    assert b"what looks like a secret was printed: github-token (1)" in warned.stderr
    assert run(tmp_path, text=token, CLAUDECODE="1").stdout == hidden
    refused = run(tmp_path, "--detect", "off", text=token, CLAUDECODE="1")
    assert (refused.returncode, refused.stdout) == (125, b"")


def test_the_report_counts_them_apart(tmp_path):
    run(tmp_path, "--detect", "mask", "--report", str(tmp_path / "r.json"), text=SAMPLES["npm-token"][0])
    said = json.loads((tmp_path / "r.json").read_text())
    assert (said["masked"], said["detected"]) == ({}, {"npm-token": 1})


def test_rules_are_not_loaded_by_a_run_that_does_not_look():
    program = "import sys; import secretrun.launch.masking; print([m for m in sys.modules if 'detect' in m])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_checks_by_published_values():
    assert checks.base62_crc(
        b"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", b"ghp_"
    )  # from GitHub's announcement


def test_what_is_found_in_the_tests_of_others_is_listed_each_once():
    """Made and compared by scripts/detect_fixtures.py; here only that it is a list of what the rules know."""
    listed = (pathlib.Path(__file__).parent / "fixtures.txt").read_text(encoding="utf-8").splitlines()
    rows = [tuple(line.split()) for line in listed if not line.startswith("#")]
    assert len({name.partition("=")[0].partition("@")[0] for name, *_ in rows}) == 5
    assert len(rows) == len(set(rows))
    assert {kind for _, _, kind, _ in rows} <= {rule.name for rule in rules.RULES}
