"""Every verb of a visitor checks the rung itself: one rung too low is refused."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

from qunce import portal
from qunce.activities.posts import posts
from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.members.personal_links import devices
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung, RungTooLow
from qunce.portal.visitors.visitors import Visitor
from tests import factories
from tests.activities import running
from tests.activities.draws import builders
from tests.activities.homework import builders as homework_builders
from tests.activities.instant_draws import builders as instant_builders
from tests.activities.live_sessions import builders as live_builders
from tests.activities.meetups import builders as meetup_builders
from tests.activities.posts import builders as post_builders
from tests.activities.topics import builders as topic_builders
from tests.factories import AT
from tests.members.surveys import asking

NEEDS = {
    "activities.get": Rung.PUBLIC,
    "activities.account_of": Rung.PUBLIC,
    "activities.require_check_ins": Rung.LINK,
    "activities.take_part": Rung.LINK,
    "draws.get": Rung.PUBLIC,
    "draws.get_drawn": Rung.PUBLIC,
    # Nobody has none.
    "draws.own_tickets": Rung.PUBLIC,
    "draws.require_ticket": Rung.LINK,
    "draws.require_tickets": Rung.LINK,
    "home.record_view": Rung.PUBLIC,
    "flash_sales.confirm": Rung.CHANNEL,
    "instant_draws.get": Rung.PUBLIC,
    "instant_draws.get_packet": Rung.PUBLIC,
    "instant_draws.require_ticket": Rung.LINK,
    "mall.undo": Rung.CHANNEL,
    "live_sessions.enter_room": Rung.LINK,
    "live_sessions.get": Rung.PUBLIC,
    "live_sessions.get_reserved": Rung.LINK,
    "live_sessions.watch_replay": Rung.LINK,
    "homework.get": Rung.PUBLIC,
    "homework.get_review": Rung.LINK,
    "homework.hand_in": Rung.LINK,
    "homework.write_comment": Rung.LINK,
    "homework.write_review": Rung.LINK,
    "meetups.get": Rung.PUBLIC,
    "meetups.get_own": Rung.LINK,
    "meetups.sign_up": Rung.LINK,
    "prizes.claim": Rung.CHANNEL,
    "prizes.code_of": Rung.CHANNEL,
    "prizes.get": Rung.CHANNEL,
    "prizes.list_own": Rung.CHANNEL,
    "activities.buy_card": Rung.CHANNEL,
    "posts.choose_uses": Rung.LINK,
    "posts.delete": Rung.LINK,
    "posts.edit": Rung.LINK,
    "posts.find_readable": Rung.PUBLIC,
    "posts.get": Rung.PUBLIC,
    "posts.get_own": Rung.LINK,
    "posts.get_picture": Rung.PUBLIC,
    "posts.is_own": Rung.PUBLIC,
    "posts.list_accounts": Rung.PUBLIC,
    "posts.require": Rung.LINK,
    "posts.write": Rung.LINK,
    "topics.get": Rung.PUBLIC,
    "topics.get_readable": Rung.PUBLIC,
    "topics.rank": Rung.PUBLIC,
    "points.join_leaderboard": Rung.CHANNEL,
    "points.leave_leaderboard": Rung.CHANNEL,
    "surveys.get": Rung.PUBLIC,
    "surveys.account_of": Rung.PUBLIC,
    "surveys.require": Rung.LINK,
    "surveys.save": Rung.LINK,
    "surveys.submit": Rung.LINK,
    "surveys.add_picture": Rung.LINK,
    "sign_in.bind": Rung.PUBLIC,
    "sign_in.enter_through_channel": Rung.PUBLIC,
    "sign_in.enter_with_code": Rung.PUBLIC,
    "sign_in.enter_with_link": Rung.PUBLIC,
    "sign_in.hand_over": Rung.PUBLIC,
    "sign_in.show_code": Rung.PUBLIC,
    "sign_in.sign_out": Rung.PUBLIC,
    "sign_in.enter": Rung.LINK,
    "sign_in.remove_device": Rung.CHANNEL,
    "privacy.opt_out": Rung.LINK,
    "privacy.opt_in": Rung.LINK,
    "privacy.answer": Rung.CHANNEL,
    "privacy.export": Rung.CHANNEL,
    "privacy.request_erasure": Rung.CHANNEL,
    "privacy.withdraw_erasure": Rung.CHANNEL,
}


def verbs() -> dict[str, Callable[..., Any]]:
    """Every function of a module `actions` that takes a visitor, by area."""
    modules = [
        import_module(f"qunce.portal.{found.name}.actions")
        for found in pkgutil.iter_modules(portal.__path__)
        if found.ispkg and find_spec(f"qunce.portal.{found.name}.actions")
    ]
    return {
        f"{module.__name__.split('.')[2]}.{name}": function
        for module in modules
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
        and "visitor" in inspect.signature(function).parameters
    }


def arguments(verb: Callable[..., Any], shop: Community) -> dict[str, Any]:
    """Objects that exist, so that nothing but the rung is in the way."""
    names = [n for n in inspect.signature(verb).parameters if n != "visitor"]
    given: dict[str, Any] = dict.fromkeys(names, "")
    if "at" in names:
        given["at"] = AT
    by = factories.staff(shop)
    if "survey" in names:
        given["survey"] = asking.published(by)
    elif "live_sessions" in verb.__module__:
        given["public_id"] = live_builders.open_session(by).public_id
    elif "topics" in verb.__module__:
        given["public_id"] = topic_builders.open_topic(by).public_id
        given |= {"days": 7} if "days" in names else {}
    elif "homework" in verb.__module__:
        given["public_id"] = homework_builders.open_homework(by).public_id
        given |= {"form": {"text": "Grass"}} if "form" in names else {}
    elif "posts" in verb.__module__:
        given["public_id"] = post_builders.open_posts(by).public_id
        given |= {"form": posts.Form()} if "form" in names else {}
    elif "meetups" in verb.__module__:
        given["public_id"] = meetup_builders.open_meetup(by).public_id
        given |= {"form": {}} if "form" in names else {}
    elif "instant_draws" in verb.__module__:
        given["draw"] = instant_builders.open_draw(by).instant_draw
    elif {"draw", "public_id", "award"} & set(names):
        draw = builders.open_draw(by)
        is_draw = "draws" in verb.__module__
        activity = draw.activity if is_draw else running.running(by)
        own = {"draw": draw, "award": None, "public_id": activity.public_id}
        given |= {name: own[name] for name in names if name in own}
    return given


def visitor(shop: Community, rung: Rung) -> Visitor:
    li = factories.member(shop, "li").pk
    return Visitor(
        community=shop,
        device=devices.digest_of("phone"),
        links={"home": li} if rung == Rung.LINK else {},
        signed_in=li if rung > Rung.LINK else None,
        signed_in_rung=rung if rung > Rung.LINK else 0,
    )


def test_every_verb_says_which_rung_it_needs() -> None:
    assert set(verbs()) == set(NEEDS)


@pytest.mark.parametrize("name", [n for n, rung in NEEDS.items() if rung > 1])
@pytest.mark.django_db
def test_one_rung_too_low_is_refused_and_changes_nothing(
    shop: Community, name: str
) -> None:
    verb = verbs()[name]
    who = visitor(shop, Rung(NEEDS[name] - 1))
    given = arguments(verb, shop)
    before = Fact.objects.count()
    with pytest.raises(RungTooLow) as refused:
        verb(visitor=who, **given)
    assert refused.value.rung == NEEDS[name]
    assert Fact.objects.count() == before


@pytest.mark.django_db
def test_a_link_is_enough_for_its_own_purpose_only(shop: Community) -> None:
    who = visitor(shop, Rung.LINK)
    assert rungs.require(who, Rung.LINK, purpose="home") == who.links["home"]
    with pytest.raises(RungTooLow):
        rungs.require(who, Rung.LINK, purpose="activity:7Hk2")
    signed_in = Visitor(
        community=shop, device=b"", signed_in=who.links["home"], signed_in_rung=4
    )
    assert rungs.require(signed_in, Rung.LINK, purpose="activity:7Hk2")
    assert signed_in.may(Rung.CHANNEL)
    assert not who.may(Rung.CHANNEL)
