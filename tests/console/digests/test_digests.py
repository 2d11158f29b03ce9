"""The pages of digests, with links to the messages of each line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.facts import interned_names
from qunce.core.staff.models import Staff
from qunce.groups.complaints.models import Complaint
from qunce.groups.wishes.models import Wish, WishVoice
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from qunce.members.message_texts.models import MessageText
from tests import clients, factories

pytestmark = pytest.mark.django_db
PAGE = "/groups/digests/"


def shown(response: Any) -> str:
    return str(response.content.decode())


def test_a_line_leads_to_its_message_and_from_there_to_a_case(
    shop: Community, ann: Client, by: Staff
) -> None:
    bob = factories.member(shop, "bob", name="Bob Miller").pk
    group = factories.group(shop, "north", bob)
    source = interned_names.ensure("source", shop.pk, ["log"])["log"]
    now = timestamps.to_micros(datetime.now(UTC))
    texts = ("周末几点<b>开门？", "杯子碎了")
    message_texts.store(
        shop,
        source,
        [
            NewText(f"m{n}", bob, group.pk, now - 1_000_000 * (2 - n), text)
            for n, text in enumerate(texts)
        ],
    )
    assert "north" in shown(ann.get(PAGE))
    page = shown(ann.get(f"{PAGE}{group.pk}/"))
    assert "Questions without an answer" in page
    assert "周末几点&lt;b&gt;开门？" in page
    assert "data-copy=" in page
    first, second = MessageText.objects.order_by("happened_at")
    around = shown(ann.get(f"{PAGE}{group.pk}/messages/{first.pk}/"))
    assert "杯子碎了" in around
    raised = ann.post(
        f"/groups/complaints/new/?message={second.pk}",
        {"kind": "complaint", "topic": "quality"},
    )
    assert raised.status_code == 303
    assert Complaint.objects.get().account_id == bob
    form = f"/groups/wishes/new/?message={first.pk}"
    assert "周末几点" in shown(ann.get(form))
    assert ann.post(form, {"kind": "wish", "title": "Weekends"}).status_code == 303
    assert WishVoice.objects.get().wish == Wish.objects.get()
    assert ann.get(f"{PAGE}{group.pk}/?day=1999-01-01").status_code == 422
    assert ann.get(f"{PAGE}{group.pk}/?day=soon").status_code == 422
    assert ann.get(f"{PAGE}?day=0001-01-01").status_code == 200
    viewer = clients.browser(factories.staff(shop, "viewer", "vic"))
    assert viewer.get(PAGE).status_code == 403
    assert viewer.get(f"{PAGE}{group.pk}/").status_code == 403
