"""Print a secret as programs do by accident: raw, in base64, in JSON, and on stderr."""

import base64
import json
import os
import sys

key = os.environ["API_KEY"]
print(f"the key has {len(key)} characters and starts with sk-live-: {key.startswith('sk-live-')}")
print("raw:    ", key)
print("base64: ", base64.b64encode(f"user:{key}".encode()).decode())
print("json:   ", json.dumps({"headers": {"authorization": f"Bearer {key}"}}))
sys.stdout.flush()
print("stderr: ", key, file=sys.stderr)
