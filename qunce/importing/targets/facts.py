"""Facts from files: `kind, member_key, group_key, happened_at, payload, key`.

A row without a key is known by what it says, so the same row twice is one fact.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qunce.core import batch_writes, timestamps
from qunce.core.facts import facts, ingest, interned_names
from qunce.groups import groups
from qunce.importing import account_resolver, registry
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import ParsedChunk, Reading

AT_ONCE = 50_000


def _kind(text: str) -> str:
    facts.check_kind(text)
    return text


class FactTarget:
    key = "facts"
    extras = ""
    required = (("kind",), ("happened_at",))
    fields = (
        registry.Field(
            "kind",
            "key",
            "event event_type type 事件 行为",
            _kind,
        ),
        registry.Field(
            "member_key",
            "key",
            "member user_id customer_id openid 用户 用户id 会员id",
        ),
        registry.Field(
            "group_key",
            "key",
            "group group_id chat_id 群 群id",
        ),
        registry.Field(
            "happened_at",
            "moment",
            "time timestamp date created_at 时间 发生时间",
        ),
        registry.Field(
            "payload",
            "object",
            "data properties 属性",
        ),
        registry.Field(
            "key",
            "key",
            "id event_id uuid 编号",
        ),
    )

    def chunks(self, reading: Reading) -> Iterator[ParsedChunk]:
        return reading.chunks()

    def writer(self, job: ImportJob, reading: Reading) -> registry.Writer:
        return FactWriter(job)

    def kinds(self, reading: Reading) -> dict[str, str]:
        return {}


class FactWriter:
    def __init__(self, job: ImportJob) -> None:
        self._job, self._pace = job, batch_writes.BatchSizer()
        community = job.community
        source = interned_names.ensure("source", community.pk, [job.source])[job.source]
        self._source_id = source
        self._accounts = account_resolver.AccountResolver(
            community, by=job.by, at=job.started_at, source=job.source
        )
        self._groups: dict[str, int] = {}
        self._made = 0

    def ready(self, chunk: ParsedChunk) -> int:
        times = np.asarray(chunk.columns.pop("happened_at"))
        ids, made = self._accounts.resolve(chunk.get("member_key"), times, self._pace)
        self._made += made
        keys = _keys(chunk, times)
        hashes = self._hashes_of(keys)
        # Neighbours in the table of hashes are written together.
        order = np.lexsort((chunk.rows, hashes))
        self._hashes, self._times, self._ids = hashes[order], times[order], ids[order]
        self._kinds = self._kind_ids(chunk.get("kind"))[order]
        self._group_ids = self._ids_of_groups(chunk.get("group_key"), times)[order]
        self._payloads = chunk.get("payload").take(pa.array(order))
        chunk.columns.clear()
        self._keys = keys.take(pa.array(order))
        return len(order)

    def _hashes_of(self, keys: pa.Array) -> np.ndarray:
        parts = [
            ingest.hashes_of(
                self._source_id,
                keys.slice(begin, AT_ONCE).cast(pa.binary()).to_pylist(),
            )
            for begin in range(0, len(keys), AT_ONCE)
        ]
        return np.concatenate(parts or [np.empty(0, dtype=np.int64)])

    def _kind_ids(self, kinds: pa.Array) -> np.ndarray:
        encoded = pc.dictionary_encode(kinds)
        words = encoded.dictionary.to_pylist()
        known = facts.ensure_kinds(words)
        numbers = np.array([known[word] for word in words], dtype=np.int64)
        ids: np.ndarray = numbers[np.asarray(encoded.indices)]
        return ids

    def _ids_of_groups(self, keys: pa.Array, times: np.ndarray) -> np.ndarray:
        """Ids, 0 where there is none."""
        encoded = pc.dictionary_encode(keys)
        words = encoded.dictionary.to_pylist()
        missing = [word for word in words if word not in self._groups]
        if missing:
            self._groups |= groups.ensure(
                community=self._job.community,
                keys=missing,
                by=self._job.by,
                at=timestamps.from_micros(int(times.min())),
            )
        numbers = np.array([self._groups.get(word, 0) for word in words] + [0])
        places = np.asarray(pc.fill_null(encoded.indices, len(words)))
        ids: np.ndarray = numbers[places]
        return ids

    def batch(self, begin: int, end: int) -> ingest.FactBatch:
        length = end - begin
        return ingest.FactBatch(
            community_id=self._job.community_id,
            source_id=self._source_id,
            actor_id=None,
            recorded_at=timestamps.to_micros(self._job.started_at),
            kinds=self._kinds[begin:end].tolist(),
            accounts=_or_none(self._ids[begin:end]),
            groups=_or_none(self._group_ids[begin:end]),
            happened_at=self._times[begin:end].tolist(),
            payloads=self._payloads.slice(begin, length).to_pylist(),
            keys=self._keys.slice(begin, length).to_pylist(),
            hashes=self._hashes[begin:end].tolist(),
        )

    def write(self, batch: ingest.FactBatch) -> Mapping[str, int]:
        taken = ingest.insert_new(batch)
        made, self._made = self._made, 0
        return {"facts": taken, "known": len(batch) - taken, "members": made}


def _or_none(ids: np.ndarray) -> list[int | None]:
    return [one or None for one in ids.tolist()]


def _keys(chunk: ParsedChunk, times: np.ndarray) -> pa.Array:
    """The rows' keys, or what they say where they have none."""
    keys = chunk.get("key")
    if not keys.null_count:
        return keys
    words = ("kind", "member_key", "group_key", "payload")
    columns: list[list[Any]] = [chunk.get(name).to_pylist() for name in words]
    columns.append(times.tolist())
    made = [
        key if key is not None else "~" + _digest(repr(said))
        for key, *said in zip(keys.to_pylist(), *columns, strict=True)
    ]
    return pa.array(made, pa.string())


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=15).hexdigest()
