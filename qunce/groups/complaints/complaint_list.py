"""Cases as staff see them: the open ones first, without those of members they do not see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import SYSTEM_LOGIN_PREFIX, Staff
from qunce.groups import message_quotes
from qunce.groups import visibility as group_visibility
from qunce.groups.complaints import complaint_settings
from qunce.groups.complaints.models import (
    WAITING,
    Complaint,
    ComplaintMessage,
    ComplaintNote,
    State,
)
from qunce.groups.message_quotes import Quote
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.staff_in_charge import assignments

VIEW = permissions.declare(
    "complaints.view",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("see complaints and after-sales cases"),
)
MANAGE = permissions.declare(
    "complaints.manage",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("raise, answer and close complaints"),
)
MAX_SCANNED = 5_000
"""Cases that are read at most to list those that staff with a scope see."""


class ComplaintNotFound(errors.NotFound):
    """There is no such case that this staff member sees."""


def check_visible(complaint: Complaint, *, by: Staff, at: datetime) -> None:
    """Raise ComplaintNotFound unless `by` sees the member and the group of the case."""
    if complaint.community_id != by.community_id or not filter_visible(
        [complaint], by=by, at=at
    ):
        raise ComplaintNotFound(_("There is no such case."))


def list_assignable(community: Community) -> list[Staff]:
    """The active staff who may be owners of cases, by name."""
    rows = Staff.objects.filter(community=community, is_active=True)
    people = rows.exclude(login__startswith=SYSTEM_LOGIN_PREFIX).order_by("name", "pk")
    return [staff for staff in people if permissions.may(staff, MANAGE)]


def find_owner(community: Community, account: int | None) -> Staff | None:
    """The staff in charge of the member, if cases can be theirs."""
    if account is None:
        return None
    own = account_queries.accounts_by_person([account])
    in_charge = assignments.staff_by_person(own)
    return next(
        (s for s in in_charge.values() if s in list_assignable(community)), None
    )


def find_open(
    community: Community,
    account: int | None,
    topic: str,
    order: str | None = None,
) -> Complaint | None:
    """The open case of a person about a topic, of any order if that is None."""
    if account is None:
        return None
    rows = Complaint.objects.filter(
        community=community,
        account_id__in=account_queries.account_ids_of_person(account),
        topic=topic,
    ).exclude(state=State.CLOSED)
    if order is not None:
        rows = rows.filter(order=order)
    return rows.order_by("-opened_at", "-pk").first()


def filter_visible(
    rows: list[Complaint], *, by: Staff, at: datetime
) -> list[Complaint]:
    """Those of these cases whose member and group `by` sees."""
    if by.groups is not None and rows:
        seen = set(group_visibility.list_visible(by).values_list("pk", flat=True))
        rows = [row for row in rows if row.group_id is None or row.group_id in seen]
    among = visibility.among(by, at) if rows else None
    if among is None:
        return rows
    people = account_queries.person_ids(
        row.account_id for row in rows if row.account_id
    )
    return [
        row
        for row in rows
        # A case of nobody may name anybody, so only its own people see it.
        if (row.account_id is not None and people[row.account_id] in among)
        or (row.account_id is None and by.pk in (row.by_id, row.owner_id))
    ]


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Empty for all. `owner` is the id of a staff member, 0 for cases without one."""

    states: tuple[str, ...] = ()
    kind: str = ""
    topic: str = ""
    owner: int | None = None
    account: int | None = None
    group: int | None = None
    order: str = ""
    late_at: datetime | None = None
    query: str = ""


def select(*, by: Staff, filters: Filters) -> models.QuerySet[Complaint]:
    """The cases of the community that fit, without regard to what `by` sees."""
    permissions.check_may(by, VIEW)
    rows = Complaint.objects.filter(community=by.community)
    if filters.states:
        rows = rows.filter(state__in=filters.states)
    for name in ("kind", "topic", "order"):
        if value := getattr(filters, name):
            rows = rows.filter(**{name: value})
    if filters.owner is not None:
        rows = rows.filter(owner_id=filters.owner or None)
    if filters.account is not None:
        rows = rows.filter(
            account_id__in=account_queries.account_ids_of_person(filters.account)
        )
    if filters.group is not None:
        rows = rows.filter(group_id=filters.group)
    if filters.late_at is not None:
        rows = rows.filter(
            state__in=WAITING, due_at__lt=timestamps.to_micros(filters.late_at)
        )
    for word in filters.query.split()[:5]:
        rows = rows.filter(
            models.Q(title__icontains=word)
            | models.Q(text__icontains=word)
            | models.Q(order__icontains=word)
        )
    return rows.select_related("community", "owner", "group", "by")


def list_visible(
    *, by: Staff, at: datetime, filters: Filters | None = None, limit: int = 200
) -> list[Complaint]:
    """The cases that `by` sees: the open ones by when they are due, then the others."""
    rows = select(by=by, filters=filters or Filters()).annotate(
        is_waiting=models.Case(
            models.When(state__in=WAITING, then=0),
            models.When(state=State.ANSWERED, then=1),
            default=2,
        )
    )
    waiting_first = rows.order_by("is_waiting", "due_at", "pk")
    if not by.is_scoped:
        return list(waiting_first[:limit])
    return filter_visible(list(waiting_first[:MAX_SCANNED]), by=by, at=at)[:limit]


def get(*, by: Staff, pk: int, at: datetime) -> Complaint:
    """The case with this number; a hidden one is like one that does not exist."""
    permissions.check_may(by, VIEW)
    rows = Complaint.objects.filter(community=by.community)
    rows = rows.select_related("community", "owner", "group", "by")
    found = rows.filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise ComplaintNotFound(_("There is no such case."))
    check_visible(found, by=by, at=at)
    return found


def list_notes(complaint: Complaint, *, by: Staff, at: datetime) -> list[ComplaintNote]:
    permissions.check_may(by, VIEW)
    check_visible(complaint, by=by, at=at)
    return list(complaint.notes.select_related("by").order_by("at", "pk"))


@dataclass(frozen=True)
class CaseMessage:
    """A message of a case; `quote` is None if its text is deleted or may not be read."""

    row: ComplaintMessage
    quote: Quote | None


def list_messages(
    complaint: Complaint, *, by: Staff, at: datetime
) -> list[CaseMessage]:
    """The messages of a case, by time."""
    permissions.check_may(by, VIEW)
    check_visible(complaint, by=by, at=at)
    rows = list(complaint.messages.order_by("happened_at", "pk"))
    quotes = message_quotes.load(
        ((row.source_id, row.key) for row in rows), by=by, at=at
    )
    return [CaseMessage(row, quotes.get((row.source_id, row.key))) for row in rows]


def heading(complaint: Complaint) -> str:
    """The title of a case, or its topic with the words that raised it."""
    if complaint.title:
        return complaint.title
    if complaint.text:
        line = complaint.text.splitlines()[0]
        return line if len(line) <= 60 else f"{line[:59]}…"
    settings = complaint_settings.get(complaint.community)
    label = next(
        (t.label for t in settings.topics if t.key == complaint.topic), complaint.topic
    )
    words = [word for row in complaint.messages.all() for word in row.words]
    named = _(", ").join(dict.fromkeys(words))
    if not named:
        return str(label)
    return _("%(topic)s: %(words)s") % {"topic": label, "words": named[:80]}
