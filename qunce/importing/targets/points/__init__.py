"""Imports balances of points from another system: one lot per row, with its last day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from qunce.activities.points import point_facts
from qunce.importing.accounts import reference_fields
from qunce.importing.target_registry import Access, Field, Target
from qunce.importing.targets.points import point_columns

if TYPE_CHECKING:
    from qunce.importing.jobs.jobs import ImportJob
    from qunce.importing.plan.plan import ImportPlan
    from qunce.importing.rows.parsing import ParsedChunk
    from qunce.importing.targets.points.writer import PointWriter


class PointTarget(Target):
    key = "points"
    label = _("Points")
    description = _("one balance of points per row")
    position = 7
    dates_are_past = False
    access = Access(point_facts.ADJUST, "activities:write")
    required = (("points",), reference_fields.NAMES)
    fields = (
        Field(
            "member_key",
            "key",
            _("Member number"),
            "key 会员号 会员id 用户id 客户id 会员卡号 member_id customer_id user_id member id",
        ),
        *reference_fields.FIELDS,
        Field(
            "points",
            "text",
            pgettext_lazy("field", "Points"),
            "points balance point_balance points_balance available_points "
            "积分 积分余额 可用积分 当前积分 剩余积分 余额",
            point_columns.normalise_points,
        ),
        Field(
            "last_day",
            "date",
            pgettext_lazy("points", "Last day"),
            "last_day expires_on expires_at expiry expiry_date expiration valid_until "
            "到期日 到期时间 有效期 有效期至 过期时间 失效日期",
        ),
        Field(
            "reason",
            "text",
            _("Reason"),
            "reason note source 原因 备注 来源",
        ),
        Field(
            "entry_key",
            "text",
            _("Number of the entry"),
            "entry entry_id entry_key transaction_id lot_id 流水号 积分流水号 记录号",
        ),
    )
    count_labels = {
        "lots": _("balances"),
        "points": _("points in all"),
        "known": _("rows already known"),
        "empty": _("balances of 0"),
        "expired": _("rows whose last day is over"),
    }
    examples = {
        "en": [
            ["email", "points", "last_day"],
            ["ann@example.com", "120", "2027-03-05"],
        ],
        "zh-hans": [
            ["手机号", "积分余额", "到期日"],
            ["13800138001", "120", "2027-03-05"],
        ],
    }

    def chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        # Loads Arrow, which pages that only list the targets do not need.
        from qunce.importing.accounts import account_resolver

        return account_resolver.check_chunks(plan, super().chunks(plan), key_wins=False)

    def writer(self, job: ImportJob, plan: ImportPlan) -> PointWriter:
        from qunce.importing.targets.points.writer import PointWriter

        return PointWriter(job, plan)


TARGET = PointTarget()
