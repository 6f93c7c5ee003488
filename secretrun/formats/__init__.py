"""JSON, YAML, dotenv and ini: parsed, pointed into, written.
Public, and pure. No file is opened here, and an error never quotes a value.
"""

from secretrun.formats.pointer import listing, select

__all__ = ["listing", "select"]
