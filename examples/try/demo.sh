#!/bin/sh
# The main job on the embedded default: a SOPS + age store, made, filled and used in a temporary
# directory, with a key of its own. Nothing of yours is read or changed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME="$work/home" XDG_CONFIG_HOME="$work/home/.config"
unset SOPS_AGE_KEY SOPS_AGE_KEY_FILE
script=$(cd "$(dirname "$0")" && pwd)/show.py
mkdir -p "$HOME" "$work/project"
cd "$work/project"

say() { printf '\n$ %s\n' "$1"; }

say 'secretrun init'
secretrun init
say 'secretrun set API_KEY          # the value comes from a prompt, or from stdin as here'
python3 -c 'import secrets; print("sk-live-" + secrets.token_urlsafe(24))' | secretrun set API_KEY
say 'cat .env.secretrun             # the template holds references, so it can be committed'
cat .env.secretrun
say 'grep API_KEY secrets.enc.env   # the store is encrypted'
grep API_KEY secrets.enc.env | cut -c 1-72
say 'secretrun check'
secretrun check
say 'secretrun -- python3 show.py   # the command has the secret, and prints it every way it can'
secretrun -- python3 "$script"
