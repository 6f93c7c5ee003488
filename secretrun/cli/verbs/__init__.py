"""A verb a file, each with `run(options)`: what it prints, and which rooms it asks.
Only `cli.main` comes in, by name. A verb never calls another verb.
"""
