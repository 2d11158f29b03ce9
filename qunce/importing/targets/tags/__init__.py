"""Imports tags of members: `member_key, tag`, with `depth` and `tagged_at` if known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from qunce.importing.accounts import reference_fields
from qunce.importing.tags import tag_entries
from qunce.importing.target_registry import Access, Field, Target
from qunce.members.tags import assignments

if TYPE_CHECKING:
    from qunce.importing.jobs.jobs import ImportJob
    from qunce.importing.plan.plan import ImportPlan
    from qunce.importing.rows.parsing import ParsedChunk
    from qunce.importing.targets.tags.writer import TagRowWriter


class TagTarget(Target):
    key = "tags"
    label = _("Tags")
    description = _("one member and one or more tags per row")
    position = 2
    access = Access(assignments.APPLY, "tags:write")
    required = (reference_fields.NAMES, ("tag",))
    fields = (
        Field(
            "member_key",
            "key",
            _("Member number"),
            "key 会员号 用户id 客户id 会员id member user_id customer_id 用户 id",
        ),
        *reference_fields.FIELDS,
        Field(
            "tag",
            "list",
            _("Tag"),
            "标签 标签名 标签名称 tags tag_name",
            tag_entries.normalise_cell,
        ),
        Field(
            "depth",
            "text",
            _("Tag depth"),
            "次数 深度 标签深度 times count",
        ),
        Field(
            "tagged_at",
            "instant",
            _("Tagged at"),
            "打标时间 标签时间 time",
        ),
    )
    count_labels = {
        "tagged": _("tags added or changed"),
        "changed": _("rows that changed something"),
        "known": _("rows already known"),
    }
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

    def ask(self, plan: ImportPlan) -> None:
        # Imported on use, as these modules load Arrow.
        from qunce.importing.tags import tag_questions
        from qunce.importing.targets.tags import depths

        super().ask(plan)
        tag_questions.ask(plan, "tag")
        depths.ask(plan)

    def describe_entries(
        self, plan: ImportPlan, name: str, entries: Sequence[str]
    ) -> Sequence[str]:
        is_tag = name == "tag"
        return (
            tag_entries.TagBook.of_plan(plan).describe(entries) if is_tag else entries
        )

    def chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        from qunce.importing.accounts import account_resolver
        from qunce.importing.tags import tag_checks
        from qunce.importing.targets.tags import depths

        named = account_resolver.check_chunks(
            plan, super().chunks(plan), key_wins=False
        )
        return depths.check_chunks(plan, tag_checks.check_chunks(plan, named, "tag"))

    def writer(self, job: ImportJob, plan: ImportPlan) -> TagRowWriter:
        from qunce.importing.targets.tags.writer import TagRowWriter

        return TagRowWriter(job, plan)


TARGET = TagTarget()
