"""Imports who opted out of messages: one member per row, with the time if it is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from qunce.importing.accounts import reference_fields
from qunce.importing.target_registry import Access, Field, Target
from qunce.importing.targets.opt_outs import opt_out_columns
from qunce.outreach import opt_outs

if TYPE_CHECKING:
    from qunce.importing.jobs.jobs import ImportJob
    from qunce.importing.plan.plan import ImportPlan
    from qunce.importing.rows.parsing import ParsedChunk
    from qunce.importing.targets.opt_outs.writer import OptOutWriter


class OptOutTarget(Target):
    key = "opt_outs"
    label = _("Opt-outs")
    description = _("one member who wants no messages per row")
    position = 6
    access = Access(opt_outs.EDIT, "members:write")
    required = (reference_fields.NAMES,)
    fields = (
        Field(
            "member_key",
            "key",
            _("Member number"),
            "key 会员号 会员id 用户id 客户id 会员卡号 member_id customer_id user_id member id",
        ),
        *reference_fields.FIELDS,
        Field(
            "opted_out",
            "text",
            _("Opted out of messages"),
            "optedout opt_out optout unsubscribed unsubscribe is_unsubscribed status "
            "退订 是否退订 已退订 退订状态 订阅状态 拒收 是否拒收 状态",
            opt_out_columns.normalise,
        ),
        Field(
            "opted_out_at",
            "instant",
            _("Opted out at"),
            "unsub_time unsubscribed_at unsubscribe_time unsubscribe_date optout_time "
            "opt_out_time opted_out_time date time created_at 退订时间 拒收时间 取消订阅时间 "
            "时间 日期",
        ),
        Field(
            "purpose",
            "text",
            _("Opted out of"),
            "opted_out_of optout_of opt_out_purpose 退订范围 退订类型 退订内容 拒收范围",
            opt_out_columns.normalise_purpose,
        ),
        Field(
            "reason",
            "text",
            _("Reason"),
            "unsub_reason unsubscribe_reason optout_reason 退订原因 原因",
        ),
    )
    count_labels = {
        "changed": _("rows that changed something"),
        "known": _("rows already known"),
        "opted_out": _("opted out"),
        "kept_opted_out": opt_out_columns.KEPT_LABEL,
    }
    examples = {
        "en": [
            ["email", "opted_out_at", "reason"],
            ["ann@example.com", "2026-03-05 09:07", "too many messages"],
        ],
        "zh-hans": [
            ["手机号", "退订时间", "退订原因"],
            ["13800138001", "2026-03-05 09:07", "消息太多"],
        ],
    }

    def chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        # Loads Arrow, which pages that only list the targets do not need.
        from qunce.importing.accounts import account_resolver

        return account_resolver.check_chunks(plan, super().chunks(plan), key_wins=False)

    def writer(self, job: ImportJob, plan: ImportPlan) -> OptOutWriter:
        from qunce.importing.targets.opt_outs.writer import OptOutWriter

        return OptOutWriter(job, plan)


TARGET = OptOutTarget()
