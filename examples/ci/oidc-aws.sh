#!/bin/sh
# A step on GitHub that holds no secret: AWS trusts who the job is. AWS_ROLE_ARN names the role, AWS_REGION the place.
set -eu
cd "$(dirname "$0")"
umask 077
AWS_WEB_IDENTITY_TOKEN_FILE=$(mktemp)
export AWS_WEB_IDENTITY_TOKEN_FILE
trap 'rm -f "$AWS_WEB_IDENTITY_TOKEN_FILE"' EXIT
./oidc-token.sh sts.amazonaws.com >"$AWS_WEB_IDENTITY_TOKEN_FILE"
secretrun --set DEPLOY_TOKEN=aws-sm://ci/deploy#/token -- ./deploy.sh
