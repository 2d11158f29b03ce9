"""Links that staff copy and post by hand are tracked, another one for each recipient."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.content.materials import library
from qunce.outreach.content.materials.models import Material
from qunce.outreach.links import tokens, tracked_links
from qunce.outreach.links.tracked_links import TrackedLink
from qunce.outreach.sending import messages
from qunce.outreach.sending.ledger import Message, Origin
from tests import factories

SHOP, OFFER = "https://shop.example.org/tea", "https://shop.example.org/offer"
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def public(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://q.example"


def link_material(by: Staff) -> Material:
    return library.create(
        community=by.community,
        kind="link",
        title="Offer",
        content_type="offer",
        url=OFFER,
        by=by,
        at=NOW,
    )


def copied(client: Client, address: str) -> list[str]:
    """What the buttons of a page copy."""
    page = client.get(address).content.decode()
    return [html.unescape(text) for text in re.findall(r'data-copy="([^"]*)"', page)]


def leads(text: str) -> list[tuple[str, int]]:
    """Where the tracked links of a text lead, and the target they belong to."""
    found = []
    for url in tracked_links.find_urls(text):
        token = tokens.decode(url.removeprefix("https://q.example/l/"))
        found.append((TrackedLink.objects.get(pk=token.link).url, token.target))
    return found


def task_page(by: Staff, client: Client, **fields: Any) -> str:
    """The address of the page of the only task of a campaign, with its rows opened."""
    campaign = campaigns.create(
        community=by.community, name="Tea", staff=[by.pk], by=by, at=NOW, **fields
    )
    launch.start(campaign=campaign, by=by, at=NOW)
    pk = factories.task(campaign, by).pk
    client.post(reverse("outreach:task-open-next", args=[pk]))
    return reverse("outreach:task-detail", args=[pk])


def test_each_member_of_a_task_has_links_of_their_own(
    shop: Community, by: Staff, ann: Client
) -> None:
    ids = factories.named_members(shop, "bob", "cat")
    address = task_page(
        by,
        ann,
        text=f"Tea: {SHOP}",
        materials=[link_material(by).version.pk],
        rule={"all": []},
    )
    texts = copied(ann, address)
    assert not [text for text in texts if "shop.example.org" in text]
    assert {lead for text in texts for lead in leads(text)} == {
        (url, pk) for url in (SHOP, OFFER) for pk in ids
    }
    page = ann.get(address).content.decode()
    assert "Its link is another one for each recipient." in page


def test_each_group_of_a_task_has_links_of_its_own(
    shop: Community, by: Staff, ann: Client
) -> None:
    groups = [factories.group(shop, key, owner=by).pk for key in ("north", "south")]
    address = task_page(by, ann, text=f"Tea: {SHOP}", target="groups", groups=groups)
    texts = copied(ann, address)
    assert {lead for text in texts for lead in leads(text)} == {
        (SHOP, pk) for pk in groups
    }


def test_a_text_without_links_is_the_same_for_all_unless_there_are_variants(
    shop: Community, by: Staff, ann: Client
) -> None:
    factories.named_members(shop, "bob", "cat")
    same = task_page(by, ann, text="Tea at five", rule={"all": []})
    page = ann.get(same).content.decode()
    assert ("Copy text" in page, "Each row has its own text." in page) == (True, False)
    variant = {"name": "B", "rule": {"members": {"keys": ["cat"]}}, "text": "Hi Cat"}
    other = task_page(by, ann, text="Tea at five", rule={"all": []}, variants=[variant])
    page = ann.get(other).content.decode()
    assert "Each row has its own text." in page
    assert '<p class="sample-text">Hi Cat</p>' in page
    assert sorted(set(copied(ann, other))) == ["Hi Cat", "Tea at five"]


def test_materials_of_a_message_to_post_have_links_of_the_member(
    shop: Community, by: Staff, ann: Client
) -> None:
    (bob,) = factories.named_members(shop, "bob")
    draft = messages.Draft(
        origin=Origin.CARE,
        origin_id=1,
        account=bob,
        text=f"Tea: {SHOP}",
        content={"materials": [link_material(by).version.pk]},
        staff=by,
    )
    with transaction.atomic():
        messages.request(draft, community=shop, at=NOW)
    texts = copied(ann, reverse("playbooks:post-list"))
    assert sorted(lead for text in texts for lead in leads(text)) == [
        (OFFER, bob),
        (SHOP, bob),
    ]
    assert not [text for text in texts if "shop.example.org" in text]
    assert Message.objects.get().state == "planned"
