#!/bin/sh
# A CI step. The runner's secret store holds one value, SOPS_AGE_KEY; everything else is in the
# repository, encrypted. The log is masked, the status is the deploy script's own, and the report
# (names and counts, no values) says what would have leaked.
set -eu
cd "$(dirname "$0")"
exec secretrun -e ci.env --report "${REPORT:-masked.json}" -- ./deploy.sh
