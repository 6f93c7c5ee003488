"""A plan and the stores to values: every store once, side by side, all failures told together.
`launch` and the verbs come in. Nothing is ever resolved in part, and no backend is imported by name.
"""
