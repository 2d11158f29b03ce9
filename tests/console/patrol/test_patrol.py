"""Pages of a patrol round."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce.core import timestamps
from qunce.core.facts import interned_names
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.groups.moderation.models import Action
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from tests import clients, factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Staff:
    return factories.staff(factories.community(language="en"))


def say(group: Group, account: int, text: str) -> None:
    source = interned_names.ensure("source", group.community_id, ["test"])["test"]
    # Pages read the clock of the test's machine.
    moment = timestamps.to_micros(datetime.now(UTC) - timedelta(minutes=5))
    new = NewText(f"{group.pk}:{text}", account, group.pk, moment, text)
    message_texts.store(group.community, source, [new])


def test_one_group_after_the_other_until_the_round_is_done(owner: Staff) -> None:
    browser = clients.browser(owner)
    kim = factories.member(owner.community, "kim", name="Kim").pk
    north = factories.group(owner.community, "north", kim, name="North")
    south = factories.group(owner.community, "south", kim, name="South")
    say(north, kim, "hello north")
    say(south, kim, "hello south")
    assert "unseen in 2 of 2 groups" in browser.get("/groups/patrol/").content.decode()
    page = browser.get("/groups/patrol/next/", follow=True)
    assert page.redirect_chain[-1][0] == f"/groups/patrol/{north.pk}/"
    text = page.content.decode()
    assert "hello north" in text
    assert 'data-key="n"' in text
    until = page.context["until"]
    page = browser.post(
        f"/groups/patrol/{north.pk}/seen/",
        {"until": until, "since": page.context["since"]},
        follow=True,
    )
    assert "hello south" in page.content.decode()
    undo = f"/groups/patrol/{north.pk}/unseen/?since={page.context['since']}"
    page = browser.post(
        f"/groups/patrol/{south.pk}/seen/",
        {"until": page.context["until"]},
        follow=True,
    )
    assert "The round is done" in page.content.decode()
    browser.post(undo)
    assert "unseen in 1 of 2 groups" in browser.get("/groups/patrol/").content.decode()


def test_somebody_is_removed_on_the_way(owner: Staff) -> None:
    browser = clients.browser(owner)
    kim = factories.member(owner.community, "kim", name="Kim").pk
    north = factories.group(owner.community, "north", kim, platform="wechat")
    say(north, kim, "buy this")
    url = f"/groups/patrol/{north.pk}/members/{kim}/remove/"
    page = browser.post(url, follow=True).content.decode()
    assert "The removal is under way" in page
    assert Action.objects.get().kind == "kick"
