"""How often each person said each word on a day, as stored in `WordDay.pairs`.

A busy group has 15,000 pairs of a word and a person a day, and a page reads two months of
them. As arrays they are read twenty times as fast as lists in JSON.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

COLUMNS = ("lengths", "accounts", "times")
KINDS = ("<u1", "<u2", "<u4", "<i8")
"""Types of whole numbers, little endian on every machine, as databases move."""


@dataclass(frozen=True)
class WordCounts:
    """`words`, and for each the next of `lengths` elements of `accounts` and `times`."""

    words: list[str]
    lengths: Ints
    accounts: Ints
    times: Ints

    def accounts_of(self, word: str) -> Ints:
        """The accounts that said a word, each once."""
        if word not in self.words:
            return self.accounts[:0]
        index = self.words.index(word)
        first = int(self.lengths[:index].sum())
        return self.accounts[first : first + int(self.lengths[index])]

    def by_word(self) -> Iterator[tuple[str, list[tuple[int, int]]]]:
        """Each word with its accounts and how often each of them said it."""
        ends = np.cumsum(self.lengths)
        parts = zip(
            self.words, (ends - self.lengths).tolist(), ends.tolist(), strict=True
        )
        for word, first, end in parts:
            accounts, times = self.accounts[first:end], self.times[first:end]
            yield word, list(zip(accounts.tolist(), times.tolist(), strict=True))


def encode(counts: Mapping[str, Mapping[int, int]]) -> str:
    """The text of counts by word and account; "" without any."""
    if not counts:
        return ""
    pairs = [sorted(own.items()) for own in counts.values()]
    columns = (
        [len(own) for own in pairs],
        [account for own in pairs for account, _times in own],
        [times for own in pairs for _account, times in own],
    )
    stored = {"words": list(counts)} | {
        name: _pack(column) for name, column in zip(COLUMNS, columns, strict=True)
    }
    return json.dumps(stored, ensure_ascii=False, separators=(",", ":"))


def decode(text: str) -> WordCounts:
    """The counts of a text of `encode`."""
    stored = json.loads(text) if text else {"words": []}
    return WordCounts(
        stored["words"], *(_unpack(stored.get(name, "")) for name in COLUMNS)
    )


def _pack(numbers: list[int]) -> str:
    """The numbers in as few bytes each as the largest needs, after the name of the type."""
    most = max(numbers, default=0)
    kind = next(each for each in KINDS if most <= np.iinfo(each).max)
    packed = zlib.compress(np.array(numbers, kind).tobytes(), 1)
    return f"{kind}:{base64.b64encode(packed).decode()}"


def _unpack(text: str) -> Ints:
    if not text:
        return np.empty(0, np.int64)
    kind, _colon, packed = text.rpartition(":")
    numbers = zlib.decompress(base64.b64decode(packed))
    # Counts of earlier versions name no type.
    return np.frombuffer(numbers, kind or KINDS[-1]).astype(np.int64)
