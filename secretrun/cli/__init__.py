"""The command line: `main` chooses a verb, `parser` knows the options, `verbs` has a file each.
Only `__main__` comes in. What two verbs share is not here but in the room whose thing it is.
"""
