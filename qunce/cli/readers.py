"""Small readings that several commands share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from django.utils.translation import gettext as _

from qunce.cli import given


def keys_of(listed: str | None, file: str | None) -> list[str]:
    """Member keys from `--members a,b` and from `--file`, one a line."""
    keys = (listed or "").split(",")
    if file:
        try:
            keys += Path(file).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise given.BadUsage(
                _("“%(file)s” cannot be read: %(why)s.") % {"file": file, "why": error}
            ) from None
    return unique(key.strip() for key in keys)


def unique(keys: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(key for key in keys if key))


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
