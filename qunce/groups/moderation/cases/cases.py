"""Cases: opened by what was judged, and read by staff who see their groups and members.

open_case(…) -> Case                       # by judging, reports and pasted messages
list_visible(by, at) -> QuerySet[Case]; get(by=, number=, at=) -> Case
list_queue(by=, at=, group=None, limit=) -> list[Case]   # open, oldest first
list_context(case, by=, at=) -> list[MessageText]        # messages around it
list_of_member(account, by=, at=) -> list[Case]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.groups import visibility as group_visibility
from qunce.groups.moderation.models import Action, Case, CaseSource, CaseState, Strike
from qunce.groups.moderation.moderation_permissions import VIEW
from qunce.members.accounts import queries as account_queries
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.models import MessageText
from qunce.members.people import visibility
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group

MAX_TEXT, MAX_MERGED = 4_000, 50
CONTEXT, CONTEXT_SPAN = 6, timedelta(hours=2)
"""Messages before and after that of a case, within this time."""


@dataclass(frozen=True, kw_only=True)
class CaseFact(facts.FactKind):
    """`case` is the number of the case, `rule` the key of the rule, if one found it."""

    labels = {
        "case": gettext_lazy("case"),
        "rule": gettext_lazy("rule"),
        "rung": gettext_lazy("consequence"),
        "mode": gettext_lazy("mode"),
    }
    case: int
    rule: str
    rung: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CaseOpened(CaseFact):
    kind = "moderation.case_opened"
    label = gettext_lazy("case of moderation opened")
    mode: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CaseActed(CaseFact):
    """Something was done; the member gets a notice."""

    kind = "moderation.case_acted"
    label = gettext_lazy("case of moderation acted on")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CaseConfirmed(CaseFact):
    kind = "moderation.case_confirmed"
    label = gettext_lazy("case of moderation confirmed")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CaseDismissed(CaseFact):
    kind = "moderation.case_dismissed"
    label = gettext_lazy("case of moderation dismissed")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CaseReopened(CaseFact):
    kind = "moderation.case_reopened"
    label = gettext_lazy("case of moderation opened again")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CaseUndone(CaseFact):
    kind = "moderation.case_undone"
    label = gettext_lazy("case of moderation undone")


class CaseNotFound(errors.NotFound):
    """There is no such case, or its group or member is hidden."""


def fact_of(kind: type[CaseFact], case: Case, **fields: str) -> CaseFact:
    return kind(
        account=case.responsible_id,
        group=case.group_id,
        case=case.number,
        rule=case.rule.key if case.rule else "",
        rung=case.rung,
        **fields,
    )


def record(kind: type[CaseFact], case: Case, by: Staff | None, at: datetime) -> None:
    facts.record(fact_of(kind, case), community=case.community, by=by, at=at)


# Opening


def open_case(*, group: Group, by: Staff | None, at: datetime, **fields: Any) -> Case:
    """Store a case with the next number and record it, in the caller's transaction."""
    # Locked, so that two cases at the same time have two numbers.
    community = Community.objects.select_for_update().get(pk=group.community_id)
    _give_up_key(group, fields["judged_key"])
    last = Case.objects.filter(community=community).aggregate(n=models.Max("number"))
    fields["text"] = fields.get("text", "")[:MAX_TEXT]
    fields["author_name"] = fields.get("author_name", "")[:200]
    case = Case.objects.create(
        community=community,
        group=group,
        number=(last["n"] or 0) + 1,
        opened_at=at,
        **fields,
    )
    facts.record(
        fact_of(CaseOpened, case, mode=case.mode), community=community, by=by, at=at
    )
    return case


def _give_up_key(group: Group, key: str) -> None:
    """Free the key of a message that was reported before it came.

    Nobody can keep a message from being judged by reporting it first.
    """
    reported = Case.objects.filter(
        group=group, judged_key=key, source=CaseSource.REPORT
    )
    for case in reported:
        Case.objects.filter(pk=case.pk).update(judged_key=f"report:{case.pk}")


def merge_into(case: Case, message_key: str) -> None:
    """Note that the same text was posted again while nothing is decided."""
    keys = case.merged_keys
    if message_key and len(keys) < MAX_MERGED:
        keys = [*keys, message_key]
    case.merged_keys, case.duplicates = keys, case.duplicates + 1
    Case.objects.filter(pk=case.pk).update(
        merged_keys=keys, duplicates=models.F("duplicates") + 1
    )


def tell(case: Case, at: datetime) -> None:
    """Record once that something was done, so that the member gets a notice."""
    if Case.objects.filter(pk=case.pk, is_told=False).update(is_told=True):
        record(CaseActed, case, None, at)


# Reads


def list_visible(by: Staff, at: datetime) -> models.QuerySet[Case]:
    """The cases of groups and members whom `by` sees."""
    permissions.check_may(by, VIEW)
    rows = Case.objects.filter(community=by.community)
    if by.groups is not None:
        rows = rows.filter(group__in=group_visibility.list_visible(by))
    if by.scope is not None:
        own = rows.exclude(responsible_id=None).values_list("responsible_id", flat=True)
        ids = bitmaps.of(account for account in own if account is not None)
        people = visibility.list_visible(by=by, accounts=ids, at=at)
        by_person = account_queries.accounts_by_person(people)
        seen = [account for mine in by_person.values() for account in mine]
        rows = rows.filter(responsible_id__in=seen)
    return rows.select_related("community", "group__community", "rule", "decided_by")


def get(*, by: Staff, number: int, at: datetime) -> Case:
    if 0 < number < 2**31:
        for case in list_visible(by, at).filter(number=number):
            return case
    raise CaseNotFound(_("There is no case with this number."))


def check_visible(case: Case, by: Staff, at: datetime) -> None:
    get(by=by, number=case.number, at=at)
    if case.community_id != by.community_id:
        raise CaseNotFound(_("There is no case with this number."))


def list_queue(
    *, by: Staff, at: datetime, group: int | None = None, limit: int = 100
) -> list[Case]:
    """Cases that wait for a person, the oldest first."""
    rows = list_visible(by, at).filter(state=CaseState.OPEN)
    if group is not None:
        rows = rows.filter(group_id=group)
    return list(rows.order_by("opened_at", "pk")[:limit])


def count_queue(*, by: Staff, at: datetime) -> int:
    return list_visible(by, at).filter(state=CaseState.OPEN).count()


def list_of_member(account: int, *, by: Staff, at: datetime) -> list[Case]:
    """The latest cases about a person whom `by` sees."""
    visibility.check_visible(by=by, accounts=[account], at=at)
    accounts = account_queries.account_ids_of_person(account)
    rows = list_visible(by, at).filter(responsible_id__in=accounts)
    return list(rows.order_by("-opened_at", "-pk")[:50])


def list_context(case: Case, *, by: Staff, at: datetime) -> Sequence[MessageText]:
    """Messages of the group before and after that of the case, for who may read them."""
    check_visible(case, by, at)
    if not permissions.may(by, message_texts.READ):
        return []
    moment = timestamps.to_micros(case.happened_at)
    span = timestamps.to_micros(case.happened_at + CONTEXT_SPAN) - moment
    rows = MessageText.objects.filter(
        community_id=case.community_id, group_id=case.group_id
    )
    among = visibility.among(by, at)
    before = rows.filter(happened_at__lte=moment, happened_at__gt=moment - span)
    after = rows.filter(happened_at__gt=moment, happened_at__lt=moment + span)
    found = [
        *reversed(before.order_by("-happened_at", "-pk")[: CONTEXT + 1]),
        *after.order_by("happened_at", "pk")[:CONTEXT],
    ]
    if among is None:
        return found
    people = account_queries.person_ids(row.account_id for row in found)
    return [row for row in found if people[row.account_id] in among]


# Erasing and pruning


@personal_texts.register
def erase(person: personal_texts.ErasedPerson) -> None:
    """Delete the cases about erased people, with what followed from them."""
    own = models.Q(responsible_id__in=person.accounts)
    own |= models.Q(account_id__in=person.accounts)
    Case.objects.filter(own, community_id=person.community_id).delete()
    Strike.objects.filter(account_id__in=person.accounts).delete()
    Action.objects.filter(account_id__in=person.accounts).delete()


def prune(*, at: datetime) -> None:
    """Delete the texts of cases when those of messages are deleted."""
    for community in Community.objects.order_by("pk"):
        first, _end = message_texts.span_of(
            community, message_texts.first_kept_day(community, at)
        )
        rows = Case.objects.filter(
            community=community, happened_at__lt=timestamps.to_micros(first)
        )
        rows.exclude(text="", findings=[]).update(text="", author_name="", findings=[])
