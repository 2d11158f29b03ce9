"""Text that every database, file and page can store."""

from __future__ import annotations


def is_valid(text: str) -> bool:
    """Whether `text` has no NUL, which PostgreSQL refuses, and no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
