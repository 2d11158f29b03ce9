"""Portraits of those whom a campaign or a funnel took somewhere, among those it could."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.insight.funnels import funnels
from qunce.insight.portraits import portraits, subjects
from qunce.insight.portraits.subjects import SubjectNotFound, SubjectWithoutRule
from qunce.members.attributes import attributes
from qunce.members.rule_text.contact_masks import ContactsHidden
from qunce.outreach.campaigns import effects
from qunce.outreach.campaigns.models import Campaign
from qunce.outreach.sending import send_facts
from qunce.outreach.sending.ledger import Message, Origin, State
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from tests import clients, factories

pytestmark = pytest.mark.django_db(transaction=True)
AT = factories.AT
START = AT - timedelta(days=10)
SIZE = 200


@pytest.fixture
def shop(db: None) -> Community:
    return factories.community(language="en", timezone="UTC")


@pytest.fixture
def people(shop: Community) -> list[int]:
    return factories.members(shop, *(f"m{n:03}" for n in range(SIZE)), at=START)


@pytest.fixture
def campaign(shop: Community, by: Staff, people: list[int]) -> Campaign:
    """Of 160 recipients 120 get it, 80 open a link and 60 order, who are from Bern.

    The other 40 members are not asked; they are from Bern, too, and must count nowhere.
    """
    campaign = factories.campaign(by, name="Spring")
    Campaign.objects.filter(pk=campaign.pk).update(started_at=START)
    campaign.refresh_from_db()
    for n, person in enumerate(people[:120]):
        Message.objects.create(
            community=shop,
            origin=Origin.CAMPAIGN,
            origin_id=campaign.pk,
            target_id=person,
            channel="assisted",
            staff=by,
            state=State.CLICKED if n < 80 else State.MARKED,
            counted_at=START,
            changed_at=START,
        )
    for kind, some in (
        (send_facts.SendMarkedSent, people[:120]),
        (send_facts.SendClicked, people[:80]),
        (send_facts.SendSkipped, people[120:160]),
    ):
        fact = kind(campaign=campaign.key)
        facts.record_for_accounts(fact, some, community=shop, by=by, at=START)
    for person in people[20:80]:
        factories.order(shop, person, 100, START + timedelta(days=2))
    # An order before it, and one after the week, are not because of it.
    factories.order(shop, people[0], 100, START - timedelta(days=1))
    factories.order(shop, people[1], 100, START + timedelta(days=8))
    cities = {
        person: "Bern" if 20 <= n < 80 or n >= 160 else "Genf"
        for n, person in enumerate(people)
    }
    city = attributes.define(
        community=shop, name="city", label="City", type="text", by=by, at=AT
    )
    attributes.set_values(attribute=city, values=cities, by=by, at=AT)
    deriver.catch_up()
    return campaign


def load(text: str, by: Staff) -> portraits.Portrait:
    subject = portraits.parse_subject(text, by=by)
    return portraits.load(subject=subject, by=by, at=AT)


def test_takers_are_compared_with_those_who_could_have_taken_it(
    shop: Community, by: Staff, campaign: Campaign
) -> None:
    """K13"""
    sizes = {}
    for part in ("sent", "clicked", "bought"):
        found = load(f"campaign:{campaign.pk}:{part}", by)
        sizes[part] = (found.people, found.rest)
        for row in found.rows:
            counts = row.difference.counts
            for inside, number in ((True, counts.inside), (False, counts.rest)):
                rule = portraits.rule_of(found, row, inside=inside)
                count = audiences.count(community=shop, rule=rule, by=by, at=AT)
                assert count == number
    assert sizes == {"sent": (120, 40), "clicked": (80, 40), "bought": (60, 60)}
    assert effects.measure(campaign, AT).ordered == sizes["bought"][0]
    labels = {row.trait.label: row for row in found.rows}
    bern = labels["Bern"].difference.counts
    assert (bern.inside, bern.inside_of, bern.rest, bern.rest_of) == (60, 60, 0, 60)
    assert load(f"campaign:{campaign.pk}", by).people == 120
    page = clients.browser(by).get(
        f"/insight/portrait/?of=campaign:{campaign.pk}:bought"
    )
    assert "members who got it and did not order" in page.content.decode()
    detail = clients.browser(by).get(f"/outreach/{campaign.pk}/").content.decode()
    assert f"of=campaign%3A{campaign.pk}%3Aclicked" in detail
    body = clients.create_client(shop).get(
        f"/portraits?of=campaign:{campaign.pk}:clicked"
    )
    assert (body.body["people"], body.body["rest"]) == (80, 40)
    assert body.body["among"] == "members who got it and opened no link"


def test_campaigns_that_staff_do_not_see_are_unknown(
    shop: Community, by: Staff, campaign: Campaign
) -> None:
    factories.group(shop, "north", *(f"m{n:03}" for n in range(150)))
    deriver.catch_up()
    limited = factories.staff(shop, permissions.Role.OPERATOR, "ben", groups=["north"])
    other = factories.campaign(by, name="Draft", key="draft")
    for text, who in (
        (f"campaign:{campaign.pk}:sent", limited),
        (f"campaign:{other.pk}:sent", by),
        (f"campaign:{campaign.pk}:left", by),
        ("campaign:x:sent", by),
        ("campaign:9999999999999999999:sent", by),
    ):
        with pytest.raises(SubjectNotFound, match="campaign:id:sent"):
            portraits.parse_subject(text, by=who)
    shown = dict(portraits.list_choices(by=by))["Campaigns"]
    assert f"campaign:{campaign.pk}:sent" in dict(shown)
    assert "Campaigns" not in dict(portraits.list_choices(by=limited))


def test_step_of_a_funnel_is_compared_with_who_stopped_before_it(
    shop: Community, by: Staff, campaign: Campaign
) -> None:
    steps: list[dict[str, Any]] = [{"kind": "send.marked_sent"}, {"kind": "order.paid"}]
    given: dict[str, Any] = {"community": shop, "by": by, "at": AT}
    funnel = funnels.create(name="Sale", definition={"steps": steps}, **given)
    first, second = (load(f"funnel:{funnel.pk}:{n}", by) for n in (1, 2))
    assert (first.people, first.rest) == (120, 80)
    # Those with an order after the message, also after a week.
    assert (second.people, second.rest) == (61, 59)
    assert "Bern" in {row.trait.label for row in second.rows}
    loose = {"steps": steps, "order": "loose", "within": "7d"}
    other = funnels.create(name="Loose", definition=loose, **given)
    with pytest.raises(SubjectWithoutRule, match="any order"):
        load(f"funnel:{other.pk}:2", by)
    for text in (f"funnel:{funnel.pk}:3", f"funnel:{funnel.pk}:0", "funnel:77:1"):
        with pytest.raises(SubjectNotFound):
            load(text, by)
    page = clients.browser(by).get(f"/insight/funnels/{funnel.pk}/").content.decode()
    assert f"of=funnel%3A{funnel.pk}%3A2" in page
    # A step that names a contact is no subject for those who may not read it.
    secret = {
        "steps": [
            {"kind": "order.paid", "where": {"order": ["+4915112345678"]}},
            *steps,
        ]
    }
    hidden = funnels.create(name="Hidden", definition=secret, **given)
    viewer = factories.staff(shop, permissions.Role.VIEWER, "cat")
    with pytest.raises(ContactsHidden):
        load(f"funnel:{hidden.pk}:1", viewer)
    forms = subjects.list_forms()
    assert {"funnel:id:step", "campaign:id:sent|clicked|bought"} <= set(forms)
