"""Inside a network of its own: a DNS whose answer changes, an upstream, and a run of secretrun between them.

    python broker_names.py DIRECTORY ROOT CHAIN KEY

Prints what was asked of the DNS and how the requests ended, as JSON.
"""

import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
from pathlib import Path

ADDRESS = "93.184.216.34"


class Names(threading.Thread):
    """Answers A with a public address, and from the second time on with our own."""

    def __init__(self):
        super().__init__(daemon=True)
        self.queries = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))

    def run(self):
        while True:
            data, client = self.socket.recvfrom(512)
            labels, at = [], 12
            while size := data[at]:
                labels.append(data[at + 1 : at + 1 + size].decode())
                at += 1 + size
            (kind,) = struct.unpack("!H", data[at + 1 : at + 3])
            seen = sum(asked == 1 for _, asked in self.queries)
            self.queries.append((".".join(labels), kind))
            address = socket.inet_aton(ADDRESS if seen == 0 else "127.0.0.1")
            answer = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + address if kind == 1 else b""
            head = data[:2] + b"\x81\x80" + struct.pack("!HHHH", 1, bool(answer), 0, 0)
            self.socket.sendto(head + data[12 : at + 5] + answer, client)


def serve(chain):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    listener = socket.create_server((ADDRESS, 443))

    def one(connection):
        with context.wrap_socket(connection, server_side=True) as inside:
            inside.recv(65536)
            inside.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    def accept():
        while True:
            threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def main():
    directory, root, chain, key = sys.argv[1:]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=False)
    subprocess.run(["ip", "addr", "add", f"{ADDRESS}/32", "dev", "lo"], check=True)
    names = Names()
    names.start()
    serve(chain)
    home = Path(directory, "home")
    (home / ".config" / "secretrun").mkdir(parents=True)
    (home / ".config" / "secretrun" / "config.toml").write_text(f'[broker]\naddresses = ["{ADDRESS}/32"]\n')
    program = 'for n in 1 2; do curl -s -o /dev/null -w "%{http_code}\\n" -H "X: $KEY" https://api.test/v1; done; curl -s https://evil.test/; echo $?'
    done = subprocess.run(
        [
            sys.executable, "-m", "secretrun", "--set", f"KEY=file://{key}", "--grant", "KEY@api.test", "--",
            "sh", "-c", program,
        ],
        env={"PATH": os.environ["PATH"], "HOME": str(home), "SSL_CERT_FILE": root}, capture_output=True, text=True,
        check=False, cwd=directory,
    )  # fmt: skip
    lines = done.stdout.split()
    answers = [int(line) for line in lines[:2]]
    print(
        json.dumps(
            {"queries": names.queries, "answers": answers, "refused": int(lines[2]), "said": done.stderr}
        )
    )


if __name__ == "__main__":
    main()
