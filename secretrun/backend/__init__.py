"""All that a backend may import, besides errors, model, reference and formats: the contract and its tools.
Public. No backend is known here, no command line is read, and no value is kept.
"""

from secretrun.backend.contract import (
    Backend,
    BackendInfo,
    Checkable,
    Context,
    Health,
    Listing,
    Prompting,
)

__all__ = [
    "Backend",
    "BackendInfo",
    "Checkable",
    "Context",
    "Health",
    "Listing",
    "Prompting",
]
