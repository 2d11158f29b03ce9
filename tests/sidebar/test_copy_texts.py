"""The texts that the sidebar offers for copying."""

from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.members.accounts import queries as account_queries
from qunce.outreach.campaigns import audience_plan, campaigns, launch
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.sets.mirror import deriver
from qunce.sidebar import copy_texts
from tests import factories
from tests.factories import AT, HOUR


@pytest.mark.parametrize("is_started", [True, False])
def test_member_is_offered_the_text_of_their_variant(
    shop: Community, is_started: bool
) -> None:
    by = factories.staff(shop)
    factories.named_members(shop, "ann", "bob")
    deriver.catch_up()
    campaign = factories.campaign(
        by,
        text="For everyone",
        variants=[
            {"name": "VIP", "rule": {"members": {"keys": ["ann"]}}, "text": "For VIPs"}
        ],
    )
    if is_started:
        launch.start(campaign=campaign, by=by, at=AT)
    else:
        campaigns.schedule(campaign=campaign, send_at=AT + HOUR, by=by, at=AT)
    found = {}
    for key in ("ann", "bob"):
        account = account_queries.get(shop, key).pk
        (offered,) = copy_texts.list_texts(account, by=by, at=AT)
        found[key] = offered.text
    assert found == {"ann": "For VIPs", "bob": "For everyone"}


@pytest.mark.parametrize("is_started", [True, False])
def test_held_out_members_are_not_offered_the_text_of_the_campaign(
    shop: Community, is_started: bool
) -> None:
    by = factories.staff(shop)
    keys = [f"m{number}" for number in range(20)]
    factories.members(shop, *keys)
    deriver.catch_up()
    campaign = factories.campaign(by, text="Sale", hold_out_per_mille=500)
    held_out = audience_plan.build(campaign=campaign, by=by, at=AT).held_out
    if is_started:
        launch.start(campaign=campaign, by=by, at=AT)
    else:
        campaigns.schedule(campaign=campaign, send_at=AT + HOUR, by=by, at=AT)
    people = account_queries.find(shop, keys).values()
    offered = {
        person for person in people if copy_texts.list_texts(person, by=by, at=AT)
    }
    assert held_out
    assert offered == set(people) - set(held_out)


@pytest.mark.both_databases
def test_campaign_with_a_variant_for_something_gone_hides_no_other_text(
    shop: Community,
) -> None:
    by = factories.staff(shop)
    factories.campaign(by, name="Old", text="Old news", variants=[])
    vips = {"name": "VIP", "rule": {"segment": {"any": ["gone"]}}, "text": "For VIPs"}
    Campaign.objects.update(state="done", started_at=AT, variants=[vips])
    (ann,) = factories.members(shop, "ann")
    factories.started_campaign(by, text="News")
    (offered,) = copy_texts.list_texts(ann, by=by, at=AT)
    assert offered.text == "News"
