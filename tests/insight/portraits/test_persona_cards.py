"""Persona cards, through their verbs, the page and the API."""

from __future__ import annotations

import pytest

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.permissions import NotAllowed
from qunce.core.staff.models import Staff
from qunce.insight.portraits import persona_cards
from qunce.insight.portraits.persona_cards import PersonaCardNotFound
from tests import clients, factories

pytestmark = pytest.mark.django_db
AT = factories.AT


@pytest.fixture
def shop(db: None) -> Community:
    return factories.community(language="en")


def test_a_card_is_written_replaced_and_removed(shop: Community, by: Staff) -> None:
    """K13"""
    segment = factories.segment(shop, "vips", {"all": []})
    assert persona_cards.find(segment=segment, by=by) is None
    persona_cards.save(segment=segment, name=" Ms  Lin ", wants="a\r\nb", by=by, at=AT)
    persona_cards.save(segment=segment, name="Mr Wu", avoid="calls", by=by, at=AT)
    card = persona_cards.find(segment=segment, by=by)
    assert card is not None
    assert (card.name, card.wants, card.avoid) == ("Mr Wu", "", "calls")
    persona_cards.remove(segment=segment, by=by, at=AT)
    assert persona_cards.find(segment=segment, by=by) is None
    with pytest.raises(PersonaCardNotFound):
        persona_cards.remove(segment=segment, by=by, at=AT)
    for kind, times in (("persona_card.saved", 2), ("persona_card.removed", 1)):
        assert len(factories.recorded_facts(shop, kind)) == times


def test_bad_texts_and_viewers_are_refused(shop: Community, by: Staff) -> None:
    segment = factories.segment(shop, "vips", {"all": []})
    for name, match in (("", "required"), ("x" * 81, "at most 80"), ("a\0", "stored")):
        with pytest.raises(errors.Invalid, match=match):
            persona_cards.save(segment=segment, name=name, by=by, at=AT)
    viewer = factories.staff(shop, "viewer", "vic")
    with pytest.raises(NotAllowed):
        persona_cards.save(segment=segment, name="Lin", by=viewer, at=AT)


def test_the_page_and_the_api_write_the_same_card(shop: Community, by: Staff) -> None:
    segment = factories.segment(shop, "vips", {"all": []})
    browser = clients.browser(factories.staff(shop, login="eve"))
    url = f"/insight/portrait/segments/{segment.pk}/card/"
    assert browser.post(url, {"name": "<i>Lin"}).status_code == 303
    page = browser.get("/insight/portrait/?of=segment:vips").content.decode()
    assert "&lt;i&gt;Lin" in page
    api = clients.create_client(shop)
    path = f"/segments/{segment.pk}/persona-card"
    assert api.get(path).body["name"] == "<i>Lin"
    put = api.request("PUT", path, {"name": "Wu", "sentence": "Comes on Sundays"})
    assert put.body["sentence"] == "Comes on Sundays"
    assert browser.post(f"{url}remove/").status_code == 303
    assert api.get(path).status == 404
