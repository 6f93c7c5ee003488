"""What says credential: names of keys, and the shape of random text; and what does not."""

import random
import string

import pytest

# ruff: noqa: SIM905  lists of words read best as words
from secretrun.redact.forms.credential import by_key, by_shape, is_credential

CREDENTIAL = """password DB_PASSWORD dbPassword passwd pwd PGPASSWORD secret client_secret clientSecret token access_token
refreshToken id_token _authToken //registry.example/:_authToken api_key apiKey APIKey X-API-Key AccountKey private_key
private_key_id aws_access_key_id aws_secret_access_key SharedAccessKey client-key-data passwords secrets signing-key
requirepass sessionid cookie""".split()
OTHER = """type project_id client_email client_id token_uri auth_uri tokenType secretName passwordPolicy token_expires
certificate-authority-data client-certificate-data SharedAccessKeyName host db_host DB_USER region kind name url
endpoint public_key_path key_file kid universe_domain secretRef.name""".split()
UNKNOWN = "data value github.com payload x key".split()


def test_a_key_is_judged_by_its_last_word():
    assert [key for key in CREDENTIAL if by_key(key) is not True] == []
    assert [key for key in OTHER if by_key(key) is not False] == []
    assert [key for key in UNKNOWN if by_key(key) is not None] == []


ORDINARY = """us-east-1 eu-central-1b n1-standard-4 my-project-123456 service_account googleapis.com python3.11 x86_64
/usr/lib/x86_64-linux-gnu/libssl.so.3 v1.24.3-rc.1+build5 2026-11-25T18:05:00Z 20261125T180500Z i686-w64-mingw32
IPv4Address Win32API svc@proj-123.iam.gserviceaccount.com #!/bin/bash function aarch64 projects/p-1/secrets/x
kubernetes.io/service-account-token 10.0.0.1:8080 115372638910283746512 ip-10-0-1-23.ec2.internal node18-alpine3.19
ubuntu-22.04 c5d.18xlarge arn:aws:iam::123456789012:role/x getElementById XMLHttpRequest application/vnd.api+json
utf8mb4_general_ci TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 db-prod-01.internal n2d-highmem-96 redis-7.2.4-r1 2001:db8::1
openjdk-17-jdk libstdc++6 camelCaseIdentifierNameThatIsVeryLongIndeed com.example.project.ClassNameFactory
HelloWorldFooBarBazQuxQuuxCorgeGrault""".split()


def test_ordinary_words_hosts_paths_types_and_versions_have_no_shape_of_a_credential():
    assert [text for text in ORDINARY if by_shape(text.encode())] == []


@pytest.mark.parametrize(
    ("alphabet", "length"),
    [
        (string.ascii_letters + string.digits, 24),
        (string.ascii_letters + string.digits + "+/", 40),
        (string.ascii_lowercase + string.digits, 32),
        ("0123456789abcdef", 32),
        ("0123456789abcdef", 64),
        (string.ascii_letters + string.digits + "!@#$%^&*-_=+", 20),
    ],
)
def test_random_text_has_the_shape_of_a_credential(alphabet, length):
    rng = random.Random(length)
    texts = ["".join(rng.choices(alphabet, k=length)).encode() for _ in range(400)]
    assert sum(map(by_shape, texts)) > 0.88 * len(texts)


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("password", "correcthorsebattery", True),
        ("token_uri", "https://oauth2.googleapis.com/token", False),
        ("token", "https://oauth2.googleapis.com/token", False),
        ("token", "${TOKEN}", False),
        ("secret", "true", False),
        ("description", "a1B2c3D4e5F6g7H8", False),
        ("anything", "a1B2c3D4e5F6g7H8", True),
        ("anything", "production-cluster", False),
        ("_auth", "cm9iOnB3", True),
        ("auth", "basic", False),
        ("", "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8", True),
    ],
)
def test_a_part_is_a_credential_by_its_key_or_by_its_shape(key, text, said):
    assert is_credential(key, text.encode()) is said
