"""What a person wrote to what a run wants: env-file text and references in, a `Plan` out.
Pure. Nothing here runs a command, opens a file or asks a store; a malformed line is an error with its place.
"""
