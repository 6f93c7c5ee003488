"""Every store that is reached through a program, with a program that behaves badly in its place."""

import pytest
from faults.test_stores import HALF, HEALTHY, Place
from support.store import secretrun

# reference: the program, and what its environment must have for it to be asked at all
STORES = {
    "age://file.age": ("age", {"AGE_IDENTITY_FILE": "{work}/key"}),
    "bw://Item/password": ("bw", {"BW_SESSION": "session"}),
    "bws://backend/KEY": ("bws", {"BWS_ACCESS_TOKEN": "token"}),
    "doppler://shop/dev/KEY": ("doppler", {"DOPPLER_TOKEN": "token"}),
    "exec://tool/get": ("tool", {}),
    "gopass://web/site": ("gopass", {}),
    "gpg://file.gpg": ("gpg", {}),
    "k8s://shop/database#/password": ("kubectl", {}),
    "keepassxc://file.kdbx/Entry": ("keepassxc-cli", {"KEEPASSXC_PASSWORD": "password"}),
    "op://dev/app/password": ("op", {}),
    "pass://web/site": ("pass", {"PASSWORD_STORE_DIR": "{work}/store"}),
    "sops://file.enc.yaml#/key": ("sops", {"SECRETRUN_SOPS": "{bin}/sops"}),
    "summon://provider/id": ("provider", {"SUMMON_PROVIDER_PATH": "{bin}"}),
    "systemd-creds://./file.cred": ("systemd-creds", {}),
}
# What the program does, having read its input. Where a store gives whatever is printed as the value, what
# is printed is its value: those ways are left out for it.
FAULTS = {
    "hangs": "time.sleep(300)",
    "hangs in the middle": f"out({HALF!r}); time.sleep(300)",
    "dies in the middle": f"out({HALF!r}); os.kill(os.getpid(), 9)",
    "answers too late": f"time.sleep(3); out({HALF!r})",
    "fails and quotes the value": f"out({HALF!r}); sys.exit('failed: {HALF}')",
    "fails in bytes": "sys.stderr.buffer.write(bytes(range(256)) * 9); sys.exit(1)",
    "fails at length": "sys.stderr.write('x' * 1000000); sys.exit(1)",
    "says nothing and fails": "sys.exit(1)",
    "writes without an end": "\nwhile True: out('x' * 65536)",
    "writes an unknown thing": f"out('<html>{HALF}</html>')",
    "writes no UTF-8": 'sys.stdout.buffer.write(b\'\\xff\\xfe{"key": "\' + bytes(range(128, 256)))',
    "writes a deep nest": "out('[' * 100000)",
    "writes an empty list": "out('[]')",
    "writes null": "out('null')",
    "writes nothing": "",
}
PLAIN = (
    "age",
    "gpg",
    "gopass",
    "pass",
    "op",
    "exec",
    "summon",
    "systemd-creds",
)  # what they print is the value
PRINTS = ("writes an", "writes n", "writes a ")
PAIRS = [
    (store, fault)
    for store in STORES
    for fault in FAULTS
    if not (store.startswith(PLAIN) and fault.startswith(PRINTS))
    and (store, fault) != ("bw://Item/password", "writes nothing")
]  # fmt: skip


@pytest.mark.parametrize(("store", "fault"), PAIRS)
def test_a_program_that_misbehaves_is_an_error_and_shows_nothing(tmp_path, store, fault):
    place = Place(tmp_path)
    program, environ = STORES[store]
    place.program(
        program,
        f"import os, sys, time\ndef out(text): sys.stdout.write(text); sys.stdout.flush()\n{FAULTS[fault]}\n",
    )
    place.environ |= {name: value.format(work=place.work, bin=place.bin) for name, value in environ.items()}
    (place.work / "store" / "web").mkdir(parents=True)
    for name in (
        "key",
        "file.age",
        "file.gpg",
        "file.kdbx",
        "file.enc.yaml",
        "file.cred",
        "store/web/site.gpg",
    ):
        (place.work / name).write_text("sops: {}\n")
    before = place.files()
    done = secretrun(
        "--timeout", "1", "--set", "GOOD=file://../healthy", "--set", f"BAD={store}", "--", "touch", "started",
        env=place.environ, cwd=place.work,
    )  # fmt: skip
    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (125, b""), said
    assert "BAD: " in said
    assert all(line.startswith(("secretrun: error: ", "secretrun: hint: ")) for line in said.splitlines())
    assert max(map(len, said.splitlines())) < 2000
    for wrong in ("internal error", "backend failed with", HALF, HEALTHY):
        assert wrong not in said
    assert place.files() == before
    place.is_quiet()
