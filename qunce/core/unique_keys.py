"""Keys that are derived from names, or chosen."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from qunce.core import errors

MAX_LENGTH = 100


class KeyTooLong(errors.Invalid):
    """A key has more characters than are stored."""


def unused_key(base: str, used: Collection[str]) -> str:
    """Return `base`, or `base` with the lowest number from 2 that makes it unused."""
    numbered = (f"{base}-{number}" for number in range(2, len(used) + 3))
    return next(key for key in (base, *numbered) if key not in used)


def check_length(key: str) -> str:
    """Return the key. Raises KeyTooLong."""
    if len(key) > MAX_LENGTH:
        text = _("The key has %(count)s characters; %(limit)s are possible.")
        raise KeyTooLong(text % {"count": len(key), "limit": MAX_LENGTH})
    return key
