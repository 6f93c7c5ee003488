"""secretrun: run a command with the secrets it needs, and keep them out of what it prints."""

__version__ = "0.1.0"
