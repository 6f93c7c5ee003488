"""Resolved values in files, git and agents' transcripts, in every form the redactor knows: where, never what.

Reads and reports; nothing is changed, and no value is ever shown or written.
"""
