"""What follows from facts about prizes: messages, staff tasks, and the next winner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import translation

from qunce.activities.draws import draw_facts, tickets
from qunce.activities.draws import results as draw_results
from qunce.activities.prizes import addresses, codes, delivery, notices, prize_facts
from qunce.activities.prizes.models import Award, State
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.outreach import prize_messages, prize_tasks
from qunce.outreach.tasks import staff_tasks

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.fact_consumers import Reaction
    from qunce.core.facts.facts import RecordedFact


def _notify(text_of: Callable[[Award], str]) -> Reaction:
    """A reaction that writes a text about the award of each fact to its winner."""

    def react(
        *, community: Community, facts: Sequence[RecordedFact], at: datetime
    ) -> None:
        rows = Award.objects.select_related("stock", "community")
        found = rows.in_bulk([fact.payload["award"] for fact in facts])
        for fact in facts:
            award = found.get(fact.payload["award"])
            if award is None:
                continue
            with translation.override(community.language):
                text = text_of(award)
            prize_messages.notify(
                community=community,
                fact=fact.id,
                account=award.account_id,
                text=text,
                at=at,
            )

    return react


def _code_text(award: Award) -> str:
    code = codes.shown_to_winner(award)
    return notices.code_given(award, code) if code else ""


def write_tickets(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Write to members who were given further tickets which ones they have."""
    for fact in facts:
        if fact.account is not None:
            own = tickets.find_by_draw_id(
                fact.payload["draw"],
                account_queries.account_ids_of_person(fact.account),
            )
            with translation.override(community.language):
                text = tickets.format_given(own)
            prize_messages.notify(
                community=community,
                fact=fact.id,
                account=fact.account,
                text=text,
                at=at,
            )


# Staff tasks


def ask_staff(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Ask staff for what only a person can do, such as to send a red packet."""
    rows = Award.objects.select_related("stock", "community")
    found = rows.in_bulk([fact.payload["award"] for fact in facts])
    for award in found.values():
        is_waiting = award.state == State.CLAIMED and award.staff_task is None
        if is_waiting and delivery.needs_task(award):
            with translation.override(community.language):
                title, text = notices.task(award)
            request = prize_tasks.create(
                community=community,
                account=award.account_id,
                title=title,
                text=text,
                at=at,
            )
            Award.objects.filter(pk=award.pk).update(staff_task=request)


def close_task(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Close the task of a prize that was handed over in another way, or returned."""
    rows = Award.objects.filter(staff_task__isnull=False)
    for award in rows.in_bulk([fact.payload["award"] for fact in facts]).values():
        is_given = award.state == State.DELIVERED
        prize_tasks.finish(request=award.staff_task or 0, is_given=is_given, at=at)


def follow_task(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Follow a task that staff finished or cancelled: the winner has the prize, or waits."""
    by_request = {fact.payload["request"]: fact for fact in facts}
    rows = Award.objects.filter(community=community, staff_task__in=by_request)
    for award in rows.select_related("stock__community", "community"):
        fact = by_request[award.staff_task or 0]
        delivery.finish_task(
            award=award,
            was_given=fact.payload.get("outcome") == prize_tasks.GIVEN,
            by=Staff.objects.filter(pk=fact.actor or 0).first(),
            at=at,
        )


CLEARING: tuple[Reaction, ...] = (addresses.delete_erased,)
REACTIONS: dict[str, tuple[Reaction, ...]] = {
    prize_facts.PrizeAwarded.kind: (_notify(notices.awarded),),
    prize_facts.PrizeReleased.kind: (_notify(notices.awarded),),
    prize_facts.PrizeReminded.kind: (_notify(notices.reminded),),
    prize_facts.PrizeSent.kind: (_notify(notices.sent),),
    prize_facts.PrizeClaimed.kind: (ask_staff,),
    prize_facts.PrizeDelivered.kind: (_notify(_code_text), close_task),
    prize_facts.PrizeReturned.kind: (draw_results.react_to_returned, close_task),
    draw_facts.TicketsGiven.kind: (write_tickets,),
    staff_tasks.StaffTaskOutcome.kind: (follow_task,),
    staff_tasks.StaffTaskCancelled.kind: (follow_task,),
}
