"""Imports facts: `kind, member_key, group_key, happened_at, payload, key`.

A row without a key gets one from its content, so that the same row twice is one fact.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext_lazy as _

from qunce.core import timestamps
from qunce.core.facts import facts, ingest, interned_names
from qunce.groups import groups
from qunce.importing import account_resolver
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import ParsedChunk
from qunce.importing.plan import ImportPlan
from qunce.importing.target_registry import Field, Target

KEYS_PER_HASH_CALL = 50_000


def _check_kind(text: str) -> str:
    facts.check_kind(text)
    return text


class FactTarget(Target):
    key = "facts"
    label = _("Facts")
    description = _("what members did and when, for example chat logs")
    position = 5
    required = (("kind",), ("happened_at",))
    fields = (
        Field(
            "kind",
            "key",
            _("Kind of fact (noun.verb)"),
            "event event_type type 事件 行为",
            _check_kind,
        ),
        Field(
            "member_key",
            "key",
            _("Member number"),
            "member user_id customer_id openid 用户 用户id 会员id",
        ),
        Field(
            "group_key",
            "key",
            _("Group"),
            "group group_id chat_id 群 群id",
        ),
        Field(
            "happened_at",
            "instant",
            _("When it happened"),
            "time timestamp date created_at 时间 发生时间",
        ),
        Field(
            "payload",
            "object",
            _("Details (JSON)"),
            "data properties 属性",
        ),
        Field(
            "key",
            "key",
            _("Fact number"),
            "id event_id uuid 编号",
        ),
    )
    count_labels = {"facts": _("new facts")}
    examples = {
        "en": [
            ["kind", "member_key", "happened_at", "payload"],
            ["message.posted", "M1001", "2026-03-07 20:15", '{"length": 12}'],
            ["page.viewed", "M1002", "2026-03-08 09:02", '{"page": "menu"}'],
        ],
        "zh-hans": [
            ["事件", "用户", "发生时间", "属性"],
            ["message.posted", "M1001", "2026-03-07 20:15", '{"length": 12}'],
            ["page.viewed", "M1002", "2026-03-08 09:02", '{"page": "menu"}'],
        ],
    }

    def writer(self, job: ImportJob, plan: ImportPlan) -> FactWriter:
        return FactWriter(job)


TARGET = FactTarget()


class FactWriter:
    def __init__(self, job: ImportJob) -> None:
        self._job = job
        community = job.community
        source_ids = interned_names.ensure("source", community.pk, [job.source])
        self._source_id = source_ids[job.source]
        self._resolver = account_resolver.AccountResolver(
            community, by=job.by, at=job.started_at, source=job.source
        )
        self._group_ids: dict[str, int] = {}

    def load(self, chunk: ParsedChunk) -> int:
        # The columns of the chunk are released as soon as they are converted.
        times = np.asarray(chunk.columns.pop("happened_at"))
        # Outside the batches: creating members has transactions of its own.
        accounts = self._resolver.resolve(chunk.get("member_key"), times)
        keys = chunk.get("key")
        if keys.null_count:
            # From the content, so that the same file again adds no facts. The prefix
            # keeps such keys apart from those of other programs.
            names = ("kind", "member_key", "group_key", "payload")
            columns: list[list[Any]] = [chunk.get(name).to_pylist() for name in names]
            columns.append(times.tolist())
            filled = []
            for key, *content in zip(keys.to_pylist(), *columns, strict=True):
                if key is None:
                    text = repr(content).encode()
                    key = "~" + hashlib.blake2b(text, digest_size=15).hexdigest()
                filled.append(key)
            keys = pa.array(filled, pa.string())
        hashes = np.empty(len(keys), dtype=np.int64)
        # In parts, as Python objects take much more memory than Arrow's.
        for start in range(0, len(keys), KEYS_PER_HASH_CALL):
            part = keys.slice(start, KEYS_PER_HASH_CALL).cast(pa.binary()).to_pylist()
            hashes[start : start + len(part)] = ingest.hashes_of(self._source_id, part)
        # Sorted, so that neighbours in the table of hashes are written together.
        order = np.lexsort((chunk.row_numbers, hashes))
        self._hashes, self._times = hashes[order], times[order]
        self._accounts = accounts[order]
        # A file has few kinds, so they are resolved once each.
        encoded = pc.dictionary_encode(chunk.get("kind"))
        kinds = encoded.dictionary.to_pylist()
        ids_by_kind = facts.ensure_kinds(kinds)
        ids_by_code = np.array([ids_by_kind[kind] for kind in kinds], dtype=np.int64)
        self._kinds = ids_by_code[np.asarray(encoded.indices)][order]
        self._groups = self._resolve_groups(chunk.get("group_key"), times)[order]
        self._payloads = chunk.get("payload").take(pa.array(order))
        chunk.columns.clear()
        self._keys = keys.take(pa.array(order))
        return len(order)

    def _resolve_groups(self, keys: pa.Array, times: np.ndarray) -> np.ndarray:
        """Return group ids, 0 for null keys; unknown groups are created."""
        encoded = pc.dictionary_encode(keys)
        names = encoded.dictionary.to_pylist()
        missing = [name for name in names if name not in self._group_ids]
        if missing:
            self._group_ids |= groups.ensure(
                community=self._job.community,
                keys=missing,
                by=self._job.by,
                at=timestamps.from_micros(int(times.min())),
            )
        ids = np.array([self._group_ids.get(name, 0) for name in names] + [0])
        # Null keys get the last element, which is the appended 0.
        group_ids: np.ndarray = ids[
            np.asarray(pc.fill_null(encoded.indices, len(names)))
        ]
        return group_ids

    def batch(self, start: int, end: int) -> ingest.FactBatch:
        length = end - start
        return ingest.FactBatch(
            community_id=self._job.community_id,
            source_id=self._source_id,
            actor_id=None,
            recorded_at=timestamps.to_micros(self._job.started_at),
            kinds=self._kinds[start:end].tolist(),
            accounts=[
                account or None for account in self._accounts[start:end].tolist()
            ],
            groups=[group or None for group in self._groups[start:end].tolist()],
            happened_at=self._times[start:end].tolist(),
            payloads=self._payloads.slice(start, length).to_pylist(),
            keys=self._keys.slice(start, length).to_pylist(),
            hashes=self._hashes[start:end].tolist(),
        )

    def write(self, batch: ingest.FactBatch) -> Mapping[str, int]:
        # About 38,000 facts a second on SQLite with 50 million in the log
        # (docs/benchmarks.md).
        inserted = ingest.insert_new(batch)
        return {
            "facts": inserted,
            # Facts that were in the log are not an error: people import overlapping
            # exports.
            "known": len(batch) - inserted,
            "members": self._resolver.pop_created(),
        }
