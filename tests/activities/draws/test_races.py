"""Joining while the list is being closed: a ticket is in the list, or it was refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction

from qunce.activities.activities.models import Activity
from qunce.activities.draws import draws, entrants, tickets
from qunce.activities.draws.models import Ticket
from qunce.core.staff.models import Staff
from tests import factories, threads
from tests.activities.draws import builders
from tests.activities.draws.builders import END
from tests.factories import AT

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def test_ticket_is_in_the_closed_list_or_refused(ann: Staff) -> None:
    draw = builders.open_draw(ann)
    ids = factories.members(ann.community, *(f"m{n}" for n in range(24)))
    builders.join(draw, *ids[:4])
    activity = Activity.objects.select_related("community").get(pk=draw.activity_id)

    def join(account: int) -> Callable[[], bool]:
        @transaction.atomic
        def run() -> bool:
            try:
                tickets.issue(
                    activity=activity,
                    account_id=account,
                    person_id=account,
                    accounts=[account],
                    at=AT,
                )
            except draws.AlreadyPublished:
                return False
            return True

        return run

    def close() -> bool:
        entrants.close(activity, END)
        return True

    joined = sum(threads.run(*map(join, ids[4:]), close)) - 1
    draw.refresh_from_db()
    assert draw.tickets_count == 4 + joined
    assert Ticket.objects.filter(draw=draw, place__isnull=True).count() == 0
