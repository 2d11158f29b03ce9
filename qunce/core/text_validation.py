"""What can be written down: every database, file and page takes it."""

from __future__ import annotations


def is_valid(text: str) -> bool:
    """No NUL, which PostgreSQL refuses, and no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text)
