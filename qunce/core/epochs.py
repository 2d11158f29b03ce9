"""The epoch of the database: another one after a backup was restored.

Rows that are created after a restore have the ids of rows that are gone. A platform that
remembers what it was sent with such an id would take the new message for the old one, and
drop it. Where ids go to a platform for this, the epoch goes with them.
"""

from __future__ import annotations

from collections.abc import Callable

LENGTH = 12
_sources: list[Callable[[], str]] = []


def register(source: Callable[[], str]) -> None:
    """`source` returns a token that is the same until a backup is restored."""
    _sources[:] = [source]


def current() -> str:
    """The epoch, the same over restarts and in all processes."""
    return _sources[0]()[:LENGTH] if _sources else ""
