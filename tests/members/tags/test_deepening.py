"""Tags that facts deepen."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from qunce import reactions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.tags import deepening, person_tags
from qunce.members.tags.models import Tag
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def pay(shop: Community, *accounts: int, at: datetime) -> None:
    for number, account in enumerate(accounts):
        key = f"{at:%j%H%M}-{number}"
        factories.order(shop, account, key=key, at=at)
    deriver.catch_up()


def choose(tag: Tag, *kinds: str, by: Staff, at: datetime) -> None:
    deepening.set_kinds(tag=tag, kinds=kinds, by=by, at=at)


def test_each_fact_of_a_chosen_kind_adds_one(shop: Community, by: Staff) -> None:
    """K6: from the choice on, once, over all accounts of a person."""
    ann, too, bob = factories.members(shop, "ann", "too", "bob")
    tea = factories.tag(shop, "tea")
    pay(shop, ann, at=AT)
    later = [AT + timedelta(hours=hours) for hours in range(1, 6)]
    choose(tea, "order.paid", by=by, at=later[0])
    reactions.DEEPENING.catch_up(at=later[0])
    assert person_tags.depths_of_person([ann]) == {}
    factories.merge(shop, "ann", "too")
    pay(shop, ann, too, bob, at=later[1])
    for _time in range(2):
        reactions.DEEPENING.catch_up(at=later[1])
    assert person_tags.depths_of_person([ann, too]) == {"tea": 2}
    assert person_tags.depths_of_person([bob]) == {"tea": 1}
    choose(tea, by=by, at=later[2])
    pay(shop, bob, at=later[3])
    choose(tea, "order.paid", by=by, at=later[4])
    reactions.DEEPENING.catch_up(at=later[4])
    assert person_tags.depths_of_person([bob]) == {"tea": 1}


def test_kinds_that_a_tag_causes_are_refused(shop: Community, by: Staff) -> None:
    (ann,) = factories.members(shop, "ann")
    factories.apply_tag(shop, "vip", ann)
    pay(shop, ann, at=AT)
    tea = factories.tag(shop, "tea")
    assert "order.paid" in dict(deepening.list_kinds(shop))
    for kind in ("tag.added", "no.such"):
        with pytest.raises(deepening.InvalidKind, match=kind):
            choose(tea, kind, by=by, at=AT)
