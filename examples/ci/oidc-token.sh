#!/bin/sh
# Print the identity token of this GitHub job for an audience ($1). The job needs `permissions: id-token: write`.
# What asks for it comes to curl on its stdin: arguments can be seen by others.
set -eu
printf 'Authorization: bearer %s\n' "${ACTIONS_ID_TOKEN_REQUEST_TOKEN:?permissions: id-token: write}" |
    curl --silent --show-error --fail -H @- "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$1" |
    jq -er .value
