"""Imports memberships of groups: `group_key, member_key, joined_at, left_at, role`.

A member may have several rows for one group, one for each stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from qunce.core import names
from qunce.groups import groups, labels
from qunce.importing.accounts import reference_fields
from qunce.importing.target_registry import Access, Field, Target

if TYPE_CHECKING:
    from qunce.importing.jobs.jobs import ImportJob
    from qunce.importing.plan.plan import ImportPlan
    from qunce.importing.rows.parsing import ParsedChunk
    from qunce.importing.targets.memberships.writer import MembershipWriter


class MembershipTarget(Target):
    key = "memberships"
    label = _("Group members")
    description = _("one group and one member per row")
    position = 3
    access = Access(groups.EDIT_MEMBERS, "groups:write")
    required = (("group_key",), reference_fields.NAMES)
    fields = (
        Field(
            "group_key",
            "key",
            _("Group"),
            "group group_id chat_id 群id 群名称 群名 群聊名称 群",
            names.read_cell,
        ),
        Field(
            "member_key",
            "key",
            _("Member number"),
            "member key user_id 会员号 用户id 客户id 成员id 群成员id 群成员 用户",
        ),
        *reference_fields.FIELDS,
        Field(
            "joined_at",
            "instant",
            _("When they joined"),
            "入群时间 加入时间 join_time joined",
        ),
        Field(
            "left_at",
            "instant",
            _("Left at"),
            "退群时间 离开时间 left",
        ),
        Field(
            "role",
            "key",
            _("Role in the group"),
            "角色 身份 群身份",
            labels.read_role,
        ),
    )
    count_labels = {"stays": _("new stays")}
    examples = {
        "en": [
            ["group", "member_key", "joined_at", "role"],
            ["Coffee 1", "M1001", "2026-03-05 10:00", "member"],
            ["Coffee 1", "M1002", "2026-03-06 11:30", "member"],
        ],
        "zh-hans": [
            ["群名称", "会员号", "入群时间"],
            ["咖啡一群", "M1001", "2026-03-05 10:00"],
            ["咖啡一群", "M1002", "2026-03-06 11:30"],
        ],
    }

    def chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        # Imported on use, as it loads Arrow.
        from qunce.importing.targets.memberships import checks

        return checks.check_chunks(plan, super().chunks(plan))

    def writer(self, job: ImportJob, plan: ImportPlan) -> MembershipWriter:
        from qunce.importing.targets.memberships.writer import MembershipWriter

        return MembershipWriter(job, plan)


TARGET = MembershipTarget()
