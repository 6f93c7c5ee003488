"""The spellings of a secret, one pure function a dialect; `derive` chooses among them.
Only `secretrun.redact` comes in. A form is bytes and a rule: nothing here searches or masks.
"""
