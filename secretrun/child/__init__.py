"""What the command is given, and how it starts: environment, files, descriptors, exec.
`session` and `launch` come in. Nothing is resolved or masked here, and only `start` knows ptyprocess.
"""
