"""secretrun.toml, `SECRETRUN_*` and options to settings, and sources for the plan.
The verbs and `launch` come in. Nothing here asks a store or starts a program.
"""
