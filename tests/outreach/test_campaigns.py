"""Fields, states and visibility of campaigns (P10)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core import errors, permissions, unique_keys
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.core.state_machine import WrongState
from qunce.groups import groups
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.content import templates
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.factories import AT, HOUR, LATER


def test_creating_a_campaign_records_a_fact(shop: Community, by: Staff) -> None:
    campaign = factories.campaign(by, text="Hi\r\nyou ")
    assert (campaign.state, campaign.text, campaign.key) == ("draft", "Hi\nyou", "News")
    assert factories.recorded_facts(shop, "campaign.created") == [
        (None, {"campaign": "News"})
    ]


@pytest.mark.both_databases
def test_campaigns_of_the_same_name_get_different_keys(by: Staff) -> None:
    assert [factories.campaign(by).key for _turn in range(3)] == [
        "News",
        "News-2",
        "News-3",
    ]
    with pytest.raises(campaigns.CampaignAlreadyExists):
        factories.campaign(by, key="News-2")


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
def test_invalid_fields_are_refused(
    by: Staff, wrong: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        factories.campaign(by, **wrong)


@pytest.mark.parametrize(
    "missing", [{"text": ""}, {"rule": None}, {"staff": []}, {"target": "groups"}]
)
def test_incomplete_draft_cannot_start(
    shop: Community, by: Staff, missing: dict[str, object]
) -> None:
    factories.named_members(shop, "bob")
    draft = factories.campaign(
        by, **{**missing, **({"text": "x"} if "target" in missing else {})}
    )
    with pytest.raises(errors.Invalid):
        launch.start(campaign=draft, by=by, at=AT)
    assert draft.state == "draft"


def test_viewer_creates_no_campaign_and_gets_no_task(
    shop: Community, by: Staff
) -> None:
    viewer = factories.staff(shop, "viewer", "eve")
    with pytest.raises(permissions.NotAllowed):
        factories.campaign(viewer)
    with pytest.raises(campaigns.InvalidCampaign):
        factories.campaign(by, staff=[viewer.pk])


def test_running_campaign_must_be_paused_to_be_changed(
    shop: Community, by: Staff
) -> None:
    factories.named_members(shop, "bob")
    running = factories.started_campaign(by)
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


def test_scheduled_campaign_starts_automatically(shop: Community, by: Staff) -> None:
    factories.named_members(shop, "bob")
    plan = factories.campaign(by)
    with pytest.raises(campaigns.InvalidCampaign, match="in the future"):
        campaigns.schedule(campaign=plan, send_at=AT, by=by, at=AT)
    campaigns.schedule(campaign=plan, send_at=AT + HOUR, by=by, at=AT)
    launch.start_scheduled(at=AT + timedelta(minutes=59))
    plan.refresh_from_db()
    assert plan.state == "scheduled"
    launch.start_scheduled(at=AT + HOUR)
    plan.refresh_from_db()
    assert (plan.state, plan.size) == ("sending", 1)


@pytest.mark.both_databases
def test_campaign_that_missed_its_time_becomes_a_draft(
    shop: Community, by: Staff
) -> None:
    factories.named_members(shop, "bob")
    plan = factories.campaign(by)
    campaigns.schedule(campaign=plan, send_at=AT + HOUR, by=by, at=AT)
    launch.start_scheduled(at=AT + 4 * HOUR)
    plan.refresh_from_db()
    assert plan.state == "draft"
    assert plan.note


def test_campaign_that_cannot_start_becomes_a_draft_with_a_note(by: Staff) -> None:
    plan = factories.campaign(by)
    campaigns.schedule(campaign=plan, send_at=AT + HOUR, by=by, at=AT)
    launch.start_scheduled(at=AT + HOUR)
    plan.refresh_from_db()
    assert (plan.state, bool(plan.note)) == ("draft", True)


@pytest.mark.both_databases
def test_campaign_is_started_once(shop: Community, by: Staff) -> None:
    factories.named_members(shop, "bob")
    plan = factories.campaign(by)
    other = campaigns.get(by=by, pk=plan.pk)
    launch.start(campaign=plan, by=by, at=AT)
    with pytest.raises(WrongState):
        launch.start(campaign=other, by=by, at=AT)
    assert plan.tasks.count() == 1


@pytest.mark.both_databases
def test_scoped_staff_see_only_their_own_campaigns(shop: Community, by: Staff) -> None:
    scoped = factories.staff(shop, "operator", "cat", scope={"tag": {"untagged": True}})
    unscoped = factories.staff(shop, "operator", "dan")
    other, own = factories.campaign(by), factories.campaign(scoped)
    assert set(campaigns.list_visible(unscoped)) == {other, own}
    assert set(campaigns.list_visible(scoped)) == {own}
    with pytest.raises(campaigns.CampaignNotFound):
        campaigns.get(by=scoped, pk=other.pk)
    stranger = factories.staff(factories.community("other"), "owner", "zoe")
    with pytest.raises(campaigns.CampaignNotFound):
        campaigns.get(by=stranger, pk=other.pk)


def test_duplicate_is_a_draft_with_the_same_content(shop: Community, by: Staff) -> None:
    factories.named_members(shop, "bob")
    first = factories.started_campaign(by, skip_recently_contacted=False)
    copy = campaigns.duplicate(campaign=first, by=by, at=LATER)
    assert (copy.state, copy.text, copy.skip_recently_contacted) == (
        "draft",
        first.text,
        False,
    )
    assert (copy.name, copy.key) == ("Copy of News", "Copy of News")
    again = campaigns.duplicate(campaign=first, by=by, at=LATER)
    assert again.key == "Copy of News-2"


@pytest.mark.both_databases
def test_key_that_is_too_long_is_refused(shop: Community, by: Staff) -> None:
    def create(key: str) -> campaigns.Campaign:
        return campaigns.create(community=shop, name="Sale", key=key, by=by, at=AT)

    assert create("k" * 100).key == "k" * 100
    with pytest.raises(unique_keys.KeyTooLong, match="101 characters"):
        create("l" * 101)
