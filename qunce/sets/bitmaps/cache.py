"""Sets held in memory under the label they were true at, the least used dropped first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

from django.conf import settings
from pyroaring import BitMap

from qunce.sets.bitmaps.attribute_columns import Column
from qunce.sets.bitmaps.bit_counters import BitCounter

ENTRY_OVERHEAD_BYTES = 256
"""Bytes counted for anything, so that many tiny sets are not free."""


class Cache:
    """Key → (label, content). Contents are shared between threads and never changed."""

    def __init__(self) -> None:
        self._held: OrderedDict[Hashable, tuple[Any, Any, int]] = OrderedDict()
        self._lock = threading.Lock()
        self.size = 0

    def get(self, key: Hashable) -> tuple[Any, Any] | None:
        with self._lock:
            found = self._held.get(key)
            if found is None:
                return None
            self._held.move_to_end(key)
            return found[0], found[1]

    def put(self, key: Hashable, label: Any, content: Any) -> None:
        size = ENTRY_OVERHEAD_BYTES + size_of(content)
        with self._lock:
            old = self._held.pop(key, None)
            self.size += size - (old[2] if old else 0)
            self._held[key] = (label, content, size)
            while self.size > settings.SETS_CACHE_BYTES and len(self._held) > 1:
                self.size -= self._held.popitem(last=False)[1][2]

    def clear(self) -> None:
        with self._lock:
            self._held.clear()
            self.size = 0


def size_of(content: Any) -> int:
    """Bytes that a content takes, nearly."""
    if isinstance(content, BitMap):
        return _bytes_of(content)
    if isinstance(content, BitCounter):
        return sum(_bytes_of(some) for some in content.slices)
    if isinstance(content, Column):
        words = sum(len(word) + 50 for word in content.words)
        return content.accounts.nbytes * 3 + words
    if isinstance(content, tuple | list):
        return sum(size_of(part) for part in content)
    return 0


def _bytes_of(some: BitMap) -> int:
    facts = some.get_statistics()
    return int(
        facts["n_bytes_array_containers"]
        + facts["n_bytes_bitset_containers"]
        + facts["n_bytes_run_containers"]
    )


CACHE = Cache()
