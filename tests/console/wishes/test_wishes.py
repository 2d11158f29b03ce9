"""The pages of the board of wishes."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.wishes.models import Wish
from qunce.outreach.campaigns.campaigns import Campaign
from tests import clients, factories

pytestmark = pytest.mark.django_db
PAGE = "/groups/wishes/"


def shown(response: Any) -> str:
    return str(response.content.decode())


def test_a_wish_goes_from_a_member_to_an_answer(
    shop: Community, ann: Client, by: Staff
) -> None:
    factories.member(shop, "bob", name="Bob Miller")
    assert "Nothing on the board yet" in shown(ann.get(PAGE))
    form = {"kind": "wish", "title": "Oat <b> milk"}
    assert ann.post(f"{PAGE}new/", form | {"title": ""}).status_code == 422
    assert ann.post(f"{PAGE}new/", form).status_code == 303
    wish = Wish.objects.get()
    ann.post(f"{PAGE}{wish.pk}/voices/", {"member": "bob"})
    assert "1 member asked" in shown(ann.get(PAGE))
    page = shown(ann.get(f"{PAGE}{wish.pk}/"))
    assert "Bob Miller" in page
    assert "Oat &lt;b&gt; milk" in page
    ann.post(f"{PAGE}{wish.pk}/state/", {"state": "done"})
    answer = form | {"answer": "Here it is"}
    assert ann.post(f"{PAGE}{wish.pk}/edit/", answer).status_code == 303
    drafted = ann.post(f"{PAGE}{wish.pk}/answer/")
    campaign = Campaign.objects.get()
    assert drafted.headers["Location"].endswith(f"/{campaign.pk}/")
    assert campaign.state == "draft"
    other = ann.post(f"{PAGE}new/", form | {"title": "The same"})
    pk = Wish.objects.get(title="The same").pk
    assert other.status_code == 303
    ann.post(f"{PAGE}{pk}/merge/", {"into": str(wish.pk)})
    assert "The same" not in shown(ann.get(PAGE))
    assert "Merged with" in shown(ann.get(f"{PAGE}{pk}/"))
    ann.post(f"{PAGE}{pk}/separate/")
    assert "The same" in shown(ann.get(PAGE))
    voice = wish.voices.get()
    ann.post(f"{PAGE}{wish.pk}/voices/{voice.pk}/remove/")
    assert not wish.voices.exists()


def test_viewers_read_only(shop: Community, ann: Client) -> None:
    ann.post(f"{PAGE}new/", {"kind": "pain", "title": "Slow"})
    pk = Wish.objects.get().pk
    viewer = clients.browser(factories.staff(shop, "viewer", "vic"))
    assert "Slow" in shown(viewer.get(PAGE))
    assert "Says the same" not in shown(viewer.get(f"{PAGE}{pk}/"))
    assert viewer.get(f"{PAGE}new/").status_code == 403
    assert viewer.post(f"{PAGE}{pk}/state/", {"state": "done"}).status_code == 403
