#!/bin/sh
# core_wheel.sh PLATFORM WHEEL: fails unless the wheel is one for the platform, holds the compiled core, and masks with
# it where nothing else is installed.
set -eu
case $2 in
*-cp311-abi3-"$1".whl) ;;
*)
    echo "$2 is not for $1" >&2
    exit 1
    ;;
esac
wheel=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m zipfile -l "$wheel" | grep 'secretrun/redact/core/secretrun_core\.abi3\.so'
python3 -m venv fresh
# Without the packages it needs otherwise: the Python body's automaton is one of them.
fresh/bin/pip install -q --disable-pip-version-check --no-deps --no-index "$wheel"
unset SECRETRUN_PURE
fresh/bin/secretrun version | grep 'compiled core'
printf s3cret-of-the-wheel >value
said=$(fresh/bin/secretrun --set 'TOKEN=file://value' -- sh -c 'echo "$TOKEN"')
test "$said" = '[REDACTED:TOKEN]'
