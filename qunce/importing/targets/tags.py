"""Imports tags of members: `member_key, tag`, with `depth` and `tagged_at` if known."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qunce.core import errors, timestamps
from qunce.importing import account_resolver, journal, numbers
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import ParsedChunk
from qunce.importing.plan import ImportPlan
from qunce.importing.target_registry import Field, Target
from qunce.members.tags import assignments, library, naming
from qunce.members.tags import writer as tag_writer
from qunce.members.tags.models import KIND, TagBatch
from qunce.sets.bitmaps import marks

SOURCE = "import"
NO_DEPTH = -1
Row = tuple[int, int, int, int]
"""Tag, account, depth and time in microseconds."""


class InvalidDepth(errors.Invalid):
    """A depth must be a whole number, 0 or more."""


def _normalise_depth(text: str) -> str:
    try:
        depth = numbers.parse(text)
    except numbers.InvalidNumber:
        depth = Decimal(-1)
    if depth != int(depth) or not 0 <= depth < 2**31:
        raise InvalidDepth(
            gettext("A depth must be a whole number, 0 or more; 0 removes the tag.")
        )
    return str(int(depth))


class TagTarget(Target):
    key = "tags"
    label = _("Tags")
    description = _("one member and one tag per row")
    position = 2
    required = (("member_key",), ("tag",))
    fields = (
        Field(
            "member_key",
            "key",
            _("Member number"),
            "key 会员号 用户id 客户id 会员id member 手机号 用户 id",
        ),
        Field(
            "tag",
            "text",
            _("Tag"),
            "标签 标签名 标签名称 tags tag_name",
            lambda text: naming.check(text, naming.NO_RULE),
        ),
        Field(
            "depth",
            "text",
            _("Tag depth"),
            "次数 深度 标签深度 times count",
            _normalise_depth,
        ),
        Field(
            "tagged_at",
            "instant",
            _("Tagged at"),
            "打标时间 标签时间 time",
        ),
    )
    count_labels = {"tagged": _("tags added")}
    examples = {
        "en": [
            ["member_key", "tag", "depth"],
            ["M1001", "asked the price", "2"],
            ["M1002", "newcomer", "1"],
        ],
        "zh-hans": [
            ["会员号", "标签", "次数"],
            ["M1001", "问过价", "2"],
            ["M1002", "新客", "1"],
        ],
    }

    def writer(self, job: ImportJob, plan: ImportPlan) -> TagWriter:
        return TagWriter(job)


TARGET = TagTarget()


class TagWriter:
    """Writes rows sorted by tag, so that a batch changes few revisions."""

    def __init__(self, job: ImportJob) -> None:
        self._job = job
        self._resolver = account_resolver.AccountResolver(
            job.community, by=job.by, at=job.started_at, source=job.source
        )
        self._batch: TagBatch | None = None

    def load(self, chunk: ParsedChunk) -> int:
        job = self._job
        now = timestamps.to_micros(job.started_at)
        times = np.asarray(pc.fill_null(chunk.get("tagged_at").cast(pa.int64()), now))
        accounts = self._resolver.resolve(chunk.get("member_key"), times)
        encoded = pc.dictionary_encode(chunk.get("tag"))
        keys = encoded.dictionary.to_pylist()
        tags = library.ensure(
            community=job.community, keys=keys, by=job.by, at=job.started_at
        )
        self._tags = {tag.pk: tag for tag in tags.values()}
        ids_by_code = np.array([tags[key].pk for key in keys], dtype=np.int64)
        tag_ids = ids_by_code[np.asarray(encoded.indices)]
        depths = np.full(len(chunk.row_numbers), NO_DEPTH, dtype=np.int64)
        if "depth" in chunk.columns:
            given = chunk.columns["depth"].cast(pa.int64())
            depths = np.asarray(pc.fill_null(given, NO_DEPTH)).astype(np.int64)
        # The last row of a member and a tag wins, so a file can correct itself.
        order = chunk.order_last(tag_ids, accounts)
        self._columns = [column[order] for column in (tag_ids, accounts, depths, times)]
        return len(order)

    def batch(self, start: int, end: int) -> list[Row]:
        columns = [column[start:end].tolist() for column in self._columns]
        return list(zip(*columns, strict=True))

    def write(self, batch: list[Row]) -> Mapping[str, int]:
        by_tag: dict[int, list[Row]] = {}
        for row in batch:
            by_tag.setdefault(row[0], []).append(row)
        changed = 0
        for tag_id, rows in sorted(by_tag.items()):
            tag, job = self._tags[tag_id], self._job
            old = marks.find_weights(KIND, tag.pk, [row[1] for row in rows])
            new_by_time: dict[int, dict[int, int]] = {}
            for _tag_id, account, depth, time in rows:
                if depth == NO_DEPTH:
                    depth = max(old.get(account, 0), 1)
                if depth != old.get(account, 0):
                    # Few different times per file, so few writes.
                    new_by_time.setdefault(time, {})[account] = depth
            if new_by_time and self._batch is None:
                # All tags of an import are one batch, which staff can undo.
                self._batch = assignments.create_batch(
                    community=job.community,
                    by=job.by,
                    at=job.started_at,
                    source=SOURCE,
                    note=job.file_name,
                )
                journal.record(job, "tag_batches", [self._batch.pk])
            for time, depths in new_by_time.items():
                assert self._batch is not None  # noqa: S101 - created above
                writer = tag_writer.TagWriter(
                    self._batch, job.by, timestamps.from_micros(time)
                )
                writer.lock(tag)
                writer.remove_conflicting(
                    tag, [a for a, depth in depths.items() if depth]
                )
                writer.write(tag, depths)
            changed += sum(len(depths) for depths in new_by_time.values())
        return {
            "tagged": changed,
            "known": len(batch) - changed,
            "members": self._resolver.pop_created(),
        }
