"""The files of other tools to `secretrun.toml`: text in, a `Migration` out.
`init` comes in. Pure: nothing is opened or run, and what can't be carried over is said by line.
"""
