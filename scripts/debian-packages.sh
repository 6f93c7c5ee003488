#!/bin/sh
# Install the Debian packages that the tests run against, those that are missing. Elsewhere: name them.
set -eu
needed='gpg:gpg gpg-agent:gpg-agent npm:npm node:nodejs tmux:tmux vim:vim less:less script:bsdutils
 jq:jq perl:perl openssl:openssl xxd:xxd zsh:zsh fish:fish dash:dash htop:htop fzf:fzf git:git'
missing=
for pair in $needed; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
[ -e /usr/share/bash-completion/bash_completion ] || missing="$missing bash-completion"
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "the tests need these programs, please install them:$missing" >&2
    exit 1
fi
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root apt-get update -qq
# shellcheck disable=SC2086  (a list of words)
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qq -y --no-install-recommends $missing >/dev/null
