"""Assignment of conversations that open: the staff member who answers, and by when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import models, transaction

from qunce.core.communities import Community
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.accounts import queries as account_queries
from qunce.members.staff_in_charge import assignments
from qunce.outreach.replies import conversations, reply_settings
from qunce.outreach.replies.models import Conversation, State
from qunce.outreach.service_styles import assignment as service_styles


def react(*, community: Community, facts: Sequence[RecordedFact], at: datetime) -> None:
    """Reaction to `conversation.opened`: set who answers, and by when.

    The answer time is that of the member's style of service, else the community's.
    """
    numbers = [int(fact.payload["conversation"]) for fact in facts]
    rows = Conversation.objects.filter(
        pk__in=numbers, community=community, state=State.WAITING, due_at__isnull=True
    )
    waiting = list(rows.select_related("community").order_by("opened_at", "pk"))
    if not waiting:
        return
    styles = service_styles.load(community, at)
    settings = reply_settings.get(community)
    people = account_queries.person_ids(row.account_id for row in waiting)
    for row in waiting:
        style = styles.style_of(people[row.account_id])
        minutes = settings.answer_minutes
        if style is not None and style.answer_minutes is not None:
            minutes = style.answer_minutes
        staff = choose(row, settings.assigns_in_turn, at=at)
        _set(row, row.opened_at + timedelta(minutes=minutes), staff, at)


@transaction.atomic
def _set(
    row: Conversation, due_at: datetime, staff: Staff | None, at: datetime
) -> None:
    same = Conversation.objects.filter(pk=row.pk, due_at__isnull=True)
    if same.update(due_at=due_at) and staff is not None:
        row.refresh_from_db()
        conversations.set_staff(row, staff, by=None, at=at)


def choose(row: Conversation, in_turn: bool, *, at: datetime) -> Staff | None:
    """The staff in charge of the member, the group's owner, or whose turn it is."""
    able = conversations.list_assignable(row.community)
    able = [
        staff for staff in able if conversations.filter_visible([row], by=staff, at=at)
    ]
    own = account_queries.accounts_by_person([row.account_id])
    (in_charge,) = assignments.staff_ids_by_person(own).values() or (0,)
    owner = Group.objects.filter(pk=row.group_id).values_list("owner_id", flat=True)
    for pk in (in_charge, owner.first()):
        for staff in able:
            if staff.pk == pk:
                return staff
    return _next_in_turn(able, row.community) if in_turn and able else None


def _next_in_turn(able: Sequence[Staff], community: Community) -> Staff:
    """The staff with the fewest waiting conversations; of these, who got one longest ago."""
    rows = Conversation.objects.filter(community=community, staff__in=able)
    waiting = dict(
        rows.filter(state=State.WAITING)
        .values_list("staff_id")
        .annotate(n=models.Count("pk"))
    )
    latest = dict(rows.values_list("staff_id").annotate(n=models.Max("pk")))
    return min(
        able,
        key=lambda staff: (waiting.get(staff.pk, 0), latest.get(staff.pk, 0), staff.pk),
    )
