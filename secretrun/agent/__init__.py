"""`secretrun agent`: to secrets what ssh-agent is to keys. Values in memory only, for a while.

`wire` and `memory` are pure; `place` knows where the socket is and whom to trust; `server` and `client`
do the I/O.
"""
