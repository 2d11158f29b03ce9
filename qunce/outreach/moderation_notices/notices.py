"""Notices: what was done and how to object, sent to members by direct message.

Each follows from one fact and goes through the ledger of messages, in the language of the
community. Where the channel of the group does not send to members without a person, there
is none; staff who do it by hand have the text in their task.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.channels import channel_contract
from qunce.channels.channel_contract import ChannelNotFound
from qunce.groups.moderation import moderation_settings
from qunce.groups.moderation.models import Appeal, AppealState, Case
from qunce.outreach.moderation_notices import notice_texts
from qunce.outreach.moderation_notices.models import Notice, NoticeKind
from qunce.outreach.sending import messages

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact

Writer = Callable[["RecordedFact", Case], str]
"""The text for the member that a fact names, empty for none."""


def react_to_acted(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `moderation.case_acted`: say what was done."""
    _tell(community, facts, NoticeKind.ACTED, lambda _fact, case: acted_text(case), at)


def react_to_undone(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `moderation.case_undone`, unless the answer of an appeal says it."""
    _tell(community, facts, NoticeKind.UNDONE, _undone_text, at)


def react_to_appeal_opened(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `moderation.appeal_opened`: confirm it."""
    _tell(
        community,
        facts,
        NoticeKind.APPEAL_OPENED,
        lambda _fact, case: notice_texts.appeal_opened(number=case.number),
        at,
    )


def react_to_appeal_answered(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `moderation.appeal_answered`."""
    _tell(community, facts, NoticeKind.APPEAL_ANSWERED, _answer_text, at)


def react_to_report_answered(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `moderation.report_answered`: one answer to each reporter."""
    _tell(
        community,
        facts,
        NoticeKind.REPORT_ANSWERED,
        lambda fact, case: notice_texts.report_answered(
            number=case.number, right=bool(fact.payload["right"])
        ),
        at,
    )


def acted_text(case: Case) -> str:
    """The notice about a case, in the active language."""
    return notice_texts.acted(
        number=case.number,
        group=case.group.name,
        rule=case.rule.name if case.rule else _("a moderator"),
        is_known_rule=case.rule is not None,
        moment=notice_texts.moment_of(case.happened_at, case.community.timezone),
        rung=case.rung,
        minutes=case.minutes,
    )


def _undone_text(_fact: RecordedFact, case: Case) -> str:
    if Appeal.objects.filter(case=case, state=AppealState.OVERTURNED).exists():
        return ""
    return notice_texts.undone(number=case.number, group=case.group.name)


def _answer_text(fact: RecordedFact, case: Case) -> str:
    for appeal in Appeal.objects.filter(case=case, pk=fact.payload["appeal"]):
        return notice_texts.appeal_answered(
            number=case.number,
            answer=appeal.answer,
            overturned=bool(fact.payload["overturned"]),
        )
    return ""


def _tell(
    community: Community,
    facts: Sequence[RecordedFact],
    kind: NoticeKind,
    write: Writer,
    at: datetime,
) -> None:
    if not moderation_settings.load(community).sends_notices:
        return
    cases = _cases(community, facts)
    for fact in facts:
        case = cases.get(int(fact.payload["case"]))
        if case is None or fact.account is None or not _can_tell(case):
            continue
        with translation.override(community.language):
            text = write(fact, case)
        if text:
            _send(fact, fact.account, case, kind, text, at)


def _cases(community: Community, facts: Sequence[RecordedFact]) -> dict[int, Case]:
    numbers = {int(fact.payload["case"]) for fact in facts}
    rows: QuerySet[Case] = Case.objects.filter(community=community, number__in=numbers)
    return {
        case.number: case for case in rows.select_related("community", "group", "rule")
    }


def _can_tell(case: Case) -> bool:
    """Whether the channel of the group sends to members without a person."""
    try:
        can = channel_contract.get(case.group.platform).capabilities
    except ChannelNotFound:
        return False
    return can.to_member and not can.needs_person


def _send(
    fact: RecordedFact,
    account: int,
    case: Case,
    kind: NoticeKind,
    text: str,
    at: datetime,
) -> None:
    notice, is_new = Notice.objects.get_or_create(
        fact_id=fact.id,
        defaults={
            "community": case.community,
            "kind": kind,
            "case_number": case.number,
            "account_id": account,
            "created_at": at,
        },
    )
    if not is_new:
        return
    draft = messages.Draft(
        origin=messages.Origin.MODERATION,
        origin_id=notice.pk,
        account=account,
        # Names are no variables.
        text=text.replace("{", "{{").replace("}", "}}"),
        purpose=messages.Purpose.MODERATION,
        channel=case.group.platform,
        priority=messages.Priority.URGENT,
    )
    messages.request(draft, community=case.community, at=at)


def delete_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `member.erased`: delete the notices to these members."""
    accounts = [fact.account for fact in facts if fact.account is not None]
    Notice.objects.filter(community=community, account_id__in=accounts).delete()
