"""The compiled body of the redactor, where it is there, and its one loader.
Knows patterns and bytes, like `engine`, whose answers it gives; decides nothing about which of the two runs.
"""
