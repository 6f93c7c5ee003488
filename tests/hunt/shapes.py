"""Secrets of real shapes, made anew from a seed, and of each the texts that must not be seen.

A text that must not be seen is the part that only a holder knows: without the public beginning that every
key of its kind has, without the hosts and names of a document.
"""

import base64
import json
import random
import string
import uuid

ALNUM = string.ascii_letters + string.digits


class Shape:
    """One secret.

    Attributes:
        name: what kind it is of.
        value: text.
        hidden: texts of it that must not be seen.
    """

    def __init__(self, name, value, *hidden):
        self.name = name
        self.value = value
        self.hidden = [text.encode() for text in hidden or (value,)]


def shapes(seed):
    """One secret of each kind."""
    rng = random.Random(seed)

    def text(length, alphabet=ALNUM):
        return "".join(rng.choices(alphabet, k=length))

    def encoded(length):
        return base64.b64encode(rng.randbytes(length)).decode()

    def key(kind, length):
        lines = [line.decode() for line in base64.encodebytes(rng.randbytes(length)).split()]
        return f"-----BEGIN {kind}-----\n" + "\n".join(lines) + f"\n-----END {kind}-----\n", lines

    rsa, rsa_lines = key("PRIVATE KEY", 1190)
    ec, ec_lines = key("EC PRIVATE KEY", 121)
    github, stripe, slack, fine = text(36), text(24), text(24), f"{text(22)}_{text(59)}"
    database, header, connection, npm, aws, hook = (
        text(24),
        text(30),
        text(20),
        text(36),
        text(40, ALNUM + "/+"),
        text(24),
    )
    signature, payload = text(43, ALNUM + "-_"), text(60, ALNUM)
    password = text(18, ALNUM + "!@#$%^&*()-_=+")
    quoted = f"{text(6)}'{text(3)}\"{text(4)} {text(3)}`{text(3)}\\{text(4)}$x"
    account = {
        "type": "service_account",
        "project_id": "orders-123456",
        "private_key_id": text(40, "0123456789abcdef"),
        "private_key": rsa,
        "client_email": "builder@orders-123456.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    kube = text(26, string.ascii_lowercase + string.digits)
    return [
        Shape("github", "ghp_" + github, github),
        Shape("github fine-grained", "github_pat_" + fine, fine),
        Shape("gitlab", "glpat-" + hook[:20], hook[:20]),
        Shape("stripe", "sk_live_" + stripe, stripe),
        Shape("aws key id", "AKIA" + text(16, string.ascii_uppercase + "234567")),
        Shape("aws secret", aws),
        Shape("slack", f"xoxb-{text(12, string.digits)}-{slack}", slack),
        Shape("webhook", f"https://hooks.example.com/services/T0001/B0002/{hook}", hook),
        Shape("npmrc", f"//registry.example/:_authToken=npm_{npm}\nregistry=https://registry.example/\n", npm),
        Shape("jwt", f"eyJhbGciOiJIUzI1NiJ9.{payload}.{signature}", payload, signature),
        Shape("google", "AIza" + text(35, ALNUM + "-_")),
        Shape("service account", json.dumps(account, indent=2), *rsa_lines, account["private_key_id"]),
        Shape("rsa", rsa, *rsa_lines),
        Shape("ec", ec, *ec_lines),
        Shape("database", f"postgres://app:{database}@db.internal:5432/orders", database),
        Shape("password", password),
        Shape("password in quotes", quoted),
        Shape("hex", text(64, "0123456789abcdef")),
        Shape("base64", encoded(32)),
        Shape("uuid", str(uuid.UUID(int=rng.getrandbits(128)))),
        Shape("connection", f"Server=tcp:x.example.net,1433;User ID=app;Password={connection};Encrypt=True;", connection),
        Shape("aws file", f"[default]\naws_access_key_id = AKIA{text(16, string.ascii_uppercase)}\naws_secret_access_key = {aws[::-1]}\n", aws[::-1]),
        Shape("beyond ascii", f"{text(6)}é{text(5)}\U0001f511{text(6)}ß"),
        Shape("age", "AGE-SECRET-KEY-1" + text(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L")),
        Shape("kubeconfig", f"apiVersion: v1\nkind: Config\nusers:\n- name: admin\n  user:\n    token: k8s.{kube}\n", kube),
        Shape("header", f"Authorization: Bearer {header}", header),
    ]  # fmt: skip
