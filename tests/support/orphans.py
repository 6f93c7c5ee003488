"""A command that leaves orphans to the first process of its container, and waits until those are reaped."""

# Prints "zombies N" and $API_KEY, and ends with 7. Counted once a look: what is still ending may become one.
SCRIPT = """
import os, time
for _ in range(20):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.wait()
def zombies():
    table = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            table.append(open(f"/proc/{pid}/stat").read())
        except OSError:
            pass  # reaped since it was listed
    return sum(line.rsplit(")", 1)[1].split()[:2] == ["Z", "1"] for line in table)
deadline = time.monotonic() + 60
while (left := zombies()) and time.monotonic() < deadline:
    time.sleep(0.01)
print("zombies", left, os.environ.get("API_KEY", ""), flush=True)
raise SystemExit(7)
"""
