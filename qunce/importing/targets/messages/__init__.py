"""Imports chat logs: messages, joins and leaves of one group, or of several in a table.

The text of a message is stored apart from its fact, see `members.message_texts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from qunce.core import names
from qunce.core.facts import reported_facts
from qunce.groups import groups
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.plan.plan import ImportPlan
from qunce.importing.target_registry import Access, Field, Target
from qunce.importing.targets.messages import log_rows

if TYPE_CHECKING:
    from qunce.importing.rows.parsing import ParsedChunk
    from qunce.importing.targets.messages.writer import MessageWriter


class MessageTarget(Target):
    key = "messages"
    label = gettext_lazy("Chat logs")
    description = gettext_lazy("a chat log, or one message per row")
    position = 6
    access = Access(reported_facts.WRITE, "facts:write")
    access_to_fields = {"kind": Access(groups.EDIT_MEMBERS, "groups:write")}
    required = (("happened_at",), ("member_key",))
    fields = (
        Field(
            "kind",
            "key",
            gettext_lazy("What happened"),
            "event 事件",
            log_rows.read_kind,
        ),
        Field(
            "happened_at",
            "instant",
            gettext_lazy("When it happened"),
            "sent_at time timestamp date 时间 发送时间",
        ),
        Field(
            "member_key",
            "key",
            gettext_lazy("Author"),
            "author sender nick from user 发送者 发言人 发送人 用户",
            log_rows.read_author,
        ),
        Field(
            "name",
            "text",
            gettext_lazy("Name"),
            "sender_name nickname 昵称 姓名",
            log_rows.read_author,
        ),
        Field(
            "text",
            "text",
            gettext_lazy("What they wrote"),
            "message content body 内容 消息内容",
        ),
        Field(
            "key",
            "key",
            gettext_lazy("Message number"),
            "id message_id msg_id 消息编号",
        ),
        Field(
            "reply_to",
            "key",
            gettext_lazy("Message that it answers"),
            "reply reply_to_id 回复",
        ),
        Field(
            "group_key",
            "key",
            gettext_lazy("Group"),
            "group group_id chat chat_id 群 群id 群名称 群名",
            names.read_cell,
        ),
    )
    count_labels = {
        "facts": gettext_lazy("new messages"),
        "stays": gettext_lazy("new stays"),
    }
    examples = {
        "en": [
            ["group", "author", "sent_at", "text"],
            ["Coffee 1", "M1001", "2026-03-07 20:15", "Is it open tomorrow?"],
            ["Coffee 1", "M1002", "2026-03-07 20:16", "Yes, from ten."],
        ],
        "zh-hans": [
            ["群名称", "发送者", "发送时间", "内容"],
            ["咖啡一群", "M1001", "2026-03-07 20:15", "明天开门吗？"],
            ["咖啡一群", "M1002", "2026-03-07 20:16", "开，十点开始。"],
        ],
    }

    def ask(self, plan: ImportPlan) -> None:
        from qunce.importing.targets.messages import log_questions

        log_questions.ask(plan)

    def chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        # Imported on use, as it loads Arrow.
        from qunce.importing.targets.messages import checks

        return checks.check_chunks(plan, super().chunks(plan))

    def writer(self, job: ImportJob, plan: ImportPlan) -> MessageWriter:
        from qunce.importing.targets.messages.writer import MessageWriter

        return MessageWriter(job, plan)


TARGET = MessageTarget()
