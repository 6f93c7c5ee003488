"""Files of other tools as their documentation shows them: carried over, or listed by line, never dropped."""

from __future__ import annotations

import textwrap

from secretrun.migrate import detect
from secretrun.migrate.migration import Text


def read(name, text, **environ):
    return detect.read(Text(textwrap.dedent(text), name, environ))


def left(found):
    return [(line, what) for line, what, _ in found.left]


# --- fnox


def test_fnox_options_of_a_provider_that_no_reference_holds_are_listed():
    found = read(
        "fnox.toml",
        """\
        [providers]
        op = { type = "1password", vault = "Dev", account = "my.1password.com" }
        [providers.vault]
        type = "vault"
        address = "https://vault.example.com"
        path = "secret/myapp"
        [providers.k]
        type = "keepass"
        database = "./s.kdbx"
        [secrets]
        A = { provider = "op", value = "Item" }
        B = { provider = "vault", value = "database/url" }
        C = { provider = "vault", value = "token" }
        D = { provider = "k", value = "x" }
        """,
    )
    assert found.secrets == {
        "A": {"ref": "op://Dev/Item/password", "required": False},
        "B": {"ref": "vault://secret/myapp/database#/url", "required": False},
        "C": {"ref": "vault://secret/myapp/token#/value", "required": False},
    }
    assert left(found) == [
        (2, "providers.op.account"), (3, "providers.vault.address"), (7, "providers.k"), (14, "D"),
    ]  # fmt: skip


def test_fnox_profiles_have_rules_and_lines_of_their_own():
    found = read(
        "fnox.toml",
        """\
        [providers]
        dp = { type = "doppler", project = "app", config = "dev" }
        [secrets]
        DB = { provider = "dp", value = "DB_URL" }
        [profiles.prod]
        if_missing = "error"
        leases = {}
        [profiles.prod.providers]
        dp = { type = "doppler", project = "app", config = "prd" }
        [profiles.prod.secrets]
        DB = { provider = "dp", value = "DB_URL", sync = {} }
        """,
    )
    assert found.secrets == {"DB": {"ref": "doppler://app/dev/DB_URL", "required": False}}
    assert found.profiles == {"prod": {"DB": {"ref": "doppler://app/prd/DB_URL"}}}
    assert left(found) == [(5, "profiles.prod.leases"), (11, "DB.sync")]


def test_fnox_variables_in_a_value_stay_variables_and_other_dollars_text():
    found = read(
        "fnox.toml",
        """\
        [secrets]
        URL = { default = "https://api.${HOST}/a$b" }
        HOST = { default = "example.com" }
        NEVER = { default = "x", env = false }
        """,
    )
    assert found.secrets == {
        "URL": {"value": "https://api.${HOST}/a\\$b"},
        "HOST": {"value": "example.com"},
    }
    assert left(found) == [(4, "NEVER")]


def test_a_name_that_would_be_read_as_a_pointer_is_escaped():
    found = read(
        "fnox.toml",
        """\
        [providers]
        pass = { type = "password-store" }
        op = { type = "1password", vault = "Dev" }
        [secrets]
        A = { provider = "pass", value = "web/c#?", if_missing = "error" }
        B = { provider = "op", value = "c#/x" }
        """,
    )
    assert found.secrets == {
        "A": {"ref": "pass://web/c%23%3F"},
        "B": {"ref": "op://Dev/c#/x", "required": False},
    }


# --- secretspec


def test_secretspec_an_override_keeps_what_it_does_not_say():
    """Another profile would otherwise be resolved from another store."""
    found = read(
        "secretspec.toml",
        """\
        [project]
        name = "app"
        revision = "1.0"
        require_reason = "agents"
        [providers]
        prod = { uri = "onepassword://Production", cache = { max_age = "8h" } }
        [profiles.default]
        CERT = { description = "c", providers = ["prod"], ref = { item = "tls", field = "cert" }, as_path = true }
        [profiles.dev]
        CERT = { required = false }
        [profiles.alone.defaults]
        inherit = false
        providers = ["prod"]
        [profiles.alone]
        CERT = { ref = { item = "own", field = "cert" } }
        [scopes.api]
        secrets = ["CERT"]
        """,
    )
    assert found.secrets == {"CERT": {"ref": "op://Production/tls/cert", "as": "file", "description": "c"}}
    assert found.profiles == {
        "dev": {
            "CERT": {"ref": "op://Production/tls/cert", "required": False, "as": "file", "description": "c"}
        },
        "alone": {"CERT": {"ref": "op://Production/own/cert"}},
    }
    assert left(found) == [
        (16, "scopes"), (4, "project.require_reason"), (6, "providers.prod.cache"),
        (11, "alone.defaults.inherit"),
    ]  # fmt: skip


# --- varlock


def test_varlock_decorators_behind_a_value_and_values_of_several_lines():
    found = read(
        ".env.schema",
        '''\
        # @defaultSensitive=inferFromPrefix(PUBLIC_)
        # ---
        PORT=5432              # @public @optional @type=port
        # @type=enum(development, "a.b", test)
        APP_ENV=development # the flag
        # @sensitive
        KEY="""-----BEGIN
        x $HOME
        -----END"""
        PUBLIC_LIST=[a, b]
        LINES="one\\ntwo"
        URL=https://${HOST}:$PORT/x
        RUN="$(whoami)"
        OPEN="never
        closed
        ''',
    )
    assert found.secrets == {
        "PORT": {"value": "5432", "type": "port", "required": False, "mask": "never"},
        "APP_ENV": {"value": "development", "type": "regex", "pattern": r"development|a\.b|test"},
        "KEY": {"value": "-----BEGIN\nx $HOME\n-----END", "mask": "always"},
        "LINES": {"value": "one\ntwo"},
        "URL": {"value": "https://${HOST}:$PORT/x"},
    }
    assert left(found) == [
        (10, "PUBLIC_LIST"), (13, "RUN"), (14, "OPEN"),
    ]  # fmt: skip


# --- teller


def test_teller_environment_in_a_path_whole_files_regions_and_options():
    found = read(
        ".teller.yml",
        """\
        providers:
          hashi_1:
            kind: hashicorp
            options:
              address: https://vault
            maps:
              - id: test
                path: /{{ get_env(name="STAGE", default="test") }}/users
                protocol: kv2
                keys:
                  GITHUB_TOKEN: ==
                  mg: FOO_BAR
          sm:
            kind: aws_secretsmanager
            options:
              region: us-east-1
            maps:
              - id: one
                path: /dev/postgres
                keys:
                  USER: USER_NAME
              - id: all
                path: prod/all
          dot:
            kind: dotenv
            maps:
              - id: v
                path: vars.env
        """,
    )
    assert found.secrets == {
        "GITHUB_TOKEN": {"ref": "vault:///${STAGE:-test}/users#/GITHUB_TOKEN"},
        "FOO_BAR": {"ref": "vault:///${STAGE:-test}/users#/mg"},
        "USER_NAME": {"ref": "aws-sm:///dev/postgres?region=us-east-1#/USER"},
    }
    assert found.imports == ["aws-sm://prod/all?region=us-east-1", "file://vars.env?format=dotenv"]
    assert left(found) == [(2, "hashi_1.options.address"), (2, "hashi_1.maps.protocol")]


def test_teller_1_has_its_keys_in_env():
    found = read(
        ".teller.yml",
        """\
        project: billing
        providers:
          dotenv:
            env_sync:
              path: ~/my.env
            env:
              FOO:
                path: ~/other.env
                redact_with: "**"
          aws_ssm:
            env:
              BAR:
                path: /prod/billing/bar
                decrypt: true
          hashicorp_vault:
            env:
              SMTP:
                path: secret/data/wordpress
                field: smtp
          heroku:
            env_sync:
              path: app
        """,
    )
    assert found.imports == ["file://~/my.env?format=dotenv"]
    assert found.secrets == {
        "FOO": {"ref": "file://~/other.env?format=dotenv#/FOO"},
        "BAR": {"ref": "aws-ssm:///prod/billing/bar"},
        "SMTP": {"ref": "vault://secret/wordpress#/smtp"},
    }
    assert left(found) == [(1, "project"), (7, "FOO.redact_with"), (20, "heroku")]


# --- vals


def test_vals_dollars_and_braces_beside_an_expression_are_text():
    found = read(
        "env.yaml",
        """\
        url: "p$ss{{x}} ref+vault://secret/db#/pw+@h"
        home: "$a ref+envsubst://$HOME+/x"
        tf: ref+tfstate://x/y
        """,
    )
    assert found.secrets == {
        "url": {"ref": 'p\\$ss{{ "{{" }}x}} ref+vault://secret/db#/pw+@h'},
        "home": {"ref": "\\$a ref+envsubst://$HOME+/x"},
    }
    assert left(found) == [(3, "tf")]


# --- what is not to be guessed


def test_secretspec_an_item_of_an_unnamed_provider_is_left():
    found = read(
        "secretspec.toml",
        """
        [profiles.default]
        A = { ref = { item = "db", field = "password" } }
        B = { ref = { item = "db", field = "password" }, providers = ["onepassword://Prod"] }
        C = { providers = ["pass"], ref = { item = "x", color = "red" } }
        D = { required = true }
        """,
    )
    assert found.secrets == {
        "B": {"ref": "op://Prod/db/password"},
        "C": {"ref": "pass://x"},
        "D": {"ref": "env://D"},
    }
    assert [what for _, what, _ in found.left] == ["A", "C.ref.color"]


def test_doppler_takes_the_setup_of_this_directory_alone():
    text = """
        setup:
          - project: web
            config: dev
            path: web/
          - project: api
            config: dev
            path: ./
          - project: third
            config: dev
          - project: fourth
            config: dev
            path: sub/dir
        """
    found = read("doppler.yaml", text)
    assert found.imports == ["doppler://api/dev"]
    assert [what for _, what, _ in found.left] == ["web/", "third/dev", "sub/dir"]
    assert read("doppler.yaml", "setup:\n  project: web\n  config: dev\n  path: web\n").imports == []


def test_teller_a_path_of_vaults_api_is_the_secrets_own():
    text = """
        providers:
          v:
            kind: hashicorp
            maps:
              - {id: a, path: secret/data/app, keys: {K: K}}
              - {id: b, path: /kv/data/a/b, keys: {L: L}}
              - {id: c, path: secret/database/x, keys: {M: M}}
              - {id: d, path: secret/data/whole}
        """
    found = read(".teller.yml", text)
    assert {name: entry["ref"] for name, entry in found.secrets.items()} == {
        "K": "vault://secret/app#/K", "L": "vault://kv/a/b#/L", "M": "vault://secret/database/x#/M",
    }  # fmt: skip
    assert found.imports == ["vault://secret/whole"]


def test_varlock_says_of_nothing_that_is_carried_over_that_it_is_not():
    found = read(".env.schema", "APP_ENV=development\nKEY=abc\nURL=http://${HOST}/x\nEMPTY=\n")
    assert list(found.secrets) == ["APP_ENV", "KEY", "URL", "EMPTY"]
    assert found.left == []
