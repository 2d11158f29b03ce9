"""Checks of chat logs that single rows do not show, and the keys of their messages."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.core import day_texts, timestamps
from qunce.groups import group_names
from qunce.importing.accounts import account_resolver
from qunce.importing.files.chat_logs import chat_files, log_format
from qunce.importing.rows import parsing, row_checks
from qunce.importing.rows.parsing import ParsedChunk, Problem
from qunce.importing.targets.messages import log_questions
from qunce.importing.targets.messages.log_rows import EDITED, MAX_NAME_LENGTH, MESSAGE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.importing.plan.plan import ImportPlan

MINUTE = 60_000_000
MAX_JITTER = 10 * MINUTE
"""By how much a line may be earlier than the one before: phones send what waited."""
HOUR = 60 * MINUTE
MEMORY = 30 * MINUTE
"""For how long messages with the same content are counted, by their own clock."""


def check_chunks(
    plan: ImportPlan, chunks: Iterable[ParsedChunk]
) -> Iterator[ParsedChunk]:
    """Yield the chunks with groups and keys; odd rows are problems."""
    clock = LogClock(plan.zone) if _has_local_times(plan) else None
    numbers = MessageNumbers()
    completed = (_complete(plan, _on_clock(plan, clock, each)) for each in chunks)
    for chunk in account_resolver.check_chunks(plan, completed, key_wins=False):
        problems = list(row_checks.list_odd_times(plan, chunk, ("happened_at",)))
        problems += _check_groups(plan, chunk)
        checked = row_checks.refuse(chunk, problems)
        keys = numbers.keys_of(checked)
        columns = {**checked.columns, "key": pa.array(keys, pa.string())}
        yield dataclasses.replace(checked, columns=columns)


def _has_local_times(plan: ImportPlan) -> bool:
    """Whether the rows are in the order of a clock on a wall."""
    is_log = plan.source.format == chat_files.FORMAT
    return is_log and not log_format.get(plan.source.chat_format).is_json


# Clock


class LogClock:
    """The clock of who wrote a log, from line to line.

    Where clocks go back by an hour in the night, the second of two equal hours is found
    by the lines between them.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._last: int | None = None
        self._is_second_hour = False

    def read(self, moment: int) -> tuple[int, int]:
        """Return the moment that is meant, and by how much the clock has run back."""
        local = timestamps.from_micros(moment).astimezone(self._zone)
        is_twofold = local.replace(fold=1).utcoffset() != local.utcoffset()
        last = moment if self._last is None else self._last
        if is_twofold and not local.fold:
            later = local.replace(fold=1).astimezone(UTC)
            gap = timestamps.to_micros(later) - moment
            # Both readings are possible. An hour back is the change of the clock.
            if self._is_second_hour or last - moment > MAX_JITTER:
                self._is_second_hour = True
                moment += gap
        else:
            self._is_second_hour = False
        back = last - moment
        self._last = max(last, moment) if back <= MAX_JITTER else moment
        return moment, max(back, 0) if back > MAX_JITTER else 0


def _on_clock(
    plan: ImportPlan, clock: LogClock | None, chunk: ParsedChunk
) -> ParsedChunk:
    """Return the chunk with the moments that are meant, without lines that run back."""
    if clock is None or not len(chunk.row_numbers):
        return chunk
    moments: list[int] = []
    problems: list[Problem] = []
    times = chunk.columns["happened_at"].to_pylist()
    for row, moment in zip(chunk.row_numbers.tolist(), times, strict=True):
        meant, back = clock.read(moment)
        moments.append(meant)
        if back:
            value = str(parsing.format_value(plan, "happened_at", moment))
            problems.append(
                Problem(
                    row, plan.heading_of["happened_at"], value, _runs_back(row, back)
                )
            )
    columns = {**chunk.columns, "happened_at": pa.array(moments, pa.int64())}
    return row_checks.refuse(dataclasses.replace(chunk, columns=columns), problems)


def _runs_back(row: int, back: int) -> str:
    return _(
        "In line %(row)s the clock runs back by %(time)s. Two logs, or times of two time "
        "zones, may be in one file: split it before this line, and import both parts."
    ) % {"row": f"{row:,}", "time": day_texts.duration(60 * (back // MINUTE))}


# Groups and authors


def _complete(plan: ImportPlan, chunk: ParsedChunk) -> ParsedChunk:
    """Return the chunk with kinds and groups, and people under the keys they get."""
    size = len(chunk.row_numbers)
    kinds = pc.fill_null(chunk.get("kind"), MESSAGE)
    columns = {**chunk.columns, "kind": kinds}
    if "group_key" not in columns:
        columns["group_key"] = pa.repeat(
            pa.scalar(log_questions.group_of(plan), pa.string()), size
        )
    if (namespace := log_questions.namespace_of(plan)) and "member_key" in columns:
        authors = columns["member_key"]
        columns["name"] = pc.coalesce(chunk.get("name"), authors)
        # A phone number is that of a member, whatever the log.
        is_phone = pc.match_substring_regex(authors, r"^\+\d[\d ()-]{6,}$")
        prefix = pa.scalar(f"{namespace[: MAX_NAME_LENGTH // 2]}/", pa.string())
        own = pc.binary_join_element_wise(prefix, authors, "")
        columns["member_key"] = pc.if_else(is_phone, authors, own)
    return dataclasses.replace(chunk, columns=columns)


def _check_groups(plan: ImportPlan, chunk: ParsedChunk) -> Iterator[Problem]:
    if "group_key" not in plan.mapping.values():
        return
    texts = chunk.get("group_key").to_pylist()
    keys_of = group_names.list_ambiguous(plan.community, {t for t in texts if t})
    heading = plan.heading_of["group_key"]
    for row, text in zip(chunk.row_numbers.tolist(), texts, strict=True):
        if not text:
            remedy = _("This field is empty. Every row needs a value here.")
            yield Problem(row, heading, "", remedy)
        elif text in keys_of:
            remedy = _(
                "Several groups are called “%(name)s”. Use the key of one: %(keys)s."
            ) % {"name": text, "keys": ", ".join(keys_of[text])}
            yield Problem(row, heading, text, remedy)


# Keys


class MessageNumbers:
    """Gives messages keys that are the same in every log that has them.

    A message is its number if the log has one, else its time, author and text; of several
    with the same, each has a number of its own. A log that begins later, or overlaps
    another one, has the same keys.
    """

    def __init__(self) -> None:
        self._counts: Counter[bytes] = Counter()
        self._before: Counter[bytes] = Counter()
        self._since: int | None = None

    def keys_of(self, chunk: ParsedChunk) -> list[str]:
        if not len(chunk.row_numbers):
            return []
        columns: Sequence[list[str | int | None]] = [
            chunk.get(name).to_pylist()
            for name in ("key", "kind", "happened_at", "member_key", "text")
        ]
        return [self._key(*row) for row in zip(*columns, strict=True)]

    def _key(
        self,
        number: str | int | None,
        kind: str | int | None,
        moment: str | int | None,
        author: str | int | None,
        text: str | int | None,
    ) -> str:
        if number:
            return f"#{number}"
        self._forget(int(moment or 0))
        # A message that was edited before its log was first imported has one key.
        kind = MESSAGE if kind == EDITED else kind
        content = "\x1f".join(str(each or "") for each in (kind, moment, author, text))
        digest = hashlib.blake2b(content.encode(), digest_size=12).digest()
        self._counts[digest] += 1
        occurrence = self._counts[digest] + self._before[digest]
        return f"{digest.hex()}-{occurrence}"

    def _forget(self, moment: int) -> None:
        """Forget messages that are too old to be of the same minute, in two steps."""
        if self._since is None or abs(moment - self._since) > MEMORY:
            is_next = self._since is not None and moment - self._since < 2 * MEMORY
            self._before = self._counts if is_next else Counter()
            self._counts, self._since = Counter(), moment


def moments_of(chunk: ParsedChunk) -> NDArray[np.int64]:
    return np.asarray(chunk.columns["happened_at"])
