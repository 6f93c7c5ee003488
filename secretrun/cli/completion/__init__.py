"""Scripts for three shells, made from the tables of verbs and settings.
Pure: data in, text out; `verbs.completion` prints it and `scripts/completions.py` writes it.
"""
