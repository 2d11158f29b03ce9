"""One question after a meet-up, a case or a month, and why somebody left or did not come."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.activities.meetups.meetup_facts import MeetupAttended, MeetupMissed
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.complaints import complaints
from qunce.members.surveys import surveys
from qunce.members.surveys.models import Survey
from qunce.outreach import survey_requests
from qunce.outreach.playbooks import entries, lifecycle
from qunce.outreach.playbooks.entries import CalendarEntry
from qunce.outreach.playbooks.lifecycle import Choice
from qunce.outreach.playbooks.models import Playbook
from qunce.outreach.sending.ledger import Message
from tests import clients, factories
from tests.members.surveys.asking import answer, published
from tests.outreach.playbooks.worker import DAY, HOUR, Worker

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 3, 5, 1, tzinfo=UTC)
"""09:00 in Shanghai."""
ONE = [{"key": "score", "kind": "scale", "text": "How was it?"}]


def ask(by: Staff, survey: Survey, occasion: str, **fields: Any) -> Playbook:
    return survey_requests.draft(
        **{
            "survey": survey,
            "occasion": occasion,
            "time": "19:00",
            "channel": "fake",
            "by": by,
            "at": MORNING,
            **fields,
        }
    )


def start(worker: Worker, survey: Survey, occasion: str) -> Playbook:
    playbook = ask(worker.by, survey, occasion)
    lifecycle.switch_on(
        playbook=playbook, choice=Choice(), by=worker.by, at=MORNING - HOUR
    )
    worker.tick(MORNING - HOUR)
    return playbook


def attend(worker: Worker, account: int, activity: int, at: datetime) -> None:
    fact = MeetupAttended(
        account=account, activity=activity, sign_up=activity, how="staff"
    )
    facts.record(fact, community=worker.shop, by=worker.by, at=at)


def counts(worker: Worker, *names: str) -> list[int]:
    return [len(worker.texts(name)) for name in names]


def test_who_attended_is_asked_the_day_after_once_per_meet_up(worker: Worker) -> None:
    bob, cy, _dan = worker.members("bob", "cy", "dan")
    survey = published(worker.by, ONE, repeat="day", keyword="score")
    start(worker, survey, "meetup")
    attend(worker, bob, 1, MORNING)
    attend(worker, bob, 1, MORNING + HOUR)
    attend(worker, cy, 1, MORNING)
    worker.run_until(MORNING + 9 * HOUR, MORNING)
    assert counts(worker, "bob", "cy", "dan") == [0, 0, 0]
    # Who answers before they are asked is not asked.
    answer(survey, cy, MORNING + 10 * HOUR, score=5)
    worker.run_until(MORNING + DAY + 12 * HOUR, MORNING + 10 * HOUR)
    assert counts(worker, "bob", "cy", "dan") == [1, 0, 0]
    assert "how did you like the meet-up" in worker.texts("bob")[0]
    assert "“score”" in worker.texts("bob")[0]
    assert Message.objects.get().purpose == "marketing"
    # Another meet-up is another occasion.
    attend(worker, bob, 2, MORNING + 2 * DAY)
    worker.run_until(MORNING + 4 * DAY, MORNING + 2 * DAY)
    assert counts(worker, "bob", "cy", "dan") == [2, 0, 0]


def test_a_survey_that_is_answered_once_is_asked_once(worker: Worker) -> None:
    (bob,) = worker.members("bob")
    start(worker, published(worker.by, ONE), "meetup")
    for number in (1, 2):
        attend(worker, bob, number, MORNING + number * 2 * DAY)
    worker.run_until(MORNING + 7 * DAY, MORNING)
    assert counts(worker, "bob") == [1]


def test_who_missed_it_or_left_a_group_is_asked_why(worker: Worker) -> None:
    bob, cy = worker.members("bob", "cy")
    start(worker, published(worker.by, ONE, repeat="day"), "missed")
    start(worker, published(worker.by, ONE, repeat="day"), "left")
    fact = MeetupMissed(account=bob, activity=1, sign_up=1)
    facts.record(fact, community=worker.shop, by=worker.by, at=MORNING)
    group = factories.group(worker.shop, "north")
    groups.add_members(group=group, accounts=[bob, cy], by=worker.by, at=MORNING)
    worker.tick(MORNING)
    groups.remove_members(group=group, accounts=[cy], by=worker.by, at=MORNING + HOUR)
    worker.run_until(MORNING + 2 * DAY, MORNING + HOUR)
    assert counts(worker, "bob", "cy") == [1, 1]
    assert "What kept you away?" in worker.texts("bob")[0]
    assert "you left one of our groups" in worker.texts("cy")[0]


def test_a_closed_case_asks_its_member_once(worker: Worker) -> None:
    bob, _cy = worker.members("bob", "cy")
    start(worker, published(worker.by, ONE, repeat="day"), "case")
    case = complaints.create(
        community=worker.shop,
        kind="complaint",
        topic="quality",
        title="Broken",
        account=bob,
        by=worker.by,
        at=MORNING,
    )
    complaints.close(complaint=case, outcome="solved", by=worker.by, at=MORNING + HOUR)
    worker.run_until(MORNING + 3 * DAY, MORNING + HOUR)
    assert counts(worker, "bob", "cy") == [1, 0]
    assert "how well did we solve your case" in worker.texts("bob")[0]


def test_the_last_day_of_each_month_asks_all_whom_the_survey_is_for(
    worker: Worker,
) -> None:
    worker.members("bob", "cy", "dan")
    factories.apply_tag(worker.shop, "vip", "bob", "cy")
    rule = {"tag": {"any": ["vip"]}}
    survey = published(worker.by, ONE, repeat="month", rule=rule)
    start(worker, survey, "month")
    last = datetime(2026, 3, 31, 11, tzinfo=UTC)
    worker.run_until(last - HOUR, MORNING, every=6 * HOUR)
    assert counts(worker, "bob", "cy", "dan") == [0, 0, 0]
    worker.run_until(last + HOUR, last, every=HOUR)
    assert counts(worker, "bob", "cy", "dan") == [1, 1, 0]
    worker.run_until(last + 2 * DAY, last + HOUR, every=6 * HOUR)
    assert counts(worker, "bob", "cy", "dan") == [1, 1, 0]
    worker.run_until(last + 30 * DAY + HOUR, last + 29 * DAY, every=HOUR)
    assert counts(worker, "bob", "cy", "dan") == [2, 2, 0]


def test_what_cannot_be_asked_is_refused_and_leaves_nothing(by: Staff) -> None:
    two = [*ONE, {"key": "why", "kind": "text", "text": "Why?"}]
    once, several = published(by, ONE), published(by, two)
    closed = published(by, ONE)
    surveys.close(survey=closed, by=by, at=MORNING)
    wrong: list[tuple[Survey, str, dict[str, Any], str]] = [
        (once, "birthday", {}, "Choose an occasion"),
        (once, "meetup", {"time": "25:00"}, "Write a time"),
        (once, "month", {}, "second month"),
        (several, "case", {}, "one question"),
        (closed, "case", {}, "Open it first"),
    ]
    for survey, occasion, fields, text in wrong:
        with pytest.raises(survey_requests.InvalidRequest, match=text):
            ask(by, survey, occasion, **fields)
    assert not Playbook.objects.exists()


def test_staff_draft_it_on_the_page_of_the_survey(by: Staff) -> None:
    survey = published(by, ONE, repeat="month")
    browser = clients.browser(by)
    url = f"/members/surveys/{survey.pk}/"
    page = browser.get(url).content.decode()
    assert f"{url}ask-after/" in page
    response = browser.post(f"{url}ask-after/", {"occasion": "month", "time": "18:30"})
    playbook = Playbook.objects.get()
    assert response["Location"] == f"/outreach/playbooks/{playbook.pk}/edit/"
    assert "18:30" in browser.get(response["Location"]).content.decode()
    browser.post(f"{url}ask-after/", {"occasion": "never", "time": "18:30"})
    assert Playbook.objects.count() == 1


@given(st.integers(-1, 31).filter(bool))
def test_calendar_entry_of_members_is_read_back(day: int) -> None:
    value = {"on": "calendar", "days": {"month_days": [day]}, "time": "19:00"}
    entry = entries.parse(value)
    assert isinstance(entry, CalendarEntry)
    assert entry.to_json() == value
