"""Which runner we run under, by the variable that each of them documents.

Sources: docs.github.com "Default environment variables"; docs.gitlab.com "Predefined CI/CD variables";
buildkite.com/docs "Environment variables"; learn.microsoft.com "Use predefined variables" (TF_BUILD).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MARKS = {
    "github": ("GITHUB_ACTIONS", "true"),
    "gitlab": ("GITLAB_CI", "true"),
    "buildkite": ("BUILDKITE", "true"),
    "azure": ("TF_BUILD", "true"),  # written "True" by the agent
}


def detect(environ: Mapping[str, str]) -> str:
    """The runner's name, one of `MARKS`, or "none"."""
    for runner, (variable, value) in MARKS.items():
        if environ.get(variable, "").lower() == value:
            return runner
    return "none"
