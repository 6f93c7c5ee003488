"""Which parts of a structured secret are masked by themselves: credentials, and only they."""

import base64
import json

import pytest

from secretrun.redact import Redactor
from secretrun.redact.forms.derive import part_names

BODY = base64.encodebytes(bytes(range(7, 250)) + b"key material of a test").decode().split()
PEM = "\n".join(["-----BEGIN PRIVATE KEY-----", *BODY, "-----END PRIVATE KEY-----", ""])
GITHUB = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
GCP = json.dumps(
    {
        "type": "service_account",
        "project_id": "my-project-123456",
        "private_key_id": "8f1c2e6b9a7d40358f1c2e6b9a7d40358f1c2e6b",
        "private_key": PEM,
        "client_email": "builder@my-project-123456.iam.gserviceaccount.com",
        "client_id": "115372638910283746512",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com",
    },
    indent=2,
)
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nMIIDBTCCAe2gAwIBAg"
KUBECONFIG = f"""apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority-data: {base64.b64encode(CERTIFICATE).decode()}
    server: https://10.0.0.1:6443
  name: production-cluster
current-context: production-admin
users:
- name: production-admin
  user:
    client-key-data: {base64.b64encode(PEM.encode()).decode()}
    token: k9vQz3.x7Lm2Rt8Wp4Yc6Nd
"""
SCRIPT = f"""#!/bin/bash
# deploys
set -euo pipefail
function
function deploy() {{
  export TOKEN={GITHUB}
  curl -H "X-Api: 1" https://builder:pw-9aF3kQ7z@api.example.com/v1
  mysql --password=hunter2abc -u root production
}}
"""

# name: (secret, {name of a part: what must not be readable by itself}, what must stay readable)
KINDS = {
    "service account": (
        GCP,
        {"private_key": PEM, "private_key_id": "8f1c2e6b9a7d40358f1c2e6b9a7d40358f1c2e6b"},
        ("service_account my-project-123456 googleapis.com builder@my-project-123456.iam.gserviceaccount.com"
        " https://oauth2.googleapis.com/token 115372638910283746512 private_key_id universe_domain"),
    ),
    "npmrc": (
        ("//registry.example/:_authToken=npm_abcdefABCDEF0123456789abcdefABCDEF01\n"
        "registry=https://registry.example/\nalways-auth=true\n"),
        {"//registry.example/:_authToken": "npm_abcdefABCDEF0123456789abcdefABCDEF01"},
        "https://registry.example/ registry always-auth=true",
    ),
    "npmrc with a password": (
        "//r.example/:username=robert\n//r.example/:_password=aHVudGVyMmFiYw==\nemail=r@example.com\n",
        {"//r.example/:_password": "hunter2abc"},
        "username=robert email=r@example.com",
    ),
    "aws credentials": (
        ("[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\nregion = us-east-1\noutput = json\n"),
        {
            "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
            "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        },
        "us-east-1 default region = us-east-1 output = json aws_access_key_id",
    ),
    "ado.net": (
        "Server=tcp:x.database.windows.net,1433;Initial Catalog=orders;User ID=app;Password=Sup3r-pw;Encrypt=True;",
        {"Password": "Sup3r-pw"},
        "x.database.windows.net orders Encrypt=True User ID=app",
    ),
    "ado.net, quoted": ("Data Source=h;Password=\"a;b'c=9x\";User Id=x", {"Password": "a;b'c=9x"}, "Data Source"),
    "odbc": ("Driver={SQL Server};Server=host;UID=u;PWD={p;w}}d99}", {"PWD": "p;w}d99"}, "SQL Server host"),
    "azure storage": (
        "DefaultEndpointsProtocol=https;AccountName=myaccount;AccountKey="
        + base64.b64encode(bytes(range(64))).decode()
        + ";EndpointSuffix=core.windows.net",
        {"AccountKey": base64.b64encode(bytes(range(64))).decode()},
        "core.windows.net myaccount DefaultEndpointsProtocol=https",
    ),
    "libpq": (
        "host=localhost port=5432 dbname=orders user=app password='se\\'cr et-9'",
        {"password": "se'cr et-9"},
        "host=localhost port=5432 dbname=orders",
    ),
    "pgpass": (
        "# mine\ndb.example:5432:orders:app:s3cr\\:et-pw\nother:5432:*:app:password2x\n",
        {"password": "s3cr:et-pw"},
        "db.example orders",
    ),
    "netrc": (
        "machine github.com\n  login robert\n  password hunter2abc\n",
        {"password": "hunter2abc"},
        "machine github.com login robert password",
    ),
    "netrc in a line": ("machine h.example login robert password hunter2abc", {"password": "hunter2abc"}, "h.example"),
    "docker": (
        json.dumps({"auths": {"index.docker.io": {"auth": base64.b64encode(b"robert:hunter2abc").decode()}}}),
        {"auths.index.docker.io.auth.password": "hunter2abc"},
        "index.docker.io auths",
    ),
    "kubeconfig": (
        KUBECONFIG,
        {"client-key-data": PEM, "token": "k9vQz3.x7Lm2Rt8Wp4Yc6Nd"},
        "kind: Config apiVersion: v1 production-cluster https://10.0.0.1:6443 current-context: production-admin",
    ),
    "manifest": (
        "env:\n- name: DB_PASSWORD\n  value: hunter2abc\n- name: LOG_LEVEL\n  value: verbose\n",
        {"DB_PASSWORD": "hunter2abc"},
        "LOG_LEVEL verbose DB_PASSWORD",
    ),
    "script": (
        SCRIPT,
        {"TOKEN": GITHUB, "password": "hunter2abc"},
        "#!/bin/bash function deploys set -euo pipefail function deploy() { api.example.com production",
    ),
    "pip.conf": (
        "[global]\nindex-url = https://robert:tok3nvalue@host.example/simple\ntimeout = 60\n",
        {"index-url.password": "tok3nvalue"},
        "host.example timeout = 60 global",
    ),
    "git credentials": (
        f"https://robert:{GITHUB}@github.com\nhttps://x:y12345678@gitlab.example\n",
        {"password": GITHUB},
        "github.com gitlab.example",
    ),
    "nuget": (
        ('<configuration><feed><add key="Username" value="robert"/><add key="ClearTextPassword" value="hunter2&amp;abc"/>'
        "</feed></configuration>"),
        {"ClearTextPassword": "hunter2&abc"},
        "configuration Username robert",
    ),
    "maven": (
        ("<settings>\n<server>\n<id>central</id><username>robert</username><password>hunter2abc</password>\n</server>"
        "</settings>"),
        {"password": "hunter2abc"},
        "central robert settings",
    ),
    "dotenv": (
        'DB_HOST=localhost\nexport DB_PASSWORD="hun\\ter2abc"\nAPI_KEY=\'k3yvalue99\'\nDEBUG=enabled-everywhere\n',
        {"API_KEY": "k3yvalue99"},
        "localhost DEBUG=enabled-everywhere",
    ),
    "webhook": (
        "https://hooks.example.com/services/T00000000/B00000000/Xx9x1234XxYx5678XzXx90ab",
        {"path": "Xx9x1234XxYx5678XzXx90ab"},
        "https://hooks.example.com/services/",
    ),
    "shared access signature": (
        "https://acct.blob.core.windows.net/c?sv=2022-11-02&ss=b&sig=abc%2Fdef123%3D&se=2026-01-01",
        {"sig": "abc/def123="},
        "acct.blob.core.windows.net 2022-11-02",
    ),
    "header": ("Authorization: Bearer abcDEF123456", {"Authorization": "abcDEF123456"}, "Authorization: Bearer"),
    "basic": ("Basic cm9iZXJ0Omh1bnRlcjJhYmM=", {"token.password": "hunter2abc"}, "Basic robert"),
    "jdbc": (
        "jdbc:sqlserver://db.example:1433;databaseName=orders;user=app;password=hunter2abc",
        {"password": "hunter2abc"},
        "jdbc:sqlserver db.example orders",
    ),
    "redis.conf": (
        "port 6379\nrequirepass foobared99\nmaxmemory 2gb\n",
        {"requirepass": "foobared99"},
        "port 6379 maxmemory 2gb requirepass",
    ),
    "terraformrc": (
        'credentials "app.terraform.io" {\n  token = "a1B2c3D4.atlasv1.e5F6g7H8i9J0"\n}\n',
        {"token": "a1B2c3D4.atlasv1.e5F6g7H8i9J0"},
        "app.terraform.io credentials",
    ),
    "cookie": ("session=abc123def; theme=darkest-of-all", {"session": "abc123def"}, "darkest-of-all theme"),
    "key in base64 of json": (
        base64.b64encode(GCP.encode()).decode(),
        {"private_key": PEM},
        "service_account my-project-123456 googleapis.com",
    ),
    "form": (
        "grant_type=client_credentials&client_id=robert&client_secret=hunter2%2Babc&scope=read",
        {"client_secret": "hunter2+abc"},
        "client_credentials robert grant_type scope=read",
    ),
    "redis, of .net": (
        "cache.example:6380,password=hunter2abc=,ssl=True,abortConnect=False",
        {"password": "hunter2abc="},
        "cache.example:6380 ssl=True abortConnect=False",
    ),
    "kafka": (
        'org.apache.kafka.common.security.plain.PlainLoginModule required username="robert" password="hunter2abc";',
        {"password": "hunter2abc"},
        "required robert",
    ),
    "oracle": ("scott/hunter2abc@//db.example:1521/orders", {"password": "hunter2abc"}, "scott db.example orders"),
    "oracle, jdbc": (
        "jdbc:oracle:thin:scott/hunter2abc@db.example:1521:orders",
        {"password": "hunter2abc"},
        "jdbc:oracle:thin scott db.example:1521:orders",
    ),
    "access keys of a console": (
        (
            '\ufeffUser name,Password,Access key ID,Secret access key\r\nrobert,"hunter,2abc",AKIAIOSFODNN7EXAMPLE,'
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\r\n"
        ),
        {
            "Password": "hunter,2abc",
            "Access_key_ID": "AKIAIOSFODNN7EXAMPLE",
            "Secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        },
        "robert User name,Password",
    ),
    "export of a password manager": (
        'name,url,username,password\nmail,https://mail.example/,robert,hunter2abc\nx,https://x.example/,ann,"p""w 99 xy"\n',
        {"password": "hunter2abc"},
        "https://mail.example/ robert ann mail name,url,username,password",
    ),
    "cookies of a browser": (
        ".example.com\tTRUE\t/\tTRUE\t1999999999\tsession\tKq8Zt2LmWv5xYz09AbCd\n",
        {"token": "Kq8Zt2LmWv5xYz09AbCd"},
        ".example.com TRUE 1999999999 session",
    ),
    "bot": (
        "https://api.telegram.org/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/sendMessage",
        {"path": "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"},
        "api.telegram.org sendMessage",
    ),
    "command with a user": (
        "curl -sS -u robert:Kq8Zt2LmWv5x https://api.example.com/v1",
        {"password": "Kq8Zt2LmWv5x"},
        "curl -sS robert https://api.example.com/v1",
    ),
    "bundle": (
        "-----BEGIN CERTIFICATE-----\n" + "Q2VydGlmaWNhdGVCb2R5TGluZQ".ljust(64, "x") + "\n-----END CERTIFICATE-----\n" + PEM,
        {},
        "Q2VydGlmaWNhdGVCb2R5TGluZQ".ljust(64, "x"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_credentials_of_a_structured_secret_are_masked_and_nothing_else_of_it(kind):
    secret, inner, kept = KINDS[kind]
    redactor = Redactor({"S": secret}, mask="#")
    for name, text in inner.items():
        assert name in part_names(secret.encode())
        assert redactor.mask(f"x {text.strip()} y".encode()) == b"x # y"
        assert redactor.mask(base64.b64encode(text.encode())).strip(b"#\n") == b""
    for word in kept.split(" "):
        assert redactor.mask(word.encode()) == word.encode()
    assert redactor.mask(secret.encode()).strip() == b"#"


TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJyb2JlcnQiLCJuIjo5OTk5fQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6y"


@pytest.mark.parametrize(
    "secret", [TOKEN, json.dumps({"token_type": "Bearer", "id_token": TOKEN}), f"Bearer {TOKEN}"]
)
def test_the_claims_and_the_signature_of_a_token_are_masked_by_themselves_and_its_header_is_not(secret):
    redactor = Redactor([secret], mask="#")
    header, payload, signature = TOKEN.split(".")
    assert redactor.mask(f"{header} {payload} {signature}\n".encode()) == f"{header} # #\n".encode()
    assert redactor.mask(f"{header}.{payload}".encode()) == b"#"
    assert redactor.mask(b"robert HS256 Bearer token_type") == b"robert HS256 Bearer token_type"


@pytest.mark.parametrize("text", [GCP, KUBECONFIG, PEM + "x" * 9])
@pytest.mark.parametrize("line", BODY)
def test_every_line_of_a_key_is_masked_wherever_the_key_stands(text, line):
    assert Redactor([text], mask="#").mask(f"12 | {line} |".encode()) == b"12 | # |"


@pytest.mark.parametrize(
    ("secret", "names"),
    [
        (GCP, ["private_key", "private_key_id"]),
        (KUBECONFIG, ["client-key-data", "token"]),
        (PEM, [f"{len(BODY)} lines"]),
        ("postgres://app:pw-1234567@db/x", ["password"]),
        ("just-a-token-123456", []),
        (json.dumps({"tokens": {GITHUB: "abcdef-1"}}), ["tokens"]),
        ("postgres://app:production@db/x", []),
    ],
)
def test_parts_are_told_by_name_and_no_name_is_a_value(secret, names):
    assert part_names(secret.encode()) == names


def test_a_part_that_is_a_common_word_or_short_is_told_by_name():
    redactor = Redactor({"URL": "postgres://app:production@db/x", "ADO": "Server=h;Password=Sup3r"}, mask="#")
    assert redactor.warnings == (
        "URL: its part password has a common value, which is not masked",
        "ADO: its part Password is shorter than 6 bytes and is masked only as a whole word",
    )
    assert redactor.mask(b"production (Sup3r) xSup3rx") == b"production (#) xSup3rx"


@pytest.mark.parametrize(
    "secret",
    ["two\n\nnewlines", "12345-67890\n22222-33333", "SECRET_WITH\nNEWLINES_IN\nTHE_MIDDLE", "correct horse\nbattery staple"],
)  # fmt: skip
def test_lines_of_a_value_of_no_known_kind_are_each_a_piece_of_the_secret(secret):
    redactor = Redactor([secret], mask="#")
    for line in secret.split("\n"):
        if len(line) >= 8:
            assert redactor.mask(f"<{line}>".encode()) == b"<#>"


def test_a_list_of_tokens_masks_the_tokens_and_not_the_words_between_them():
    redactor = Redactor([f"production\n{GITHUB}\nstaging-environment\n{GITHUB[::-1]}"], mask="#")
    assert redactor.mask(f"{GITHUB} {GITHUB[::-1]} production".encode()) == b"# # production"


@pytest.mark.parametrize("padding", ["", "=", "=="])
def test_base64_in_lines_is_no_list_of_pairs(padding):
    lines = [base64.b64encode(bytes(range(n, n + 30))).decode() for n in (1, 60)] + [
        "QWxhZGRpbjpvcGVuc2VzYW1" + padding
    ]
    redactor = Redactor(["\n".join(lines)], mask="#")
    for line in lines:
        assert redactor.mask(line.encode()) == b"#"
