"""A reminder at 20:00 for members whose streak in a check-in would break that day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from qunce.core.staff.models import Staff
from qunce.members.segments.segments import Segment
from qunce.outreach import streak_reminders
from qunce.outreach.playbooks import lifecycle
from qunce.outreach.playbooks.lifecycle import Choice
from qunce.outreach.playbooks.models import Playbook
from qunce.outreach.sending.ledger import Message
from tests import clients
from tests.activities.running import join, running
from tests.outreach.playbooks.worker import DAY, HOUR, MINUTE, Worker

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 3, 5, 1, tzinfo=UTC)
"""09:00 in Shanghai."""
EVENING = MORNING + 11 * HOUR


def draft(by: Staff, public_id: str, **fields: Any) -> Playbook:
    return streak_reminders.draft(
        **{
            "community": by.community,
            "activity": public_id,
            "name": "Reading",
            "address": "",
            "at_least": 2,
            "time": "20:00",
            "channel": "fake",
            "by": by,
            "at": MORNING,
            **fields,
        }
    )


def test_who_has_not_checked_in_by_the_evening_is_reminded_once(worker: Worker) -> None:
    bob, cy, dan = worker.members("bob", "cy", "dan")
    activity = running(worker.by, starts_at=MORNING - 9 * DAY)
    for account in (bob, cy):
        for back in (2, 1):
            join(activity, account, MORNING - back * DAY)
    join(activity, dan, MORNING - DAY)
    playbook = draft(worker.by, activity.public_id)
    lifecycle.switch_on(
        playbook=playbook, choice=Choice("now"), by=worker.by, at=MORNING
    )
    worker.tick(MORNING)
    join(activity, cy, MORNING + HOUR)
    worker.run_until(EVENING + HOUR, MORNING + HOUR)
    assert [len(worker.texts(name)) for name in ("bob", "cy", "dan")] == [1, 0, 0]
    assert "you have not checked in today" in worker.texts("bob")[0]
    (message,) = Message.objects.all()
    assert message.purpose == "marketing"
    assert message.due_at is not None
    assert message.due_at >= EVENING - MINUTE
    # On the next day bob has no streak any more, and cy and dan have one to keep.
    join(activity, dan, EVENING + 2 * HOUR)
    worker.run_until(EVENING + DAY + HOUR, EVENING + 2 * HOUR)
    assert [len(worker.texts(name)) for name in ("bob", "cy", "dan")] == [1, 1, 1]


def test_what_no_reminder_can_be_is_refused_and_leaves_nothing(by: Staff) -> None:
    activity = running(by)
    wrong: list[dict[str, Any]] = [
        {"at_least": 0},
        {"at_least": 367},
        {"time": "25:00"},
    ]
    for fields in wrong:
        with pytest.raises(streak_reminders.InvalidReminder):
            draft(by, activity.public_id, **fields)
    assert not Segment.objects.exists()
    assert not Playbook.objects.exists()


def test_staff_draft_it_on_the_page_of_check_ins(by: Staff) -> None:
    activity = running(by)
    browser = clients.browser(by)
    url = f"/activities/{activity.pk}/"
    assert f"{url}remind/" in browser.get(f"{url}check-ins/").content.decode()
    response = browser.post(f"{url}remind/", {"days": "7", "time": "20:00"})
    playbook = Playbook.objects.get()
    assert response["Location"] == f"/outreach/playbooks/{playbook.pk}/edit/"
    segment = Segment.objects.get()
    assert segment.rule["streak"]["gte"] == 7
    # Again: another draft of the same segment; and a wrong number says why.
    browser.post(f"{url}remind/", {"days": "7", "time": "20:00"})
    assert Segment.objects.count() == 1
    browser.post(f"{url}remind/", {"days": "x", "time": "20:00"})
    assert Playbook.objects.count() == 2
