"""What other tools' files become: every variable, and every line that can't be carried over."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretrun.config.fill import fill
from secretrun.config.load import load
from secretrun.errors import SecretrunError
from secretrun.migrate import detect, to_toml
from secretrun.migrate.migration import Text
from secretrun.template.plan import Plan


def read(name, text, **environ):
    found = detect.read(Text(text, name, environ))
    assert found is not None
    return found


def test_vals():
    found = read(
        "env.yaml",
        "A: ref+sops://secrets.yaml#/a\nB: x-ref+awssecrets://prod/db#/p+-y\nC: plain $5\nD: 3\nE: true\n"
        "F:\n  nested: 1\nG: ref+nowhere://x\nH:\n",
    )
    assert found.secrets == {
        "A": {"ref": "ref+sops://secrets.yaml#/a"},
        "B": {"ref": "x-ref+awssecrets://prod/db#/p+-y"},
        "C": {"value": "plain \\$5"},
        "D": {"value": "3"},
        "E": {"value": "true"},
        "H": {"value": ""},
    }
    assert [(line, what) for line, what, _ in found.left] == [(6, "F"), (8, "G")]


def test_summon():
    text = (
        "common:\n  KEY: !var path/to/key\n  CERT: !var:file certs/$env\n  REGION: eu\n"
        "prod:\n  KEY: !var:default='none' prod/key\n  EMPTY: !str:default='x' \n  ODD: !other x\n"
    )
    found = read("secrets.yml", text, SUMMON_PROVIDER="/usr/local/lib/summon/conjur")
    assert found.secrets == {
        "KEY": {"ref": "summon://conjur/path/to/key"},
        "CERT": {"ref": "summon://conjur/certs/${env}", "as": "file"},
        "REGION": {"value": "eu"},
    }
    assert found.profiles == {
        "prod": {"KEY": {"ref": "summon://conjur/prod/key", "default": "none"}, "EMPTY": {"value": "x"}}
    }
    assert [(line, what) for line, what, _ in found.left] == [(8, "ODD")]
    unknown = read("secrets.yml", text)
    assert (2, "KEY", "the provider is not known: set SUMMON_PROVIDER and import again") in unknown.left


def test_fnox():
    found = read(
        "fnox.toml",
        """if_missing = "warn"
[providers]
op = { type = "1password", vault = "Dev" }
aws = { type = "aws-sm", region = "us-east-1", prefix = "my/" }
age = { type = "age", recipients = ["age1x"] }
[secrets]
DB = { provider = "op", value = "Item/field", if_missing = "error" }
TOKEN = { provider = "op", value = "Item", default = "d" }
JSON = { provider = "aws", value = "db", json_path = "a.b", as_file = true }
INLINE = { provider = "age", value = "YWdl..." }
ONLY = { default = "x$y" }
[profiles.prod.secrets]
DB = { provider = "aws", value = "prod-db", sync = {} }
[leases.x]
type = "aws-sts"
""",
    )
    assert found.secrets == {
        "DB": {"ref": "op://Dev/Item/field"},
        "TOKEN": {"ref": "op://Dev/Item/password", "default": "d"},
        "JSON": {"ref": "aws-sm://my/db?region=us-east-1#/a/b", "required": False, "as": "file"},
        "ONLY": {"value": "x\\$y"},
    }
    assert found.profiles == {
        "prod": {"DB": {"ref": "aws-sm://my/prod-db?region=us-east-1", "required": False}}
    }
    assert sorted(what for _, what, _ in found.left) == ["DB.sync", "INLINE", "leases", "providers.age"]
    assert {what: line for line, what, _ in found.left}["INLINE"] == 10


def test_secretspec():
    found = read(
        "secretspec.toml",
        """[project]
name = "app"
[providers]
prod = "onepassword://Production"
[profiles.default]
URL = { description = "the db", required = true, providers = ["prod"], ref = { item = "db", field = "url" } }
LOCAL = { providers = ["env", "prod"], required = false }
FILE = { providers = ["dotenv:.env.local"], as_path = true }
A = { required = { at_least_one = "g" }, providers = ["env"] }
DSN = { composed = "postgres://${USER_NAME}:$$x" }
LOST = { providers = ["keyring://"] }
GEN = { providers = ["env"], generate = true }
[profiles.prod]
URL = { providers = ["env"], default = "x" }
""",
    )
    assert found.secrets == {
        "URL": {"ref": "op://Production/db/url", "description": "the db"},
        "LOCAL": {"ref": "env://LOCAL", "required": False},
        "FILE": {"ref": "file://.env.local?format=dotenv#/FILE", "as": "file"},
        "A": {"ref": "env://A", "required": {"at_least_one": "g"}},
        "DSN": {"value": "postgres://${USER_NAME}:\\$x"},
        "GEN": {"ref": "env://GEN"},
    }
    # what the override does not say is what the default profile says
    assert found.profiles == {"prod": {"URL": {"ref": "env://URL", "default": "x", "description": "the db"}}}
    assert [what for _, what, _ in found.left] == ["LOCAL.providers", "LOST", "GEN.generate"]


def test_teller():
    found = read(
        ".teller.yml",
        """providers:
  aws:
    kind: aws_secretsmanager
    maps:
      - id: one
        path: prod/db
        keys:
          PASSWORD: DB_PASSWORD
          USER: ==
      - id: two
        path: prod/all
  local:
    kind: dotenv
    maps:
      - id: x
        path: "{{ get_env(name='HOME') }}/.env"
  consul:
    kind: hashicorp_consul
""",
    )
    assert found.secrets == {
        "DB_PASSWORD": {"ref": "aws-sm://prod/db#/PASSWORD"},
        "USER": {"ref": "aws-sm://prod/db#/USER"},
    }
    assert found.imports == ["aws-sm://prod/all"]
    assert [(line, why.split(":")[0]) for line, _, why in found.left] == [
        (16, "a path with a variable can't be imported whole"),
        (17, "the kind 'hashicorp_consul' can't be carried over"),
    ]


def test_doppler_and_chamber():
    found = read(
        "doppler.yaml",
        "setup:\n  - project: app\n    config: dev\n  - project: b\n    config: c\n    path: b/\n",
    )
    assert found.imports == ["doppler://app/dev"]
    assert [what for _, what, _ in found.left] == ["b/"]
    assert detect.by_name("doppler:app/dev").imports == ["doppler://app/dev"]
    chamber = detect.by_name("chamber:web,worker")
    options = "recursive=true&names=upper"  # chamber's own names are upper case
    assert chamber.imports == [f"aws-ssm:///web?{options}", f"aws-ssm:///worker?{options}"]
    assert chamber.left == []
    assert detect.by_name("prod.env") is None


def test_varlock():
    found = read(
        ".env.schema",
        """# @defaultRequired=false @currentEnv=$APP_ENV
# ---

# @required @type=url @sensitive=false
SITE=https://example.com  # the site
# @sensitive
API_KEY=
DB=op("op://dev/db/password")
SAME=ref("DB")
RUN=exec(`pass show x`)
# @optional @type=port(min=1)
PORT='80$80'
""",
    )
    assert found.secrets == {
        "SITE": {"value": "https://example.com", "type": "url", "mask": "never"},
        "API_KEY": {"ref": "env://API_KEY", "required": False},
        "DB": {"ref": "op://dev/db/password", "required": False},
        "SAME": {"value": "${DB}", "required": False},
        "PORT": {"value": "80\\$80", "type": "port", "required": False},
    }
    assert [(line, what) for line, what, _ in found.left] == [(1, "@currentEnv"), (10, "RUN")]


def test_an_env_file_is_no_foreign_format():
    assert detect.read(Text("A=1\n# a comment\nB=op://x/y/z\n", "prod.env", {})) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fnox.toml", "[secrets\n"),
        ("env.yaml", "a: [1,\n"),
        ("env.yaml", "- 1\n"),
        ("secretspec.toml", "x = \n"),
        (".teller.yml", "providers: [\n"),
    ],
)
def test_a_broken_file_is_an_error_with_its_place(name, text):
    with pytest.raises(SecretrunError, match=name):
        read(name, text)


@given(st.text(max_size=40), st.booleans(), st.integers(), st.lists(st.text(max_size=5), max_size=3))
def test_any_value_survives_the_toml_we_write(text, flag, number, items):
    clean = text.encode("utf-8", "replace").decode()
    values = {"a": clean, "b": flag, "c": number, "d": [i.encode("utf-8", "replace").decode() for i in items]}
    line = f"x = {to_toml._value(values)}"
    assert tomllib.loads(line)["x"] == values


def test_what_is_written_is_what_we_read(tmp_path):
    """The TOML that an import writes loads, and means what the foreign file meant."""
    found = read(
        "fnox.toml",
        '[providers]\nop = { type = "1password", vault = "Dev" }\n[secrets]\n'
        'DB = { provider = "op", value = "It em/field" }\nP = { default = "a{{b}}$c" }\n'
        '[profiles."p 1".secrets]\nDB = { provider = "op", value = "x" }\n',
    )
    (tmp_path / "secretrun.toml").write_text(to_toml.to_toml(found))
    config = load({}, lambda name: None, str(tmp_path))
    plan = Plan({}, lambda scheme: scheme == "op")
    fill(plan, config, str(tmp_path), lambda: b"")
    assert plan.entries["P"].pieces == ["a{{b}}$c"]
    assert plan.entries["DB"].references()[0].path == "Dev/It em/field"
