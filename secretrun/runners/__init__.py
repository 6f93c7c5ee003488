"""What each CI runner wants: how it is told of a value to mask, and how it takes variables from a step.
Pure: text and environment in, bytes out. Nothing here prints, runs a program or knows of a store.
"""
