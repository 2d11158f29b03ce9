"""Imports facts: `kind, member_key, group_key, happened_at, payload, key`.

Facts follow the same check as those of the API (`core.facts.reported_facts`). A row
without a key gets one from its content, so that the same row twice is one fact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from qunce.core import batch_writes, db
from qunce.core.facts import reported_facts
from qunce.core.facts.reported_kinds import KindLimits
from qunce.importing.accounts import reference_fields
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.plan.plan import ImportPlan
from qunce.importing.target_registry import Access, Field, Target

if TYPE_CHECKING:
    from qunce.importing.rows.parsing import ParsedChunk
    from qunce.importing.targets.facts.writer import FactWriter


LOCK_SECONDS, PAUSE_SECONDS = 0.015, 0.003
"""Shorter than usual: set statements write several thousand facts in that time."""


def _check_kind(text: str) -> str:
    reported_facts.check_kind(text)
    return text


class FactTarget(Target):
    key = "facts"
    label = _("Facts")
    description = _("what members did and when")
    position = 5
    access = Access(reported_facts.WRITE, "facts:write")
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
        Field("phone", "phone", _("Phone"), reference_fields.PHONES),
        Field("email", "email", _("E-mail"), reference_fields.EMAILS),
        Field("unionid", "unionid", _("UnionID"), "union_id"),
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

    def chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        # Imported on use, as it loads Arrow.
        from qunce.importing.targets.facts import file_check

        return file_check.checked_chunks(plan, KindLimits(plan.community.pk))

    def checked_chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        """Yield the problems of the file, whose valid rows are spilled."""
        from qunce.importing.targets.facts import file_check

        rows = file_check.create(plan)
        yield from file_check.read(plan, rows)
        plan.cache = rows

    def written_chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        """Yield the parts that were spilled, after what `checked_chunks` yields."""
        if plan.cache is None:
            yield from self.checked_chunks(plan)
        else:
            yield from plan.cache.chunks
        yield from plan.cache.stand_ins()

    def writer(self, job: ImportJob, plan: ImportPlan) -> FactWriter:
        from qunce.importing.targets.facts.writer import FactWriter

        return FactWriter(job, plan)

    def batch_sizer(self) -> batch_writes.BatchSizer:
        return batch_writes.BatchSizer(
            max_rows=(2 if db.is_postgresql() else 4) * batch_writes.MAX_ROWS,
            min_rows=20 * batch_writes.MIN_ROWS,
            lock_seconds=LOCK_SECONDS,
            pause_seconds=PAUSE_SECONDS,
            tends_log=True,
        )


TARGET = FactTarget()
