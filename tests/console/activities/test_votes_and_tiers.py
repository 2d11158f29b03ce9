"""Console pages of polls and tiered tasks: created from the form, results, what waits."""

from __future__ import annotations

import pytest
from django.urls import reverse

from qunce.activities.activities.models import Activity
from qunce.activities.prizes import prizes
from qunce.activities.tiered_tasks import judging
from qunce.core.staff.models import Staff
from qunce.sets.mirror import deriver
from tests import factories
from tests.activities import running
from tests.activities.polls.polls import open_poll, vote
from tests.clients import browser
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def open_page(by: Staff, name: str, activity: Activity) -> str:
    response = browser(by).get(reverse(name, args=[activity.pk]))
    assert response.status_code == 200
    return str(response.content.decode())


def test_the_votes_of_a_poll_with_its_tags(by: Staff) -> None:
    factories.tag(by.community, "likes oolong", name="Likes oolong")
    (bob,) = factories.members(by.community, "bob")
    activity = open_poll(by, "Oolong", "<i>Green</i>", tags=("likes oolong",))
    vote(activity, bob, "A")
    page = open_page(by, "polls:detail", activity)
    assert "1 member voted, of 1 who may." in page
    assert "Likes oolong" in page
    assert "&lt;i&gt;Green" in page
    assert "<i>Green" not in page
    assert "most votes" in page
    assert "A Oolong: 1 (100%)" in page
    link = reverse("polls:detail", args=[activity.pk])
    assert link in open_page(by, "activities:detail", activity)


def test_the_tiers_of_a_task_and_who_waits(by: Staff) -> None:
    cup = prizes.create(
        community=by.community, name="Cup", kind="goods", total=1, by=by, at=AT
    )
    tier = {"text": "One order", "rule": "付款至少 1 次", "prize": str(cup.pk)}
    activity = running.running(by, "tiered_task", settings={"tiers": [tier]})
    for key in ("ann", "bob"):
        (account,) = factories.members(by.community, key)
        running.join(activity, account)
        factories.order(by.community, key)
    deriver.catch_up()
    judging.judge(activity, at=AT)
    page = open_page(by, "tiered_tasks:detail", activity)
    assert "One order" in page
    assert "paid for an order" in page or "paid an order" in page
    assert "1 member waits for the reward: no prize is left." in page


def test_a_wrong_kind_is_not_found(by: Staff) -> None:
    activity = open_poll(by)
    response = browser(by).get(reverse("tiered_tasks:detail", args=[activity.pk]))
    assert response.status_code == 404


FIELDS = {
    "name": "Made here",
    "text": "For everybody.",
    "refusal": "Join first.",
    "starts_at": "2027-03-05T10:00",
    "may_join": "all",
    "notified": "",
    "points": "no_limit",
    "money": "no_limit",
}


def create(by: Staff, kind: str, **fields: str) -> tuple[Activity, str]:
    """Create a draft with the form; returns it with its page."""
    client = browser(by)
    response = client.post(
        reverse("activities:create", args=[kind]), FIELDS | fields, follow=True
    )
    page = response.content.decode()
    assert response.status_code == 200, page
    return Activity.objects.get(), page


def test_a_poll_is_created_from_the_form(by: Staff) -> None:
    factories.tag(by.community, "likes oolong", name="Likes oolong")
    fields = {
        "setting_options-rows": "3",
        "setting_options-0-text": "Oolong",
        "setting_options-0-tag": "likes oolong",
        "setting_options-1-text": "Green tea",
        "setting_most": "1",
        "setting_may_change": "on",
        "setting_results": "after_end",
    }
    activity, page = create(by, "poll", **fields)
    assert activity.settings["options"] == [
        {"text": "Oolong", "tag": "likes oolong"},
        {"text": "Green tea", "tag": ""},
    ]
    assert "You see the results after the end." in page


def test_a_task_says_which_part_of_a_rule_is_not_understood(by: Staff) -> None:
    fields = {
        "setting_tiers-rows": "2",
        "setting_tiers-0-text": "Two orders",
        "setting_tiers-0-rule": "paid an order at least 2 times and sang a song",
        "setting_tiers-0-points": "5",
        "setting_keep_days": "7",
    }
    activity, page = create(by, "tiered_task", **fields)
    assert activity.settings["tiers"][0]["points"] == 5
    assert "Tier 1, “paid an order" in page
    assert "not understood" in page
