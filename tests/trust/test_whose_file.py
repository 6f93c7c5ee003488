"""A file that was found counts only if it is ours, and nobody else can change it: as two users."""

import os
import struct

import pytest

REFUSED = 125


@pytest.fixture
def shared(ground):
    """A directory of root's that everybody may write to, as /tmp is."""
    path = ground / "shared"
    path.mkdir()
    path.chmod(0o1777)
    return path


def planted(eve, place):
    """eve's repository around the victim's directory, whose `ls` is hers."""
    eve.write(place / ".git" / "HEAD", "ref: refs/heads/main\n")
    eve.write(place / "bin" / "ls", "#!/bin/sh\necho eve was here\n", mode=0o755)
    eve.write(place / ".env.secretrun", f"PATH={place}/bin:$PATH\n")


def test_anothers_repository_around_us_decides_nothing(victim, eve, ground):
    open_place = ground / "open"
    open_place.mkdir()
    open_place.chmod(0o777)
    planted(eve, open_place)
    mine = victim.write(open_place / "mine" / "file", "").parent
    status, out, err = victim.secretrun("--", "ls", cwd=mine)
    assert status == REFUSED
    assert "eve was here" not in out
    assert f"uid {eve.uid}" in err
    assert str(open_place / ".env.secretrun") in err


def test_anothers_git_ends_the_search_with_a_note(victim, eve, shared):
    eve.write(shared / ".git" / "HEAD", "")
    mine = victim.write(shared / "mine" / "sub" / "file", "").parent
    victim.write(shared / "mine" / ".env.secretrun", "A=above\n")
    status, out, err = victim.secretrun("--", "sh", "-c", "echo A=$A", cwd=mine)
    assert (status, out) == (0, "A=\n")
    assert f"{shared}/.git belongs to uid {eve.uid}" in err
    assert victim.secretrun("-q", "--", "true", cwd=mine)[2] == ""


@pytest.mark.parametrize("name", [".env", ".env.secretrun", "secretrun.toml"])
def test_anothers_file_in_the_current_directory_is_an_error_that_names_the_owner(victim, eve, shared, name):
    eve.write(shared / name, "[env]\nA = 'x'\n" if name.endswith("toml") else "A=x\n")
    status, out, err = victim.secretrun("--", "env", cwd=shared)
    assert (status, out) == (REFUSED, "")
    assert f"{name} belongs to uid {eve.uid}" in err
    assert f"-e {shared / name}" in err


def test_who_names_it_gets_it(victim, eve, shared):
    file = eve.write(shared / "her.env", "A=x\n")
    assert victim.secretrun("-e", file, "--", "sh", "-c", "echo $A", cwd=shared)[:2] == (0, "x\n")


def test_a_template_of_ours_that_a_project_of_anothers_names_is_anothers(victim, eve, shared):
    """The project's own `env_file` is no person who names it."""
    her = eve.write(shared / "her.env", "A=x\n")
    place = victim.write(shared / "mine" / "secretrun.toml", f"[run]\nenv_file = ['{her}']\n").parent
    status, _, err = victim.secretrun("--", "env", cwd=place)
    assert status == REFUSED
    assert f"belongs to uid {eve.uid}" in err


@pytest.mark.parametrize("mode", [0o646, 0o666])
def test_a_file_everybody_can_write_to(victim, ground, mode):
    place = victim.write(ground / "p" / ".env.secretrun", "A=x\n", mode=mode).parent
    status, _, err = victim.secretrun("--", "true", cwd=place)
    assert status == REFUSED
    assert "can be written to by everybody" in err
    assert "chmod go-w" in err


def test_a_directory_on_the_way_that_everybody_can_write_to(victim, ground):
    place = victim.write(ground / "p" / "q" / ".env.secretrun", "A=x\n").parent
    place.parent.chmod(0o777)
    status, _, err = victim.secretrun("--", "true", cwd=place)
    assert status == REFUSED
    assert f"the directory {place.parent} can be written to by everybody" in err


def test_a_directory_on_the_way_that_is_anothers(victim, eve, ground):
    """What is ours in it can be moved by her, and another file of ours put in its place."""
    her = eve.write(ground / "hers" / "file", "").parent
    (her / "mine").mkdir()
    os.chown(her / "mine", victim.uid, victim.uid)
    victim.write(her / "mine" / ".env.secretrun", "A=x\n")
    status, _, err = victim.secretrun("--", "true", cwd=her / "mine")
    assert status == REFUSED
    assert f"the directory {her} belongs to uid {eve.uid}" in err


def test_a_sticky_directory_is_fine(victim, shared):
    place = victim.write(shared / "p" / ".env.secretrun", "A=x\n").parent
    assert victim.secretrun("--", "sh", "-c", "echo $A", cwd=place)[:2] == (0, "x\n")


def test_a_link_is_where_it_lies_and_what_it_leads_to(victim, eve, ground):
    her = eve.write(ground / "hers" / "t.env", "A=x\n")
    place = victim.write(ground / "p" / "file", "").parent
    link = place / ".env.secretrun"
    link.symlink_to(her)
    os.lchown(link, victim.uid, victim.uid)
    assert f"belongs to uid {eve.uid}" in victim.secretrun("--", "true", cwd=place)[2]
    mine = victim.write(ground / "q" / "open" / "t.env", "A=x\n")
    link.unlink()
    link.symlink_to(mine)
    assert victim.secretrun("--", "true", cwd=place)[0] == 0
    mine.parent.chmod(0o777)
    assert "can be written to by everybody" in victim.secretrun("--", "true", cwd=place)[2]


def access_list(*entries):
    """A POSIX access list as the kernel keeps it: (tag, right, id)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def test_an_access_list_that_lets_another_write(victim, eve, ground):
    place = victim.write(ground / "p" / ".env.secretrun", "A=x\n").parent
    nobody = 0xFFFFFFFF
    os.setxattr(
        place / ".env.secretrun", "system.posix_acl_access",
        access_list((1, 6, nobody), (2, 6, eve.uid), (4, 4, nobody), (16, 6, nobody), (32, 4, nobody)),
    )  # fmt: skip
    status, _, err = victim.secretrun("--", "true", cwd=place)
    assert status == REFUSED
    assert f"can be written to by uid {eve.uid}" in err


def test_the_group_of_others_may_not_write(victim, ground):
    """`users` (100) of Debian, or any group that is not the owner's own."""
    file = victim.write(ground / "p" / ".env.secretrun", "A=x\n", mode=0o664)
    os.chown(file, victim.uid, 4242)
    status, _, err = victim.secretrun("--", "true", cwd=file.parent)
    assert status == REFUSED
    assert "can be written to by the group 4242" in err


def test_the_members_of_a_group_are_named(victim, ground, tmp_path):
    """A group with a member besides us, as /etc/group says it: seen in a mount namespace of its own."""
    file = victim.write(ground / "p" / ".env.secretrun", "A=x\n", mode=0o664)
    os.chown(file, victim.uid, 4242)
    for name, content in (
        ("group", "root:x:0:\nteam:x:4242:mallory\n"),
        ("passwd", f"root:x:0:0::/root:/bin/sh\nvictim:x:{victim.uid}:{victim.uid}::/:/bin/sh\n"),
    ):
        (ground / name).write_text(content)
    done = victim.run(
        *victim.words("--", "true"), cwd=file.parent,
        mounts=[(ground / "group", "/etc/group"), (ground / "passwd", "/etc/passwd")],
    )  # fmt: skip
    assert done[0] == REFUSED
    assert "can be written to by mallory, by the group team" in done[2]
    (ground / "group").write_text("root:x:0:\nteam:x:4242:victim\n")
    done = victim.run(
        *victim.words("--", "true"), cwd=file.parent,
        mounts=[(ground / "group", "/etc/group"), (ground / "passwd", "/etc/passwd")],
    )  # fmt: skip
    assert done == (0, "", "")


# --- ordinary machines


def test_umask_002_with_a_private_group_is_fine(victim, ground):
    place = victim.write(ground / "p" / "file", "").parent
    place.chmod(0o775)
    victim.run("sh", "-c", "echo A=x > .env.secretrun", cwd=place, umask=0o002, check=True)
    assert (place / ".env.secretrun").stat().st_mode & 0o777 == 0o664
    assert victim.secretrun("--", "sh", "-c", "echo $A", cwd=place) == (0, "x\n", "")


def test_sudo_in_ones_own_project_is_fine(victim, eve, ground, secretrun):
    place = victim.write(ground / "p" / ".env.secretrun", "A=x\n").parent
    environ = {"SUDO_UID": str(victim.uid), "SUDO_USER": "victim"}
    assert secretrun("--", "sh", "-c", "echo $A", cwd=place, env=environ) == (0, "x\n", "")
    done = secretrun("--", "true", cwd=place, env={"SUDO_UID": str(eve.uid)})
    assert (done.status, f"belongs to uid {victim.uid}" in done.err) == (REFUSED, True)
    assert secretrun("--", "true", cwd=place).status == REFUSED


def test_sudo_uid_means_nothing_to_who_is_not_root(victim, eve, shared):
    eve.write(shared / ".env", "A=x\n")
    done = victim.secretrun("--", "true", cwd=shared, env={"SUDO_UID": str(eve.uid)})
    assert done[0] == REFUSED


def test_root_of_a_container_whose_workspace_is_anothers(victim, ground, secretrun):
    """Its owner has no account in there and its processes are numbered apart: nobody in there is that user."""
    place = victim.write(ground / "work" / ".env.secretrun", "A=x\n").parent
    container = ["unshare", "--pid", "--fork", "--mount-proc"]
    assert victim.as_root(*container, *victim.words("--", "sh", "-c", "echo $A"), cwd=place) == (0, "x\n", "")


def test_an_unmapped_owner_has_a_hint_of_its_own(victim, ground):
    """A user namespace that maps root alone: everybody else's files belong to 65534."""
    place = victim.write(ground / "work" / ".env.secretrun", "A=x\n").parent
    done = victim.as_root("unshare", "--user", "--map-root-user", *victim.words("--", "true"), cwd=place)
    assert done[0] == REFUSED
    assert "its owner is unknown in this container or user namespace" in done[2]
    assert "[trust]" in done[2]


def test_directories_in_the_users_own_configuration_are_exceptions(victim, eve, shared):
    eve.write(shared / "hers" / ".env.secretrun", "A=x\n")
    eve.write(shared / "other" / ".env.secretrun", "A=x\n")
    victim.write(victim.home / ".config/secretrun/config.toml", f"[trust]\ndirectories = ['{shared}/hers']\n")
    assert victim.secretrun("--", "sh", "-c", "echo $A", cwd=shared / "hers") == (0, "x\n", "")
    assert victim.secretrun("--", "true", cwd=shared / "other")[0] == REFUSED


def test_a_project_makes_no_exceptions(victim, ground):
    place = victim.write(ground / "p" / "secretrun.toml", "[trust]\ndirectories = ['/']\n").parent
    status, _, err = victim.secretrun("--", "true", cwd=place)
    assert status == REFUSED
    assert "[trust] can't be set by a project" in err


def test_the_rules_of_sops_are_not_anothers(victim, eve, ground):
    """init would encrypt a new store for her key as well."""
    top = ground / "top"
    top.mkdir()
    top.chmod(0o1777)
    victim.write(top / ".git" / "HEAD", "")
    eve.write(top / ".sops.yaml", "creation_rules:\n  - age: age1eve\n")
    place = victim.write(top / "p" / "file", "").parent
    status, _, err = victim.secretrun("init", cwd=place)
    assert status == REFUSED
    assert f"belongs to uid {eve.uid}" in err
    assert sorted(os.listdir(place)) == ["file"]


def test_the_rules_of_sops_above_the_repository_do_not_count(victim, eve, ground):
    """sops itself looks all the way up."""
    top = ground / "top"
    top.mkdir()
    top.chmod(0o1777)
    eve.write(top / ".sops.yaml", "creation_rules:\n  - age: age1eve\n")
    place = victim.write(top / "p" / "file", "").parent
    assert victim.secretrun("init", "-q", cwd=place) == (0, "", "")
    assert "age1eve" not in (place / "secrets.enc.env").read_text()


def test_trust_all_looks_at_nothing(victim, eve, shared):
    eve.write(shared / ".env", "A=x\n")
    done = victim.secretrun("--", "sh", "-c", "echo $A", cwd=shared, env={"SECRETRUN_TRUST": "all"})
    assert done[:2] == (0, "x\n")
    assert victim.secretrun("--", "true", cwd=shared, env={"SECRETRUN_TRUST": "owner"})[0] == REFUSED
