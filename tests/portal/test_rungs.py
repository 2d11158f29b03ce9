"""Every verb of a visitor checks the rung itself: one rung too low is refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.members.personal_links import devices
from qunce.portal.home import actions as home
from qunce.portal.points import actions as points
from qunce.portal.privacy import actions as privacy
from qunce.portal.sign_in import actions as sign_in
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung, RungTooLow
from qunce.portal.visitors.visitors import Visitor
from tests import factories
from tests.factories import AT

NEEDS = {
    "home.record_view": Rung.PUBLIC,
    "points.join_leaderboard": Rung.CHANNEL,
    "points.leave_leaderboard": Rung.CHANNEL,
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
    return {
        f"{module.__name__.split('.')[2]}.{name}": function
        for module in (home, points, privacy, sign_in)
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
    }


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
    others = {
        each: ""
        for each in inspect.signature(verb).parameters
        if each not in ("visitor", "at")
    }
    before = Fact.objects.count()
    with pytest.raises(RungTooLow) as refused:
        verb(visitor=who, at=AT, **others)
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
