"""The mechanism of masking: finds patterns in a stream, however it is cut, broken by whitespace or coloured.
Knows patterns and their places, never secrets, names or masks: those are `secretrun.redact`'s.
"""
