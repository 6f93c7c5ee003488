"""Keeping what an SDK logs and warns of off standard error, which is the command's and our messages'.

A logger without a handler prints its warnings there, and those can quote URLs and answers. What fails is
reported by the error the backend makes of it.
"""

from __future__ import annotations


def quiet(*names: str) -> None:
    """Take the last resort from these loggers, and the warnings about old versions of Python."""
    import logging
    import warnings

    for name in names:
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
