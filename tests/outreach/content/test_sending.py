"""Materials on their way out: attachments, kept versions, stops, results (P1, P3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django import Settings

from qunce.channels import channel_contract
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import campaign_materials, campaigns, content_uses
from qunce.outreach.content import message_templates
from qunce.outreach.content.materials import library
from qunce.outreach.content.materials.models import MaterialNotSendable
from qunce.outreach.links import clicks, link_results, tracked_links
from qunce.outreach.sending import channel_sending, ledger, messages
from tests import factories
from tests.factories import AT
from tests.outreach.content.test_materials import PRODUCT, create

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def fake() -> Iterator[FakeChannel]:
    channel = FakeChannel()
    channel_contract.register(channel)
    yield channel
    channel_contract.unregister(channel.name)


@pytest.fixture
def ann(shop: Community) -> int:
    return factories.member(shop, "ann", name="Ann", channel="fake").pk


@pytest.mark.both_databases
def test_links_in_materials_are_tracked_for_each_member(
    by: Staff, fake: FakeChannel, ann: int, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://q.example"
    factories.member(by.community, "bo", name="Bo", channel="fake")
    link = create(by, "link", url="https://a.example/x", text="")
    note = create(by, text="Hours: https://b.example/h, 9 to 5")
    chosen = [link.current_id, note.current_id]
    sent = factories.started_campaign(
        by, channel="fake", staff=[], text="Hello", materials=chosen
    )
    assert channel_sending.send_due(at=AT) == 2
    tokens_of = {}
    for message in fake.delivered:
        (attachment,) = message.attachments
        hello, hours = message.text.split("\n\n")
        assert (hello, hours[-8:]) == ("Hello", ", 9 to 5")
        (in_text,) = tracked_links.find_urls(hours)
        assert attachment.url.startswith("https://q.example/l/")
        for url, leads_to in (
            (attachment.url, "https://a.example/x"),
            (in_text, "https://b.example/h"),
        ):
            token = url.removeprefix("https://q.example/l/")
            opened = clicks.Request(token=token, browser=message.to, agent="WeChat")
            assert clicks.open_link(opened, at=AT + MINUTE) == leads_to
            tokens_of[message.to, leads_to] = token
    assert len(set(tokens_of.values())) == 4
    assert set(factories.recipient_states(sent).values()) == {"clicked"}
    shown = link_results.list_results(campaign=sent, by=by, at=AT + MINUTE)
    assert {row.url for row in shown} >= {"https://a.example/x", "https://b.example/h"}


@pytest.mark.both_databases
def test_message_has_the_version_of_its_campaign_and_keeps_it(
    by: Staff, fake: FakeChannel, ann: int
) -> None:
    link = create(by, "link", url="https://a.example", text="")
    note = create(by, text="Opening hours: 9 to 5")
    first = link.version
    template = message_templates.create(
        community=by.community,
        name="Hello",
        purpose="value",
        texts={"A": "Hello {name|friend}"},
        by=by,
        at=AT,
    )
    sent = factories.started_campaign(
        by,
        channel="fake",
        staff=[],
        text="Hello {name|friend}",
        template_version=template.texts["A"],
        materials=[link.current_id, note.current_id],
    )
    library.update(material=link, url="https://b.example", by=by, at=AT)
    assert channel_sending.send_due(at=AT) == 1
    (message,) = fake.delivered
    assert message.text == "Hello Ann\n\nOpening hours: 9 to 5"
    assert [each.url for each in message.attachments] == ["https://a.example"]
    (row,) = ledger.list_of(ledger.Origin.CAMPAIGN, sent.pk)
    assert row.content == {
        "materials": [first.pk, note.current_id],
        "template": template.texts["A"].pk,
    }
    (use,) = content_uses.list_uses(by=by, material=link)
    assert (use.version, use.result.reached, use.result.delivered) == (1, 1, 1)
    assert content_uses.count_by_material(by=by)[link.pk] == 1
    ((version, count, result),) = content_uses.list_template_results(
        by=by, template=template
    )
    assert (version.variant, count, result.delivered) == ("A", 1, 1)


def test_results_of_a_template_are_of_those_who_got_it_and_of_campaigns_one_sees(
    by: Staff, fake: FakeChannel
) -> None:
    factories.members(by.community, *"abcdef", channel="fake")
    factories.apply_tag(by.community, "vip", "a", "b")
    note = create(by, text="Opening hours")
    template = message_templates.create(
        community=by.community,
        name="Hello",
        purpose="value",
        texts={"A": "Hello"},
        by=by,
        at=AT,
    )
    vip = {"name": "vip", "rule": {"tag": {"any": ["vip"]}}, "text": "Dear guest"}
    factories.started_campaign(
        by,
        channel="fake",
        staff=[],
        text="Hello",
        template_version=template.texts["A"],
        materials=[note.current_id],
        variants=[vip],
    )
    assert channel_sending.send_due(at=AT) == 6
    ((_version, count, result),) = content_uses.list_template_results(
        by=by, template=template
    )
    assert (count, result.total, result.delivered) == (1, 4, 4)
    assert content_uses.total_results(by=by, material=note).delivered == 6
    factories.group(by.community, "north")
    scoped = factories.staff(by.community, "manager", "sam", groups=["north"])
    assert content_uses.list_template_results(by=scoped, template=template) == []
    hidden = content_uses.total_results(by=scoped, material=note)
    assert (hidden.total, hidden.delivered) == (0, 0)
    assert content_uses.count_by_material(by=scoped) == {}


def test_campaign_stops_when_its_product_is_sold_out_and_goes_on_with_new_stock(
    by: Staff, fake: FakeChannel, ann: int
) -> None:
    product = create(by, "product", **PRODUCT, stock=1)
    sent = factories.started_campaign(
        by, channel="fake", staff=[], materials=[product.current_id]
    )
    library.update(material=product, stock=0, by=by, at=AT)
    assert channel_sending.send_due(at=AT) == 0
    sent.refresh_from_db()
    assert sent.state == "paused"
    # The note is in the language of the community.
    assert "“Geisha 200 g”" in sent.note
    with pytest.raises(MaterialNotSendable):
        campaigns.resume(campaign=sent, by=by, at=AT)
    library.update(material=product, stock=5, by=by, at=AT)
    campaigns.resume(campaign=sent, by=by, at=AT)
    assert channel_sending.send_due(at=AT + MINUTE) == 1
    assert len(fake.delivered[0].attachments) == 1


def test_campaign_is_not_planned_past_the_end_of_a_licence(
    by: Staff, fake: FakeChannel
) -> None:
    material = create(by, licence_until=AT.date())
    draft = factories.campaign(
        by, channel="fake", staff=[], materials=[material.current_id]
    )
    later = AT + timedelta(days=2)
    with pytest.raises(MaterialNotSendable, match="ended on 2026-03-05"):
        campaigns.schedule(campaign=draft, send_at=later, by=by, at=AT)
    long = "x" * 3_000
    two = [create(by, text=long).current_id, create(by, text=long).current_id]
    longer = factories.campaign(by, channel="fake", staff=[], materials=two)
    with pytest.raises(campaign_materials.InvalidContent, match="too long"):
        campaigns.schedule(campaign=longer, send_at=later, by=by, at=AT)


def test_message_that_waits_is_skipped_if_its_material_went_away(
    by: Staff, fake: FakeChannel, ann: int
) -> None:
    material = create(by)
    draft = messages.Draft(
        origin=messages.Origin.PLAYBOOK,
        origin_id=1,
        account=ann,
        text="Hello",
        content={"materials": [material.current_id]},
        channel="fake",
        due_at=AT + MINUTE,
    )
    message = messages.request(draft, community=by.community, at=AT)
    library.archive(material=material, by=by, at=AT)
    assert channel_sending.send_due(at=AT + MINUTE) == 0
    message.refresh_from_db()
    assert (message.state, message.reason) == ("skipped", "material")
