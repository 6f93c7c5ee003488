#!/bin/sh
# Everything that is looked at without being run: code, types, imports, spelling, shell scripts, workflows, and the
# documents that are made from data. Its programs are looked for beside .venv's python first.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"

ruff check .
ruff format --check .
mypy
lint-imports
codespell
git ls-files | while read -r file; do
    case $(head -c 64 "$file" | tr -d '\0' | head -n 1) in
    '#!'*/sh | '#!'*' sh' | '#!'*bash) printf '%s\n' "$file" ;;
    esac
done | xargs shellcheck
zizmor --offline --quiet --min-severity medium .
check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
check-jsonschema --builtin-schema vendor.github-actions action.yml
check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
check-jsonschema --builtin-schema vendor.compose-spec examples/services/compose.yaml
python scripts/docs.py --check
