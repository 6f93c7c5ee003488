"""What the kernel gives, one file a thing: descriptors, signals, the terminal, places in the file system.
Everybody below the command line may come in. No policy stands here, and nothing knows what a secret is.
"""
