"""What `secretrun list` promises: the names of the store, for whoever has the file."""

import json


def test_it_prints_the_names_in_order_and_needs_no_key(secretrun, started, key_file):
    for name in ("B", "A", "C_1"):
        assert secretrun("set", name, cwd=started, stdin=b"hidden-value").status == 0
    key_file.unlink()
    assert secretrun("list", cwd=started) == (0, "B\nA\nC_1\n", "")


def test_json_says_which_ones_the_template_refers_to(secretrun, started):
    for name in ("A", "B", "LONG"):
        secretrun("set", name, cwd=started, stdin=b"hidden-value")
    (started / ".env.secretrun").write_text('X="{{ sops://secrets.enc.env#/A }}!"\nY=sops://other.env#/B\n')
    done = secretrun("list", "--json", cwd=started)
    said = json.loads(done.out)
    assert said["store"] == str(started / "secrets.enc.env")
    assert said["names"] == [
        {"name": "A", "in_template": True},
        {"name": "B", "in_template": False},
        {"name": "LONG", "in_template": False},
    ]


def test_an_empty_store_and_comments_give_no_names(secretrun, started):
    assert secretrun("list", cwd=started) == (0, "", "")
    store = started / "secrets.enc.env"
    store.write_text("#ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:comment]\n" + store.read_text())
    assert secretrun("list", cwd=started) == (0, "", "")


def test_what_is_no_store_of_ours_is_an_error(secretrun, started):
    (started / "plain.env").write_text("A=hidden-value\n")
    done = secretrun("list", "--store", "plain.env", cwd=started)
    assert (done.status, done.out) == (2, "")
    assert "is not a dotenv file encrypted by sops" in done.err
    done = secretrun("list", "--store", "missing.env", cwd=started)
    assert (done.status, done.out) == (125, "")
    assert "no store missing.env" in done.err
