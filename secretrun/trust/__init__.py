"""Whose a file is, what it may say, what it reaches, and whether its reader has agreed to that.
For `config`, `embedded_store` and `launch.consent`, whose head says what others call.
Knows the file system and text, never a store or a value; asks nobody: `secretrun allow` does.
"""
