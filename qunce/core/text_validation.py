"""Text that every database, file and page can store."""

from __future__ import annotations

import re

SURROGATE = re.compile("[\ud800-\udfff]")


def is_valid(text: str) -> bool:
    """Whether `text` has no NUL, which PostgreSQL refuses, and no lone surrogate."""
    return "\0" not in text and (text.isascii() or not SURROGATE.search(text))
