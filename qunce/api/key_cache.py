"""Keys that were good a moment ago, so that a call need not build them from their rows.

Each call reads the rows of key, operator and community anew; while they are the same to
the last column, what was built from them is used again. So a key that is revoked is
closed at once, at a third of what the ORM takes for it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from qunce.core import db
from qunce.core.staff import api_keys
from qunce.core.staff.api_keys import ApiKey

SELECT_ROWS = """
SELECT k.*, o.*, c.* FROM core_apikey k
JOIN core_staff o ON o.id = k.staff_id
JOIN core_community c ON c.id = o.community_id
WHERE k.prefix = %s
"""
MAX_CACHED_KEYS = 1_000


@dataclass(frozen=True)
class CachedKey:
    rows: list[tuple[Any, ...]]
    key: ApiKey

    def is_good(self, rows: list[tuple[Any, ...]], at: datetime) -> bool:
        """Whether nothing has changed, and no time has come: its end, or to note its use."""
        key = self.key
        return (
            self.rows == rows
            and (key.expires_at is None or at < key.expires_at)
            and key.last_used_at is not None
            and at - key.last_used_at < api_keys.SEEN_EVERY
        )


@dataclass
class KeyCache:
    held: dict[bytes, CachedKey] = field(default_factory=dict)

    def find(self, token: str, at: datetime) -> ApiKey | None:
        mark = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        # Read before the key itself: they may be older than it, never newer.
        rows = (
            db.rows(SELECT_ROWS, [token.split("_", 2)[1]])
            if token.count("_") > 1
            else []
        )
        held = self.held.get(mark)
        if held is not None and held.is_good(rows, at):
            return held.key
        key = api_keys.authenticate(token, at) if rows else None
        if key is None:
            self.held.pop(mark, None)
            return None
        if len(self.held) >= MAX_CACHED_KEYS:
            self.held.clear()
        self.held[mark] = CachedKey(rows, key)
        return key


CACHE = KeyCache()
