"""Words by which volunteers act on a message that they answer to: report it, or note a wish.

The channel's handler of messages calls `read` in its transaction, once per message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from qunce.core import errors
from qunce.core.staff import models as staff_models
from qunce.groups.groups import Group
from qunce.groups.moderation.cases import member_reports
from qunce.groups.moderation.cases.member_reports import ReportedMessage
from qunce.groups.volunteers import rights
from qunce.groups.volunteers.rights import Right
from qunce.groups.wishes import wishes
from qunce.groups.wishes.models import MAX_TITLE, WishVoice
from qunce.members.message_texts.models import MessageText

COMMAND = re.compile(
    r"[!！](?:(?P<report>report|举报)|(?P<wish>wish|心愿))(?:\s+(?P<text>\S.{0,299}))?",
    re.IGNORECASE,
)
RIGHTS = {"report": Right.REPORT, "wish": Right.COLLECT_WISHES}


@dataclass(frozen=True, kw_only=True)
class Word:
    """What a message asks for; `text` is the reason, or the title of the wish."""

    right: Right
    text: str = ""


def parse(text: str) -> Word | None:
    match = COMMAND.fullmatch(text.strip())
    if match is None:
        return None
    name = "report" if match["report"] else "wish"
    return Word(right=RIGHTS[name], text=match["text"] or "")


def do(
    word: Word,
    *,
    group: Group,
    volunteer: int,
    message: ReportedMessage,
    stored: MessageText | None,
    at: datetime,
) -> bool:
    """Do what a volunteer's word asks for; False if they may not, or it cannot be done.

    `stored` is the text of the message that they answer to.
    """
    if not rights.may(group=group, account=volunteer, right=word.right):
        return False
    if word.right == Right.REPORT:
        return _report(word, group, volunteer, message, at)
    return stored is not None and _note_wish(word, group, stored, at)


def _report(
    word: Word, group: Group, volunteer: int, message: ReportedMessage, at: datetime
) -> bool:
    case = member_reports.report(
        group=group, reporter=volunteer, message=message, text=word.text, at=at
    )
    return case is not None


def _note_wish(word: Word, group: Group, stored: MessageText, at: datetime) -> bool:
    known = WishVoice.objects.filter(source_id=stored.source_id, key=stored.key)
    # The title is the volunteer's: what the member wrote stays in the message.
    title = " ".join(word.text.split())[:MAX_TITLE]
    if not title or known.exists():
        return False
    system = staff_models.system(group.community)
    try:
        wishes.create(
            community=group.community,
            title=title,
            message=stored.pk,
            by=system,
            at=at,
        )
    except (errors.Refused, errors.Invalid):
        # A full board is for staff; the message is a message.
        return False
    return True
