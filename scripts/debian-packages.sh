#!/bin/sh
# Install the Debian packages that the tests run against, those that are missing. Elsewhere: name them.
set -eu
# program:package
needed='age:age busybox:busybox bwrap:bubblewrap column:bsdextrautils curl:curl dash:dash dbus-daemon:dbus dbus-send:dbus-bin direnv:direnv fish:fish fzf:fzf git:git
 gnome-keyring-daemon:gnome-keyring gpg:gpg gpg-agent:gpg-agent htop:htop jq:jq keepassxc-cli:keepassxc
 less:less man:man-db mandoc:mandoc mksh:mksh nano:nano node:nodejs npm:npm openssl:openssl pass:pass perl:perl script:bsdutils
 sqlite3:sqlite3 ssh-keygen:openssh-client strace:strace systemd-creds:systemd tmux:tmux vim:vim wget:wget xxd:xxd zsh:zsh'
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
# Debian 13 split dbus-send off into dbus-bin; before, it comes with dbus.
apt-cache show dbus-bin >/dev/null 2>&1 || missing=$(echo "$missing" | sed 's/dbus-bin/dbus/')
# a list of words:
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qq -y --no-install-recommends $missing >/dev/null
