"""Secrets nobody told us of, known by their shape: rules as data with a source each, and their search.

Pure, and apart from what was resolved: what is found here is a guess, and is called one.
"""
