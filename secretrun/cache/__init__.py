"""The process that remembers: to secrets what ssh-agent is to keys. Values in memory only, for a while.
`resolution` reaches it through its client, the verb starts it. It answers its own user alone.
"""
