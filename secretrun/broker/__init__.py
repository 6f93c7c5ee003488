"""The egress proxy: the command holds placeholders, and a request that a rule allows leaves with the value.
`policy`, `wire`, `places`, `bodies` and what they use are pure; sockets, files and processes are in `server`,
`exchange`, `answers`, `upstream`, `ca`, `journal`, `process`. Nothing real ever reaches the command's side.
"""
