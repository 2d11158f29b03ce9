"""Reports by members: they fill the queue and nothing else.

    report(group=, reporter=, message_key=, at=, text="") -> Case | None
    list_of(case, by=, at=) -> list[MemberReport]     # for staff only
    trust_of(account) -> Trust                        # from settled cases only

Reports of one message are one case, however many there are; votes punish nobody. The
member who is reported never learns who did, and each reporter gets one answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext_lazy

from qunce.core import timestamps
from qunce.core.facts import facts
from qunce.groups.moderation.cases import cases
from qunce.groups.moderation.models import (
    Case,
    CaseSource,
    CaseState,
    MemberReport,
    Mode,
    Rung,
)
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group

MAX_TEXT, MAX_PER_DAY = 300, 50


@dataclass(frozen=True, kw_only=True)
class ReportFact(facts.FactKind):
    labels = {
        "case": gettext_lazy("case"),
        "report": gettext_lazy("report"),
        "right": gettext_lazy("agreed with"),
    }
    case: int
    report: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MessageReported(ReportFact):
    """`account` is who reported it."""

    kind = "moderation.message_reported"
    label = gettext_lazy("reported a message")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ReportAnswered(ReportFact):
    kind = "moderation.report_answered"
    label = gettext_lazy("report of a message answered")
    right: bool


@dataclass(frozen=True)
class Trust:
    """Of the settled cases that somebody reported, how many staff agreed with."""

    right: int
    settled: int


@dataclass(frozen=True, kw_only=True)
class ReportedMessage:
    """What is known of the message; an unknown author is None."""

    key: str
    happened_at: datetime
    account: int | None = None
    text: str = ""
    name: str = ""


# Verbs


@transaction.atomic
def report(
    *,
    group: Group,
    reporter: int,
    message: ReportedMessage,
    at: datetime,
    text: str = "",
) -> Case | None:
    """Note a report; None for one of a message by the reporter, or a repeated one.

    A case that a rule opened is not opened again, and one that is settled stays so.
    """
    person = account_queries.person_ids([reporter]).get(reporter, reporter)
    author = message.account
    own = account_queries.account_ids_of_person(reporter)
    if author in own or _reports_too_much(own, at):
        return None
    known = models.Q(message_key=message.key) | models.Q(judged_key=message.key)
    case = Case.objects.filter(known, group=group).order_by("pk").first()
    if case is None:
        case = cases.open_case(
            group=group,
            by=None,
            at=at,
            source=CaseSource.REPORT,
            message_key=message.key,
            judged_key=message.key,
            account_id=author,
            responsible_id=author,
            author_name=message.name,
            text=message.text,
            happened_at=message.happened_at,
            mode=Mode.PROPOSE,
            rung=Rung.DELETE,
            state=CaseState.OPEN,
        )
    elif case.state == CaseState.OBSERVED:
        # What nobody would have looked at comes to the queue.
        Case.objects.filter(pk=case.pk, state=CaseState.OBSERVED).update(
            state=CaseState.OPEN, mode=Mode.PROPOSE
        )
    row, is_new = MemberReport.objects.get_or_create(
        case=case,
        account_id=person,
        defaults={"text": text.strip()[:MAX_TEXT], "reported_at": at},
    )
    if not is_new:
        return None
    event = MessageReported(
        account=person, group=group.pk, case=case.number, report=row.pk
    )
    facts.record(event, community=group.community, by=None, at=at)
    return case


def _reports_too_much(accounts: Sequence[int], at: datetime) -> bool:
    """Whether a person has reported so much that their reports hide those of others."""
    since = timestamps.to_micros(at - timedelta(days=1))
    rows = MemberReport.objects.filter(account_id__in=accounts, reported_at__gt=since)
    return rows.count() >= MAX_PER_DAY


def find_message(group: Group, key: str, at: datetime) -> ReportedMessage:
    """What is stored of a message by the channel's key: from its case, or nothing."""
    rows = Case.objects.filter(group=group, message_key=key).order_by("pk")
    for case in rows[:1]:
        return ReportedMessage(
            key=key,
            happened_at=case.happened_at,
            account=case.account_id,
            text=case.text,
            name=case.author_name,
        )
    return ReportedMessage(key=key, happened_at=at)


def answer_settled(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to decided cases: each reporter gets one answer."""
    numbers = {int(fact.payload["case"]) for fact in facts}
    rows = MemberReport.objects.filter(
        case__community=community, case__number__in=numbers, answered_at__isnull=True
    )
    for row in rows.select_related("case__rule").order_by("pk"):
        if MemberReport.objects.filter(pk=row.pk, answered_at__isnull=True).update(
            answered_at=at
        ):
            _record_answer(row, community, at)


def _record_answer(row: MemberReport, community: Community, at: datetime) -> None:
    event = ReportAnswered(
        account=row.account_id,
        group=row.case.group_id,
        case=row.case.number,
        report=row.pk,
        right=row.case.state == CaseState.CONFIRMED,
    )
    facts.record(event, community=community, by=None, at=at)


# Reads


def list_of(case: Case, *, by: Staff, at: datetime) -> list[MemberReport]:
    """The reports of a case, the first one first."""
    cases.check_visible(case, by, at)
    return list(MemberReport.objects.filter(case=case).order_by("reported_at", "pk"))


def trust_of(account: int) -> Trust:
    """How often staff agreed with this person's reports; from settled cases only."""
    rows = MemberReport.objects.filter(
        account_id__in=account_queries.account_ids_of_person(account)
    ).exclude(case__verdict="")
    right = models.Count("pk", filter=models.Q(case__verdict="right"))
    found = rows.aggregate(right=right, settled=models.Count("pk"))
    return Trust(found["right"], found["settled"])
