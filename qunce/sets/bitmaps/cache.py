"""The cache of sets in memory, which evicts the least recently used entries."""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import numpy as np
from django.conf import settings
from pyroaring import BitMap

from qunce.sets.bitmaps.attribute_columns import Column
from qunce.sets.bitmaps.bit_counters import BitCounter

ENTRY_OVERHEAD_BYTES = 256
"""Added to the size of each entry, so that many tiny sets are not free."""


class Cache:
    """Maps a key to (version, content); a content is valid for its version only.

    Contents are shared between threads and must not be changed.
    """

    def __init__(self) -> None:
        self._entries: OrderedDict[Hashable, tuple[Any, Any, int]] = OrderedDict()
        self._lock = threading.Lock()
        self.size = 0

    def get(self, key: Hashable) -> tuple[Any, Any] | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0], entry[1]

    def set(self, key: Hashable, version: Any, content: Any) -> None:
        # Measured outside the lock, as it walks the whole content.
        size = ENTRY_OVERHEAD_BYTES + size_of(content)
        with self._lock:
            old = self._entries.pop(key, None)
            self.size += size - (old[2] if old else 0)
            self._entries[key] = (version, content, size)
            # The entry just set stays, even if it is larger than the limit.
            while self.size > settings.SETS_CACHE_BYTES and len(self._entries) > 1:
                self.size -= self._entries.popitem(last=False)[1][2]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self.size = 0


def size_of(content: Any) -> int:
    """Approximate size of a content in bytes."""
    # sys.getsizeof would see only the Python object, not the containers behind it.
    if isinstance(content, BitMap):
        statistics = content.get_statistics()
        return int(
            statistics["n_bytes_array_containers"]
            + statistics["n_bytes_bitset_containers"]
            + statistics["n_bytes_run_containers"]
        )
    if isinstance(content, BitCounter):
        return sum(size_of(slice_) for slice_ in content.slices)
    if isinstance(content, Column):
        # About 50 bytes for a Python string beside its characters.
        texts = sum(len(text) + 50 for text in content.texts)
        return content.accounts.nbytes * 3 + texts
    if isinstance(content, np.ndarray):
        return content.nbytes
    if isinstance(content, tuple | list):
        return sum(size_of(part) for part in content)
    if dataclasses.is_dataclass(content):
        return sum(
            size_of(getattr(content, field.name))
            for field in dataclasses.fields(content)
        )
    return 0


CACHE = Cache()
