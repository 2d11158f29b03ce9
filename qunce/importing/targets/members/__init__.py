"""Imports members with their identifiers, tags and groups.

Every further column becomes an attribute. A row without a key is known by its phone,
else by its e-mail address or UnionID.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qunce.core import batch_writes, names
from qunce.groups import groups
from qunce.importing import target_registry
from qunce.importing.accounts import reference_fields
from qunce.importing.columns import column_mapping
from qunce.importing.files import heading_rows
from qunce.importing.tags import tag_entries
from qunce.importing.target_registry import Access, Field, Target
from qunce.importing.targets.opt_outs import opt_out_columns
from qunce.importing.values import lists
from qunce.members.accounts import accounts, channel_labels
from qunce.members.attributes.attributes import Attribute
from qunce.members.staff_in_charge import assignments as assignments_of_staff
from qunce.members.tags import assignments

if TYPE_CHECKING:
    from qunce.importing.jobs.jobs import ImportJob
    from qunce.importing.plan.plan import ImportPlan
    from qunce.importing.rows.parsed_rows import KeptChunks
    from qunce.importing.rows.parsing import ParsedChunk
    from qunce.importing.targets.members.writer import MemberWriter

GROUP_TIMES = (
    "group_joined_at 入群时间 进群时间 加群时间 入群日期 进群日期 加群日期 加入群聊时间 "
    "joined_group_at group_join_time group_join_date group_joined joined_group "
    "date_joined_group joined_the_group_at"
)
"""Without another time of joining, a member joined with their first group."""
MAX_NAME_LENGTH = 200
ROWS_PER_BATCH = 600


class MemberTarget(Target):
    key = "members"
    label = _("Members")
    description = _("one member per row, with phone, tags, groups and more")
    position = 1
    access = Access(accounts.EDIT, "members:write")
    access_to_fields = {
        "tags": Access(assignments.APPLY, "tags:write"),
        "groups": Access(groups.EDIT_MEMBERS, "groups:write"),
        "staff": Access(assignments_of_staff.ASSIGN, "members:write"),
    }
    extras = "attributes"
    required = (("key", "phone", "email", "unionid"),)
    count_labels = {
        "replaced": _("members with rows that differ, of which the last counts"),
        "opted_out": _("opted out"),
        "kept_opted_out": opt_out_columns.KEPT_LABEL,
        "joined": _("merged with another account"),
        "parted": _("unmerged from another account"),
        "shared_identifiers": _("identifiers of too many accounts"),
    }
    fields = (
        Field(
            "key",
            "key",
            _("Member number"),
            "member_key 会员号 会员id 会员编号 用户id 用户编号 客户id 客户编号 会员卡号 会员卡 "
            "会员账号 external_userid 外部联系人id member_id member_no member_number "
            "member_code customer_id customer_no customer_number customer_code user_id "
            "user_no card_no openid 编号 id",
        ),
        Field(
            "name",
            "text",
            _("Name or nickname"),
            "昵称 姓名 客户名称 客户姓名 客户昵称 微信昵称 会员姓名 会员名称 会员昵称 用户昵称 用户名 "
            "名称 名字 客户 nickname full_name member_name customer_name display_name "
            "first_name",
            lambda text: names.clean(text)[:MAX_NAME_LENGTH] or None,
        ),
        Field(
            "joined_at",
            "instant",
            _("When they joined"),
            "添加时间 加入时间 加入日期 注册时间 注册日期 入会时间 入会日期 成为会员时间 开卡时间 "
            "开卡日期 关注时间 创建时间 created_at registered_at registered registration_date "
            "registration_time signup_date signed_up_at date_joined join_date joined_date "
            "joined member_since",
            last_headings=GROUP_TIMES,
        ),
        Field(
            "group_joined_at",
            "instant",
            _("When they joined the groups"),
            last_headings=GROUP_TIMES,
            needs="groups",
        ),
        Field(
            "left_at",
            "instant",
            _("Left at"),
            "流失时间 离开时间 删除时间 退会时间 取关时间 left",
        ),
        Field(
            "phone",
            "phone",
            _("Phone"),
            reference_fields.PHONES,
        ),
        Field(
            "email",
            "email",
            _("E-mail"),
            reference_fields.EMAILS,
        ),
        Field(
            "unionid",
            "unionid",
            _("UnionID"),
            "union_id",
        ),
        Field(
            "opted_out",
            "text",
            _("Opted out of messages"),
            "optedout opt_out optout unsubscribed unsubscribe is_unsubscribed "
            "subscription_status email_status email_marketing_status marketing_status "
            "退订 是否退订 已退订 退订状态 订阅状态 拒收 是否拒收",
            opt_out_columns.normalise,
        ),
        Field(
            "opted_out_at",
            "instant",
            _("Opted out at"),
            "unsub_time unsubscribed_at unsubscribe_time unsubscribe_date optout_time "
            "opt_out_time opted_out_time 退订时间 拒收时间 取消订阅时间",
        ),
        Field(
            "accepts_messages",
            "text",
            _("Accepts messages"),
            "accepts_marketing accepts_email_marketing accepts_sms_marketing subscribed "
            "is_subscribed marketing_consent 接收营销 是否订阅 接收消息 "
            "是否接收消息 同意营销 是否同意营销 是否接收营销 同意接收营销 是否同意接收营销",
            opt_out_columns.normalise_consent,
        ),
        Field(
            "birthday",
            "date",
            _("Birthday"),
            "生日 出生日期 出生年月日 birth_date birthdate date_of_birth dob",
        ),
        Field(
            "source",
            "key",
            _("Source"),
            "来源 客户来源 渠道 添加渠道 来源渠道 添加方式 注册渠道 channel",
            # As our own exports call them.
            channel_labels.name_of,
        ),
        Field(
            "staff",
            "text",
            _("Staff in charge"),
            "归属员工 归属人 归属 负责员工 负责人 跟进人 跟进员工 所属员工 客户经理 专属顾问 专属导购 导购 "
            "添加人 owner staff_in_charge owner_name account_owner assigned_to assignee",
        ),
        Field(
            "tags",
            "list",
            _("Tags"),
            "标签 客户标签 企业标签 用户标签 会员标签 tag labels",
            tag_entries.normalise_cell,
        ),
        Field(
            "groups",
            "list",
            _("Groups"),
            "群 所在群 加入的群 已加入群 群聊 所在群聊 加入的群聊 客户群 群名称 所在社群 group",
            lambda cell: (
                lists.join(filter(None, map(names.clean, lists.parse_joined(cell))))
                or None
            ),
        ),
    )
    examples = {
        "en": [
            ["member_key", "name", "phone", "joined_at", "tags", "city"],
            [
                "M1001",
                "Ann Lee",
                "13800138000",
                "2026-03-05",
                "regular;coffee",
                "Xi'an",
            ],
            ["M1002", "Bob Wu", "13900139000", "2026-03-06", "newcomer", "Lanzhou"],
        ],
        "zh-hans": [
            ["会员号", "昵称", "手机号", "注册时间", "标签", "城市"],
            ["M1001", "小红", "13800138000", "2026-03-05", "老客;咖啡", "西安"],
            ["M1002", "小明", "13900139000", "2026-03-06", "新客", "兰州"],
        ],
    }

    def ask(self, plan: ImportPlan) -> None:
        # Imported on use, as these modules load Arrow.
        from qunce.importing.tags import tag_questions
        from qunce.importing.targets.members import member_counts, shared_contacts

        super().ask(plan)
        _check_group_times(plan)
        member_counts.ask(plan)
        shared_contacts.ask(plan)
        tag_questions.ask(plan, "tags")

    def convert(self, plan: ImportPlan, chunk: ParsedChunk) -> ParsedChunk:
        from qunce.importing.targets.members import member_counts

        return member_counts.add_prefix(plan, chunk)

    def count_unknown(self, plan: ImportPlan) -> int:
        from qunce.importing.targets.members import member_counts

        counts = member_counts.count(plan)
        plan.notes += member_counts.list_notes(counts)
        return counts.new

    def describe_entries(
        self, plan: ImportPlan, name: str, entries: Sequence[str]
    ) -> Sequence[str]:
        is_tag = name == "tags"
        return (
            tag_entries.TagBook.of_plan(plan).describe(entries) if is_tag else entries
        )

    def chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        from qunce.importing.accounts import account_resolver
        from qunce.importing.rows import row_checks
        from qunce.importing.tags import tag_checks
        from qunce.importing.targets.members import staff_columns

        chunks: Iterator[ParsedChunk] = (
            self.convert(plan, chunk) for chunk in super().chunks(plan)
        )
        chunks = tag_checks.check_chunks(plan, chunks, "tags")
        chunks = staff_columns.check_chunks(plan, chunks)
        chunks = (
            row_checks.refuse(chunk, row_checks.list_reversed_times(plan, chunk))
            for chunk in chunks
        )
        chunks = (
            row_checks.refuse(
                chunk, row_checks.list_odd_times(plan, chunk, ("group_joined_at",))
            )
            for chunk in chunks
        )
        if plan.options.unknown_members != account_resolver.REFUSE:
            return chunks
        return account_resolver.refuse_unknown(plan, chunks)

    def checked_chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        from qunce.importing.rows.parsed_rows import KeptChunks

        kept = KeptChunks(plan)
        yield from kept.keep(self.chunks(plan))
        plan.cache = kept
        plan.resources.callback(setattr, plan, "cache", None)

    def written_chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        """Yield the chunks that were checked, which the file is parsed for once."""
        kept: KeptChunks | None = plan.cache
        yield from self.chunks(plan) if kept is None else kept.read()

    def batch_sizer(self) -> batch_writes.BatchSizer:
        # A member is up to twenty rows. Smaller batches would spend most of their time
        # on the commit.
        rows = min(ROWS_PER_BATCH, batch_writes.MAX_ROWS)
        return batch_writes.BatchSizer(rows=rows, min_rows=rows, tends_log=True)

    def writer(self, job: ImportJob, plan: ImportPlan) -> MemberWriter:
        from qunce.importing.targets.members.writer import MemberWriter

        return MemberWriter(job, plan)

    def known_types(self, plan: ImportPlan) -> dict[str, str]:
        """Existing attributes keep their type, whatever the file looks like."""
        existing = Attribute.objects.filter(community=plan.community)
        types = dict(existing.values_list("name", "type"))
        return {
            f"{target_registry.ATTRIBUTE_PREFIX}{name}": types[name] for name in types
        }


def _check_group_times(plan: ImportPlan) -> None:
    """Note a time of joining a group that becomes an attribute; raises InvalidMapping."""
    fields = plan.heading_of
    if "group_joined_at" in fields and "groups" not in fields:
        raise column_mapping.InvalidMapping(
            gettext(
                "“%(heading)s” is when members joined a group, but no column names the "
                "group. Map a column to the groups, or this one to something else."
            )
            % {"heading": fields["group_joined_at"]}
        )
    known = [heading_rows.normalise(text) for text in GROUP_TIMES.split()]
    for heading, name in plan.mapping.items():
        is_attribute = name.startswith(target_registry.ATTRIBUTE_PREFIX)
        if is_attribute and heading_rows.normalise(heading) in known:
            plan.notes.append(
                gettext(
                    "“%(heading)s” becomes an attribute, as another column says when "
                    "members joined and none names a group."
                )
                % {"heading": heading}
            )


TARGET = MemberTarget()
