"""Copies: nearly the same text of several people, which no limit per person finds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from math import ceil
from operator import itemgetter
from typing import Any, ClassVar
from zlib import crc32

from django.utils.translation import gettext_lazy

from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.base import (
    Check,
    CompiledCheck,
    Judgement,
    Scope,
    State,
)
from qunce.groups.moderation.checks.findings import Evidence
from qunce.groups.moderation.checks.options import (
    MAX_WINDOW_SECONDS,
    Number,
    Option,
)
from qunce.groups.moderation.checks.subjects import Kind, Subject
from qunce.groups.moderation.contents.normalisation import Normalised

GRAM = 4
MAX_GRAMS = 96
"""Hashes kept of a text. Longer texts are compared by the smallest of their hashes."""
MAX_TEXTS = 150
"""Texts of a group that are remembered, the last ones."""

Entry = Sequence[Any]
"""[milliseconds, key of the message, account, hashes in their order]"""


def list_grams(text: Normalised) -> list[int]:
    """Hashes of the 4-grams of a text's letters and digits, in their order."""
    plain = text.letters
    grams = {plain[index : index + GRAM] for index in range(len(plain) - GRAM + 1)}
    return sorted(set(map(crc32, map(str.encode, grams))))[:MAX_GRAMS]


def is_similar(one: frozenset[int], other: Sequence[int], percent: int) -> bool:
    """Whether the Jaccard similarity of two sets reaches a percentage."""
    shared = len(one.intersection(other))
    return 100 * shared >= percent * (len(one) + len(other) - shared)


class Texts(dict[str, Any]):
    """The state of a group, {"entries": …}, with an index in memory.

    Sets of which p percent agree share one of the first hashes of each, n - p·n + 1 of n
    (the prefix filter of exact similarity joins); only these are in the index. A state
    from storage is a plain dictionary, of which the index is made again. States that
    follow one another share the index, and each has its own entries.
    """

    def __init__(
        self, state: Mapping[str, Any], percent: int, before: Texts | None = None
    ) -> None:
        """The index is that of the state `before`, if there is one."""
        super().__init__(state)
        self.percent = percent
        self._index: dict[int, list[Entry]] = {} if before is None else before._index
        self._indexed: int = 0 if before is None else before._indexed
        entries = self.setdefault("entries", [])
        for entry in entries if before is None else ():
            self._insert(entry)

    def _insert(self, entry: Entry) -> None:
        self._indexed += 1
        for value in list_prefix(entry[3], self.percent):
            self._index.setdefault(value, []).append(entry)

    def with_entry(self, entry: Entry, milliseconds: int) -> Texts:
        """The state with one more entry, without those much older than the newest."""
        entries: list[Entry] = list(self["entries"])
        if not entries or entries[-1][0] < entry[0]:
            entries.append(entry)
        else:
            place = bisect_left(entries, entry[0], key=itemgetter(0))
            if any(each[1] == entry[1] for each in entries[place:]):
                return self
            entries.insert(place, entry)
        horizon = entries[-1][0] - milliseconds
        if len(entries) > MAX_TEXTS or entries[0][0] <= horizon:
            first = bisect_right(entries, horizon, key=itemgetter(0))
            entries = entries[max(first, len(entries) - MAX_TEXTS) :]
        state = {**self, "entries": entries}
        if self._indexed > 4 * MAX_TEXTS:
            return Texts(state, self.percent)
        following = Texts(state, self.percent, before=self)
        following._insert(entry)
        return following

    def list_similar(self, grams: Sequence[int]) -> list[Entry]:
        """The entries that are similar to a text with these hashes, itself included."""
        found = {
            id(entry): entry
            for value in list_prefix(grams, self.percent)
            for entry in self._index.get(value, ())
        }
        given = frozenset(grams)
        similar = {
            key: entry
            for key, entry in found.items()
            if is_similar(given, entry[3], self.percent)
        }
        # The index also has entries that are forgotten. Mostly, a text is like no other.
        last: list[Entry] = self["entries"][-1:]
        if len(similar) == 1 and last and id(last[0]) in similar:
            return last
        return [entry for entry in self["entries"] if id(entry) in similar]


def list_prefix(grams: Sequence[int], percent: int) -> Sequence[int]:
    return grams[: len(grams) - ceil(percent * len(grams) / 100) + 1]


class CompiledCopies(CompiledCheck):
    scope = Scope.GROUP

    def __init__(self, check: CopyCheck, options: Mapping[str, Any]) -> None:
        self._check = check
        self._people: int = options["people"]
        self._seconds: int = options["seconds"]
        self._percent: int = options["percent"]
        self._shortest: int = options["shortest"]

    def judge(self, subject: Subject, state: State | None = None) -> Judgement:
        state = state or {}
        at = subject.milliseconds
        if (
            subject.kind is not Kind.MESSAGE
            or subject.is_history
            or len(subject.normalised.digits) < self._shortest
            or at <= state.get("since", at - 1)
        ):
            return base.NOTHING
        grams = list_grams(subject.normalised)
        if not grams:
            return base.NOTHING
        texts = self._load(state)
        entry = [at, subject.key, subject.account, grams]
        texts = texts.with_entry(entry, 1000 * self._seconds)
        near = [
            each
            for each in texts.list_similar(grams)
            if abs(each[0] - at) < 1000 * self._seconds
        ]
        people = {each[2] for each in near} | {subject.account}
        if len(people) <= self._people:
            return Judgement(state=texts)
        evidence = Evidence(
            reason="copy",
            start=0,
            end=len(subject.text),
            matched=subject.text,
            words={
                "count": len(people),
                "seconds": self._seconds,
                "most": self._people,
            },
            messages=[each[1] for each in near],
        )
        return Judgement([self._check.finding(1, evidence)], texts)

    def _load(self, state: State) -> Texts:
        if isinstance(state, Texts) and state.percent == self._percent:
            return state
        return Texts(state, self._percent)

    def clear(self, state: State, account: str) -> State:
        """Without the texts of a person; of nobody (""), without all of them."""
        entries = state.get("entries", [])
        if account:
            kept = [each for each in entries if each[2] != account]
            return {**state, "entries": kept}
        return {"since": max(each[0] for each in entries)} if entries else dict(state)


@base.register
class CopyCheck(Check):
    key = "copies"
    rank = 80
    label = gettext_lazy("Copies")
    description = gettext_lazy(
        "Nearly the same text of several people, as when many accounts post one advert."
    )
    options: ClassVar[tuple[Option[Any], ...]] = (
        Number(
            key="people",
            label=gettext_lazy("People who may write it"),
            default=2,
            least=1,
            most=50,
        ),
        Number(
            key="seconds",
            label=gettext_lazy("Within a time span of"),
            unit=gettext_lazy("seconds"),
            default=600,
            least=1,
            most=MAX_WINDOW_SECONDS,
        ),
        Number(
            key="percent",
            label=gettext_lazy("Similarity from"),
            unit="%",
            default=70,
            least=30,
            most=100,
        ),
        Number(
            key="shortest",
            label=gettext_lazy("Shortest text that counts"),
            unit=gettext_lazy("characters"),
            default=12,
            least=4,
            most=1_000,
        ),
    )
    reasons = {
        "copy": gettext_lazy(
            "%(count)s people wrote nearly the same within %(seconds)s seconds, "
            "%(most)s allowed."
        ),
    }

    def compile(self, options: Mapping[str, Any]) -> CompiledCopies:
        return CompiledCopies(self, options)
