#!/bin/sh
# A command uses a token that it can't read: `sh examples/broker/demo.sh`, from a clone with the extra "broker".
# The token is a text of this script, the host is example.com, and the rule allows one path of it.
set -eu
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
printf 'a-token-nobody-should-read-0123456789' > "$directory/token"

secretrun --set TOKEN="file://$directory/token" --grant 'TOKEN@example.com:GET:/' -- sh -c '
    echo "what the command holds:  $TOKEN"
    echo "what the server is sent: the real one, in a request that the rule allows:"
    curl -sS -o /dev/null -w "  GET https://example.com/        %{http_code}\n" -H "Authorization: Bearer $TOKEN" https://example.com/ || true
    echo "and nowhere else:"
    curl -sS -H "Authorization: Bearer $TOKEN" https://example.com/elsewhere || true
    curl -sS -H "Authorization: Bearer $TOKEN" https://example.org/ || true
'
secretrun broker log | tail -n 6
