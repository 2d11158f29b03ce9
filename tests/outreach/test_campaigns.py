"""Campaigns: what they need, their states, who sees them (P10)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.core.state_machine import WrongState
from qunce.groups import groups
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.content import templates
from qunce.sets.rules.base import RuleError
from tests import factories as people
from tests.factories import AT, LATER
from tests.outreach import made
from tests.outreach.made import HOUR

pytestmark = pytest.mark.both_databases


def test_a_campaign_is_made_and_told(shop: Community, by: Staff) -> None:
    found = made.campaign(by, text="Hi\r\nyou ")
    assert (found.state, found.text, found.key) == ("draft", "Hi\nyou", "News")
    assert people.recorded_facts(shop, "campaign.created") == [
        (None, {"campaign": "News"})
    ]


def test_two_of_one_name_have_two_keys(by: Staff) -> None:
    assert [made.campaign(by).key for _turn in range(3)] == ["News", "News 2", "News 3"]
    with pytest.raises(campaigns.CampaignAlreadyExists):
        made.campaign(by, key="News 2")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"name": " "}, campaigns.InvalidCampaign),
        ({"name": "x" * 81}, campaigns.InvalidCampaign),
        ({"name": "a\x00b"}, campaigns.InvalidCampaign),
        ({"target": "planets"}, campaigns.InvalidCampaign),
        ({"text": "{nmae}"}, templates.InvalidText),
        ({"rule": {"tag": {"any": ["nobody knows"]}}}, RuleError),
        ({"exclude": {"odd": 1}}, RuleError),
        ({"staff": [987_654]}, campaigns.InvalidCampaign),
        ({"groups": [987_654]}, groups.GroupNotFound),
        ({"target": "groups", "text": "{name}"}, templates.InvalidText),
    ],
)
def test_what_does_not_fit_is_refused(
    by: Staff, wrong: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        made.campaign(by, **wrong)


@pytest.mark.parametrize(
    "missing", [{"text": ""}, {"rule": None}, {"staff": []}, {"target": "groups"}]
)
def test_a_draft_may_lack_something_but_does_not_start(
    shop: Community, by: Staff, missing: dict[str, object]
) -> None:
    made.people(shop, "bob")
    draft = made.campaign(
        by, **{**missing, **({"text": "x"} if "target" in missing else {})}
    )
    with pytest.raises(errors.Invalid):
        launch.start(campaign=draft, by=by, at=AT)
    assert draft.state == "draft"


def test_a_viewer_makes_none_and_is_given_no_task(shop: Community, by: Staff) -> None:
    viewer = made.staff(shop, "eve", "viewer")
    with pytest.raises(permissions.NotAllowed):
        made.campaign(viewer)
    with pytest.raises(campaigns.InvalidCampaign):
        made.campaign(by, staff=[viewer.pk])


def test_what_is_on_its_way_is_paused_before_it_changes(
    shop: Community, by: Staff
) -> None:
    made.people(shop, "bob")
    running = made.started(by)
    with pytest.raises(campaigns.CampaignNotEditable, match="Pause"):
        campaigns.update(campaign=running, by=by, at=LATER, text="Other")
    campaigns.pause(campaign=running, by=by, at=LATER)
    with pytest.raises(campaigns.CampaignNotEditable):
        campaigns.update(campaign=running, by=by, at=LATER, rule={"any": []})
    assert campaigns.update(campaign=running, by=by, at=LATER, text="Other") == ["text"]
    with pytest.raises(templates.InvalidText):
        campaigns.update(campaign=running, by=by, at=LATER, text="")
    campaigns.resume(campaign=running, by=by, at=LATER)
    assert running.state == "sending"


def test_a_scheduled_campaign_starts_by_itself(shop: Community, by: Staff) -> None:
    made.people(shop, "bob")
    plan = made.campaign(by)
    with pytest.raises(campaigns.InvalidCampaign, match="still to come"):
        campaigns.schedule(campaign=plan, send_at=AT, by=by, at=AT)
    campaigns.schedule(campaign=plan, send_at=AT + HOUR, by=by, at=AT)
    launch.start_scheduled(at=AT + timedelta(minutes=59))
    plan.refresh_from_db()
    assert plan.state == "scheduled"
    launch.start_scheduled(at=AT + HOUR)
    plan.refresh_from_db()
    assert (plan.state, plan.size) == ("sending", 1)


def test_what_could_not_go_in_time_does_not_go_late(shop: Community, by: Staff) -> None:
    made.people(shop, "bob")
    plan = made.campaign(by)
    campaigns.schedule(campaign=plan, send_at=AT + HOUR, by=by, at=AT)
    launch.start_scheduled(at=AT + 4 * HOUR)
    plan.refresh_from_db()
    assert plan.state == "draft"
    assert plan.note


def test_what_cannot_start_goes_back_and_says_why(by: Staff) -> None:
    plan = made.campaign(by)
    campaigns.schedule(campaign=plan, send_at=AT + HOUR, by=by, at=AT)
    launch.start_scheduled(at=AT + HOUR)
    plan.refresh_from_db()
    assert (plan.state, bool(plan.note)) == ("draft", True)


def test_of_two_who_start_at_once_one_wins(shop: Community, by: Staff) -> None:
    made.people(shop, "bob")
    plan = made.campaign(by)
    other = campaigns.get(by=by, pk=plan.pk)
    launch.start(campaign=plan, by=by, at=AT)
    with pytest.raises(WrongState):
        launch.start(campaign=other, by=by, at=AT)
    assert plan.tasks.count() == 1


def test_who_sees_a_part_sees_only_their_own_campaigns(
    shop: Community, by: Staff
) -> None:
    part = made.staff(shop, "cat", scope={"tag": {"untagged": True}})
    whole = made.staff(shop, "dan")
    theirs, hers = made.campaign(by), made.campaign(part)
    assert set(campaigns.list_visible(whole)) == {theirs, hers}
    assert set(campaigns.list_visible(part)) == {hers}
    with pytest.raises(campaigns.CampaignNotFound):
        campaigns.get(by=part, pk=theirs.pk)
    stranger = made.staff(people.community("other"), "zoe", "owner")
    with pytest.raises(campaigns.CampaignNotFound):
        campaigns.get(by=stranger, pk=theirs.pk)


def test_a_copy_is_a_draft_that_says_the_same(shop: Community, by: Staff) -> None:
    made.people(shop, "bob")
    first = made.started(by, skip_recently_contacted=False)
    again = campaigns.duplicate(campaign=first, by=by, at=LATER)
    assert (again.state, again.text, again.skip_recently_contacted) == (
        "draft",
        first.text,
        False,
    )
    assert again.key == "News 2"
