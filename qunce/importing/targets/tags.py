"""Tags from files: `member_key, tag`, with `depth` and `tagged_at` where known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.core import batch_writes, errors, timestamps
from qunce.importing import account_resolver, numbers, registry
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import ParsedChunk, Reading
from qunce.members.tags import assignments, library, naming
from qunce.members.tags import models as tag_models
from qunce.members.tags import writer as tag_writer
from qunce.members.tags.models import KIND, TagBatch
from qunce.sets.bitmaps import marks

SOURCE = "import"
Batch = list[tuple[str, dict[int, int]]]


class InvalidDepth(errors.Invalid):
    """A depth is a whole number."""


def _tag(text: str) -> str:
    return naming.check(text, naming.NO_RULE)


def _depth(text: str) -> str:
    try:
        depth = numbers.parse(text)
    except numbers.InvalidNumber:
        depth = Decimal(-1)
    if depth != int(depth) or not 0 <= depth < 2**31:
        raise InvalidDepth(
            _("A depth must be a whole number, 0 or more; 0 removes the tag.")
        )
    return str(int(depth))


class TagTarget:
    key = "tags"
    extras = ""
    required = (("member_key",), ("tag",))
    fields = (
        registry.Field(
            "member_key",
            "key",
            "key 会员号 用户id 客户id 会员id member 手机号 用户 id",
        ),
        registry.Field(
            "tag",
            "text",
            "标签 标签名 标签名称 tags tag_name",
            _tag,
        ),
        registry.Field(
            "depth",
            "text",
            "次数 深度 标签深度 times count",
            _depth,
        ),
        registry.Field(
            "tagged_at",
            "moment",
            "打标时间 标签时间 time",
        ),
    )

    def chunks(self, reading: Reading) -> Iterator[ParsedChunk]:
        return reading.chunks()

    def writer(self, job: ImportJob, reading: Reading) -> registry.Writer:
        return TagWriter(job)

    def kinds(self, reading: Reading) -> dict[str, str]:
        return {}


class TagWriter:
    """Rows sorted by tag, so that a batch raises few revisions."""

    def __init__(self, job: ImportJob) -> None:
        self._job, self._pace = job, batch_writes.BatchSizer()
        self._accounts = account_resolver.AccountResolver(
            job.community, by=job.by, at=job.started_at, source=job.source
        )
        self._batch: TagBatch | None = None
        self._made = 0

    def ready(self, chunk: ParsedChunk) -> int:
        job = self._job
        now = timestamps.to_micros(job.started_at)
        times = np.asarray(pc.fill_null(chunk.get("tagged_at").cast(pa.int64()), now))
        ids, made = self._accounts.resolve(chunk.get("member_key"), times, self._pace)
        self._made += made
        coded = pc.dictionary_encode(chunk.get("tag"))
        names = coded.dictionary.to_pylist()
        self._tags = library.ensure(
            community=job.community, keys=names, by=job.by, at=job.started_at
        )
        places = np.array([self._tags[name].pk for name in names], dtype=np.int64)
        tags = places[np.asarray(coded.indices)]
        self._by_id = {tag.pk: tag for tag in self._tags.values()}
        depths = _depths(chunk)
        order = np.lexsort((chunk.rows, ids, tags))
        last = np.ones(len(order), dtype=bool)  # of rows that say it twice, the later
        last[:-1] = (np.diff(tags[order]) != 0) | (np.diff(ids[order]) != 0)
        order = order[last]
        self._columns = (tags[order], ids[order], depths[order], times[order])
        return len(order)

    def batch(self, begin: int, end: int) -> list[tuple[int, int, int, int]]:
        columns = [column[begin:end].tolist() for column in self._columns]
        return list(zip(*columns, strict=True))

    def write(self, batch: list[tuple[int, int, int, int]]) -> Mapping[str, int]:
        changed = 0
        by_tag: dict[int, list[tuple[int, int, int]]] = {}
        for tag, *rest in batch:
            by_tag.setdefault(tag, []).append((rest[0], rest[1], rest[2]))
        for tag, rows in sorted(by_tag.items()):
            changed += self._write(self._by_id[tag], rows)
        made, self._made = self._made, 0
        return {"tagged": changed, "known": len(batch) - changed, "members": made}

    def _write(self, tag: tag_models.Tag, rows: list[tuple[int, int, int]]) -> int:
        """Without a depth the tag is there once at least; with one, exactly so often."""
        held = marks.find_weights(KIND, tag.pk, [row[0] for row in rows])
        wanted: dict[int, dict[int, int]] = {}
        for account, depth, time in rows:
            weight = depth if depth >= 0 else max(held.get(account, 0), 1)
            if weight != held.get(account, 0):
                wanted.setdefault(time, {})[account] = weight
        for time, weights in wanted.items():
            writer = tag_writer.TagWriter(
                self._tag_batch(), self._job.by, timestamps.from_micros(time)
            )
            writer.lock(tag)
            writer.remove_conflicting(
                tag, [a for a, weight in weights.items() if weight]
            )
            writer.write(tag, weights)
        return sum(len(weights) for weights in wanted.values())

    def _tag_batch(self) -> TagBatch:
        if self._batch is None:
            job = self._job
            at: datetime = job.started_at
            self._batch = assignments.create_batch(
                community=job.community, by=job.by, at=at, source=SOURCE, note=job.file
            )
        return self._batch


def _depths(chunk: ParsedChunk) -> np.ndarray:
    """-1 where none is told."""
    if "depth" not in chunk.columns:
        return np.full(len(chunk.rows), -1, dtype=np.int64)
    whole = chunk.columns["depth"].cast(pa.int64())
    return np.asarray(pc.fill_null(whole, -1)).astype(np.int64)
