"""Coding agents: how each is told apart, what is written into its settings, how its events are answered.

Whoever starts or answers an agent comes here. Nothing here runs an agent's command or resolves a reference.
"""
