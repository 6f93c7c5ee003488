#!/bin/sh
# The same with Vault or OpenBao: its jwt method trusts who the job is. VAULT_ADDR and VAULT_ROLE say where and as what.
set -eu
cd "$(dirname "$0")"
VAULT_JWT=$(./oidc-token.sh vault)
export VAULT_JWT VAULT_AUTH_METHOD=jwt
exec secretrun --set DEPLOY_TOKEN=vault://secret/ci#/token -- ./deploy.sh
