"""Kinds of tokens: a fixed head, what follows it, and a check where the kind has one.

Data, each with its source.

A kind without a head of its own (an AWS secret key, a UUID that is a token) is not here: by its shape alone
it can't be told from a hash. A rule that has no checksum asks for a body that is no placeholder, see
`checks.random`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

WORD: Final = "A-Za-z0-9"
NAME: Final = "A-Za-z0-9_-"


class Rule:
    """One kind of token.

    Attributes:
        name: for the mask, such as "github-token".
        heads: what it begins with, one of them.
        body: what follows, a regular expression; the whole run of `run` characters has to fit.
        run: the characters a token of this kind is made of, as in a character class.
        check: the name of a function of `checks` that the whole token has to pass.
        source: where the shape is written down.
    """

    __slots__ = ("body", "check", "heads", "name", "run", "source")

    def __init__(
        self, name: str, heads: str, body: str, source: str, *, run: str = NAME, check: str = "random"
    ) -> None:
        self.name = name
        self.heads = tuple(heads.split())
        self.body = body
        self.run = run
        self.check = check
        self.source = source

    def __repr__(self) -> str:
        return f"<Rule {self.name}>"


RULES: Final = (
    Rule("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", "[A-Za-z0-9]{36}",
         "github.blog: Behind GitHub's new authentication token formats", check="base62_crc"),
    Rule("github-fine-grained-token", "github_pat_", "[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
         "github.blog: Introducing fine-grained personal access tokens"),
    Rule("npm-token", "npm_", "[A-Za-z0-9]{36}", "github.blog: npm's new access token format",
         check="base62_crc"),
    Rule("pypi-token", "pypi-AgEIcHlwaS5vcmc pypi-AgENdGVzdC5weXBpLm9yZ", "[A-Za-z0-9_-]{50,1000}",
         "docs.pypi.org: API tokens (a macaroon whose location is pypi.org)"),
    Rule("gitlab-token", "glpat- gldt- glrt- glrtr- glptt- glcbt- glimt- glsoat- glft- glagent- glffct-",
         "(?:[A-Za-z0-9_-]{20}|[A-Za-z0-9_-]{50}|[A-Za-z0-9_-]{27,300}\\.[0-9a-z]{2}\\.[0-9a-z]{7,9})",
         "docs.gitlab.com: Token overview, token prefixes", run="A-Za-z0-9_.-"),
    Rule("slack-token", "xoxb- xoxp- xoxa- xoxr- xoxs- xoxe-",
         "[0-9]{10,13}-[0-9]{10,13}-[A-Za-z0-9-]{24,80}",
         "api.slack.com: Token types"),
    Rule("slack-app-token", "xapp-", "[0-9]-[A-Z0-9]{8,14}-[0-9]{10,14}-[a-f0-9]{64}",
         "api.slack.com: Token types"),
    Rule("slack-webhook", "https://hooks.slack.com/services/",
         "T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24}",
         "api.slack.com: Incoming webhooks", run="A-Za-z0-9/"),
    Rule("stripe-key", "sk_live_ rk_live_", "[A-Za-z0-9]{24,120}", "docs.stripe.com: API keys"),
    Rule("stripe-webhook-secret", "whsec_", "[A-Za-z0-9+/]{32,64}={0,2}",
         "docs.stripe.com: Webhook signatures",
         run="A-Za-z0-9+/="),
    Rule("aws-access-key-id", "AKIA ASIA", "[A-Z2-7]{16}", "docs.aws.amazon.com: IAM identifiers, unique IDs",
         run="A-Za-z0-9_-"),
    Rule("google-api-key", "AIza", "[A-Za-z0-9_-]{35}", "cloud.google.com: Manage API keys"),
    Rule("google-oauth-secret", "GOCSPX-", "[A-Za-z0-9_-]{28}",
         "developers.google.com: OAuth 2.0 client secrets"),
    Rule("google-oauth-token", "ya29.", "[A-Za-z0-9_-]{60,1000}", "developers.google.com: Using OAuth 2.0",
         run="A-Za-z0-9_.-"),
    Rule("openai-key", "sk-", "(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,110}T3BlbkFJ[A-Za-z0-9_-]{20,110}",
         "platform.openai.com: API keys (T3BlbkFJ is base64 of OpenAI)"),
    Rule("anthropic-key", "sk-ant-api03- sk-ant-admin01- sk-ant-oat01- sk-ant-ort01-",
         "[A-Za-z0-9_-]{80,110}AA",
         "docs.anthropic.com: API overview"),
    Rule("openrouter-key", "sk-or-v1-", "[0-9a-f]{64}", "openrouter.ai/docs: Authentication"),
    Rule("hugging-face-token", "hf_", "[A-Za-z]{34}", "huggingface.co/docs: User access tokens",
         check="letters"),
    Rule("sendgrid-key", "SG.", "[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}", "docs.sendgrid.com: API keys",
         run="A-Za-z0-9_.-"),
    Rule("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", "[0-9a-f]{64}",
         "docs.digitalocean.com: API reference"),
    Rule("doppler-token", "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.",
         "(?:[a-z0-9_-]{2,35}\\.)?[A-Za-z0-9]{40,44}",
         "docs.doppler.com: Auth token formats", run="A-Za-z0-9_.-"),
    Rule("vault-token", "hvs. hvb. hvr.", "[A-Za-z0-9_-]{90,300}", "developer.hashicorp.com: Vault tokens",
         run="A-Za-z0-9_.-"),
    Rule("1password-service-account", "ops_eyJ", "[A-Za-z0-9_-]{250,3000}={0,2}",
         "developer.1password.com: Service accounts", run="A-Za-z0-9_=-"),
    Rule("age-key", "AGE-SECRET-KEY-1", "[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
         "age-encryption.org/v1, Bech32",
         check="bech32"),
    Rule("shopify-token", "shpat_ shpca_ shppa_ shpss_", "[0-9a-fA-F]{32}", "shopify.dev: Access tokens"),
    Rule("databricks-token", "dapi", "[0-9a-f]{32}(?:-[0-9])?",
         "docs.databricks.com: Personal access tokens"),
    Rule("linear-key", "lin_api_", "[A-Za-z0-9]{40}", "linear.app/developers: Getting started"),
    Rule("notion-token", "ntn_", "[0-9]{11}[A-Za-z0-9]{35}", "developers.notion.com: Authorization"),
    Rule("atlassian-token", "ATATT3xFfGF0 ATCTT3xFfGN0", "[A-Za-z0-9_=-]{160,220}",
         "support.atlassian.com: Manage API tokens", run="A-Za-z0-9_=-"),
    Rule("docker-token", "dckr_pat_ dckr_oat_", "[A-Za-z0-9_-]{27,32}",
         "docs.docker.com: Personal access tokens"),
    Rule("rubygems-key", "rubygems_", "[0-9a-f]{48}", "guides.rubygems.org: API key scopes"),
    Rule("pulumi-token", "pul-", "[0-9a-f]{40}", "pulumi.com/docs: Access tokens"),
    Rule("postman-key", "PMAK-", "[0-9a-f]{24}-[0-9a-f]{34}", "learning.postman.com: API authentication"),
    Rule("new-relic-key", "NRAK-", "[A-Z0-9]{27}", "docs.newrelic.com: API keys"),
    Rule("sentry-token", "sntrys_eyJ sntryu_", "[A-Za-z0-9_=+/-]{60,400}", "docs.sentry.io: Auth tokens",
         run="A-Za-z0-9_=+/-"),
    Rule("tailscale-key", "tskey-", "(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{8,20}-[A-Za-z0-9]{20,40}",
         "tailscale.com/kb: Key prefixes"),
    Rule("supabase-token", "sbp_", "[0-9a-f]{40}", "supabase.com/docs: Access control"),
    Rule("planetscale-token", "pscale_tkn_ pscale_pw_ pscale_oauth_", "[A-Za-z0-9_.=-]{32,64}",
         "planetscale.com/docs: Service tokens", run="A-Za-z0-9_.=-"),
    Rule("grafana-token", "glsa_", "[A-Za-z0-9]{32}_[0-9a-f]{8}", "grafana.com/docs: Service accounts"),
    Rule("jwt", "eyJ", "[A-Za-z0-9_-]{10,2000}\\.[A-Za-z0-9_-]{2,8000}(?:\\.[A-Za-z0-9_-]{20,2000}){1,3}",
         "RFC 7519", run="A-Za-z0-9_.-", check="jwt"),
    Rule("private-key", "-----BEGIN",
         " (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----[^-]*"
         "-----END [A-Z0-9 ]{10,40}-----",
         "RFC 7468; openssh.com PROTOCOL.key", run="A-Za-z0-9+/=\\s\\\\:,.-", check="key_block"),
)  # fmt: skip
LONGEST: Final = 16 * 1024  # bytes of a token; what goes on longer is none

# Published for everybody to see: the clouds' documentation, jwt.io, RFC 7515.
EXAMPLES: Final = frozenset(
    (
        b"AKIAIOSFODNN7EXAMPLE",
        b"AKIAI44QH8DHBEXAMPLE",
        b"ASIAIOSFODNN7EXAMPLE",
        (
            b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ"
            b".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
        ),
        (
            b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiYWRtaW4iOnRydWUsImlhdCI6"
            b"MTUxNjIzOTAyMn0.KMUFsIDTnFmyG3nMiGM6H9FNFUROf3wh7SmqJp-QV30"
        ),
        (
            b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiYWRtaW4iOnRydWV9"
            b".TJVA95OrM7E2cBab30RMHrHDcEfxjoYZgeFONFh7HgQ"
        ),
        (
            b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv"
            b"bS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        ),
    )
)
