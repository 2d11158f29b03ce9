"""Reads a file of facts once: checks its rows, and spills those that are valid."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from django.conf import settings

from qunce.core import db
from qunce.core.facts import key_hashes, reported_facts
from qunce.core.facts.reported_kinds import KindLimits
from qunce.importing.accounts import account_resolver
from qunce.importing.files.staging import StagingFolder
from qunce.importing.plan.plan import ImportPlan
from qunce.importing.rows import parsing, prefetch
from qunce.importing.rows.parsing import ParsedChunk
from qunce.importing.targets.facts import checks, spill, writer
from qunce.importing.targets.facts.spill import FactSpill


def create(plan: ImportPlan) -> FactSpill:
    """Return an empty spill, which the plan closes at its end."""
    mapped = set(plan.mapping.values())
    references = [name for name in checks.MEMBER_FIELDS if name in mapped]
    created = FactSpill(
        StagingFolder(Path(settings.HOME) / "imports"),
        spill.count_parts(plan.source.lines),
        by_key=db.is_postgresql(),
        references=references or ["member_key"],
        kind_limits=KindLimits(plan.community.pk),
    )

    def forget() -> None:
        plan.cache = None
        created.close()

    plan.resources.callback(forget)
    return created


def read(plan: ImportPlan, rows: FactSpill) -> Iterator[ParsedChunk]:
    """Spill the valid rows; yields the problems and the number of rows of each chunk."""
    source = writer.source_id(plan)
    none, digest = np.empty(0, dtype=np.int64), 0
    for chunk in checked_chunks(plan, rows.kind_limits):
        if len(chunk.row_numbers):
            times = np.asarray(chunk.columns["happened_at"])
            keys = _fill_keys(chunk, times)
            # PostgreSQL has a unique index on the keys themselves.
            hashes = np.zeros(len(keys), dtype=np.int64)
            if not rows.by_key:
                hashes = key_hashes.hashes_of(source, keys)
            table = {
                "row": chunk.row_numbers,
                "hash": hashes,
                "happened_at": times,
                "key": keys,
            }
            table |= {
                name: chunk.get(name)
                for name in ("kind", "group_key", "payload", *rows.references)
            }
            rows.add(pa.table(table), checks.has_effect(chunk.columns["kind"]))
        digest = zlib.crc32(chunk.row_numbers.tobytes(), digest)
        stand_in = dataclasses.replace(
            chunk, columns={}, row_numbers=none, broken_keys=[], digest=digest
        )
        rows.chunks.append(dataclasses.replace(stand_in, problems=[]))
        yield stand_in
    rows.finish()


def checked_chunks(plan: ImportPlan, kind_limits: KindLimits) -> Iterator[ParsedChunk]:
    """Yield the valid rows of each block of the file, which a thread parses ahead."""
    limits = checks.time_limits(plan)
    # Before the thread, which must not use the database.
    _reader = plan.identifier_reader
    parsed = prefetch.iterate(
        lambda: parsing.parse_batches(plan), parsing.MAX_BATCHES_AHEAD
    )
    chunks = (checks.check(plan, chunk, limits, kind_limits) for chunk in parsed)
    yield from account_resolver.check_chunks(plan, chunks, key_wins=False)


def _fill_keys(chunk: ParsedChunk, times: np.ndarray) -> pa.Array:
    """Return the keys; rows without one get a key from their content."""
    keys = chunk.get("key")
    if not keys.null_count:
        return keys
    names = ("kind", *checks.MEMBER_FIELDS, "group_key", "payload")
    columns: list[list[Any]] = [chunk.get(name).to_pylist() for name in names]
    filled = []
    for key, micros, kind, *members, group, payload in zip(
        keys.to_pylist(), times.tolist(), *columns, strict=True
    ):
        references = dict(zip(checks.MEMBER_FIELDS, members, strict=True))
        filled.append(
            key
            or reported_facts.content_key(
                kind=kind,
                member=reported_facts.reference(references),
                group=group or "",
                micros=micros,
                payload=payload,
            )
        )
    return pa.array(filled, pa.string())
