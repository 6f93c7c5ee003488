"""One run from settings to exit: what every front (command line, MCP, CI) shares.
Knows every room below; never parses options and never prints but through `messages`.
"""
