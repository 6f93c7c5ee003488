"""What the tests of this room share."""

from backends.aws_server import aws, moto_server  # noqa: F401  fixtures
from backends.openbao import bao, context, says  # noqa: F401  fixtures
from backends.sops_store import store  # noqa: F401  fixtures
