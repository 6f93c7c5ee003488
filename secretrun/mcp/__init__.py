"""A Model Context Protocol server: what an agent may ask of secretrun. Names, status, policy.

It runs nothing, since that would be a shell outside the agent's rules, and no answer holds a value.
"""
