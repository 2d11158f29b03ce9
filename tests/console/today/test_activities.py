"""What activities and requests for erasure put on Today, and what takes them off."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

import pytest

from qunce.activities import pasted_lines
from qunce.activities.activities import lifecycle
from qunce.console.today import items
from qunce.core.staff.models import Staff
from qunce.members.personal_links import erasure_requests
from tests import factories
from tests.activities.draws import builders
from tests.activities.running import DAY, HOUR, approver, draft, running
from tests.factories import AT

import_module("qunce.console.today.views")  # registers all providers

pytestmark = pytest.mark.django_db


def texts(staff: Staff, at: datetime = AT) -> list[str]:
    kinds = ("activity", "erasure", "draw", "prizes")
    found = items.list_items(staff, at=at)
    return [item.text for item in found if item.key.startswith(kinds)]


def test_a_second_person_is_asked_to_approve_and_to_cancel(by: Staff) -> None:
    ben = approver(by)
    activity = draft(by, starts_at=AT + HOUR)
    lifecycle.submit(activity=activity, by=by, at=AT)
    assert texts(by) == []
    assert texts(ben) == ["“Thirty pages a day” waits for your approval"]
    lifecycle.approve(activity=activity, by=ben, at=AT)
    assert texts(ben) == []
    lifecycle.cancel(activity=activity, reason="Rain", by=ben, at=AT)
    assert texts(ben) == []
    assert texts(by) == ["Cancel “Thirty pages a day”?"]
    lifecycle.cancel(activity=activity, reason="Rain", by=by, at=AT)
    assert texts(by) == []


def test_the_lesson_is_asked_for_a_day_after_the_end(by: Staff) -> None:
    factories.member(by.community, "bob")
    draw = builders.open_draw(by)
    activity = draw.activity
    factories.member(by.community, "cy")
    builders.join(draw, factories.member(by.community, "di").pk)
    builders.close(draw)
    activity.refresh_from_db()
    end = activity.closed_at
    assert end is not None
    asked = "“周年抽奖”: what did you learn?"
    assert asked not in texts(by, end + DAY - timedelta(minutes=1))
    assert asked in texts(by, end + DAY)
    # Prizes are not handed over, so it is not settled, and the lesson is read already.
    lifecycle.review(activity=activity, lesson="Start earlier.", by=by, at=end + DAY)
    assert asked not in texts(by, end + DAY)


def test_what_is_done_is_settled(by: Staff) -> None:
    activity = running(by, ends_at=AT + HOUR)
    lifecycle.move_due(at=AT + HOUR)
    activity.refresh_from_db()
    assert "“Thirty pages a day” is over and can be settled" in texts(by, AT + HOUR)
    lifecycle.review(activity=activity, lesson="Mondays.", by=by, at=AT + HOUR)
    assert activity.state == "closed"
    lifecycle.settle(activity=activity, by=by, at=AT + HOUR)
    assert activity.state == "reviewed"
    assert texts(by, AT + 2 * DAY) == []


def test_unsure_lines_and_a_broken_rule_are_named(by: Staff) -> None:
    north = factories.group(by.community, "north")
    south = factories.group(by.community, "south")
    activity = running(by)
    other = running(by, name="Another")
    for group in (north, south):
        pasted_lines.paste(
            activity=activity, group=group, text="Cat: check in", by=by, at=AT
        )
    mia = factories.staff(by.community, "operator", "mia", groups=["north"])
    assert texts(by) == ["“Thirty pages a day”: 2 pasted lines wait for an answer"]
    assert texts(mia) == ["“Thirty pages a day”: 1 pasted line waits for an answer"]
    other.may_join = {"segment": {"any": ["gone"]}}
    other.save(update_fields=["may_join"])
    assert "Nobody can join “Another”" in texts(by)
    assert "Nobody can join “Thirty pages a day”" not in texts(by)


def test_requests_for_erasure_wait_for_those_who_may_do_it(by: Staff) -> None:
    bob, cy = factories.members(by.community, "bob", "cy")
    for account in (bob, cy):
        erasure_requests.request(account_id=account, at=AT)
    assert texts(by) == ["2 members ask to be erased"]
    (item,) = [x for x in items.list_items(by, at=AT) if x.key.startswith("erasure")]
    assert item.url == "/settings/member-pages/"
    viewer = factories.staff(by.community, "viewer", "vic")
    assert texts(viewer) == []
    first = erasure_requests.list_open(by=by, at=AT)[0]
    erasure_requests.decline(pk=first.pk, answer="An order is open.", by=by, at=AT)
    assert texts(by) == ["1 member asks to be erased"]
