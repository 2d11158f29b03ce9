"""Identity 6: layers are disjoint and complete, and moves add up to their sizes."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.layers import assignment, layering_specs, layers
from qunce.members.layers import moves as layer_moves
from qunce.members.layers.assignment import Sums
from qunce.members.people import people as members
from qunce.members.tags import assignments, library
from qunce.sets import audiences
from qunce.sets.doctor import doctor
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT

DAY = timedelta(days=1)
PEOPLE = range(1, 9)
SETS = st.sets(st.sampled_from(PEOPLE))
CONDITIONS = st.one_of(
    st.fixed_dictionaries({"gte": st.integers(-20, 60)}),
    st.fixed_dictionaries({"top": st.sampled_from(["1%", "25%", "50%", "100%"])}),
)


@given(everyone=SETS, rules=st.lists(SETS, max_size=4))
def test_layers_in_order_are_those_of_the_first_rule_that_matches(
    everyone: set[int], rules: list[set[int]]
) -> None:
    matching = {f"l{n}": BitMap(people) for n, people in enumerate(rules)}
    sets, taken = assignment.divide_in_order(BitMap(everyone), matching, rest="rest")
    for person in PEOPLE:
        fitting = [key for key, people in matching.items() if person in people]
        expected = [*fitting, "rest"][:1] if person in everyone else []
        assert [key for key, people in sets.items() if person in people] == expected
        doubled = fitting[1:] if person in everyone else []
        assert [key for key, people in taken.items() if person in people] == doubled


@given(
    everyone=SETS,
    sums=st.dictionaries(st.sampled_from(PEOPLE), st.integers(-20, 60)),
    conditions=st.lists(CONDITIONS, min_size=1, max_size=3),
)
def test_layers_by_measure_are_those_of_the_first_threshold_that_is_reached(
    everyone: set[int], sums: dict[int, int], conditions: list[dict[str, Any]]
) -> None:
    spec: dict[str, Any] = {
        "by": "measure",
        "kinds": {"order.paid": 1},
        "layers": [*({"key": f"l{n}"} | c for n, c in enumerate(conditions)), {"key": "x"}],
    }  # fmt: skip
    layering_specs.check(spec)
    people = sorted(sums)
    found = assignment.divide_by_measure(
        spec,
        BitMap(everyone),
        Sums(
            np.array(people, dtype=np.int64),
            np.array([sums[person] for person in people], dtype=np.int64),
            {},
        ),
    )
    for person in PEOPLE:
        expected = []
        if person in everyone:
            own = (
                f"l{n}"
                for n, condition in enumerate(conditions)
                if reaches(sums.get(person, 0), condition, everyone, sums)
            )
            expected = [next(own, "x")]
        in_layers = [key for key, among in found.sets.items() if person in among]
        assert in_layers == expected


def reaches(
    own: int, condition: dict[str, Any], everyone: set[int], sums: dict[int, int]
) -> bool:
    """Whether a sum is at least the threshold; of a share, if fewer have more."""
    if "gte" in condition:
        return own >= int(condition["gte"])
    more = [each for each in everyone if sums.get(each, 0) > own]
    share = layering_specs.parse_share(condition["top"]) * len(everyone)
    return own > 0 and len(more) < share


SPECS: list[dict[str, Any]] = [
    {
        "by": "rules",
        "layers": [
            {"key": "a", "rule": {"tag": {"any": [first]}}},
            {"key": "b", "rule": {"tag": {"any": ["x", "y"]}}},
            {"key": "rest"},
        ],
    }
    for first in ("x", "y")
]


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(8))
def test_moves_between_any_two_days_add_up_to_sizes_and_close(
    shop: Community, by: Staff, seed: int
) -> None:
    """Random joins, leaves, returns, tags, merges, erasures and changed layers."""
    random, names = Random(seed), [f"m{n}" for n in range(9)]  # noqa: S311
    for key in ("x", "y"):
        factories.tag(shop, key)
    factories.members(shop, *names[:5])
    layering = layers.create(community=shop, key="l", spec=SPECS[0], by=by, at=AT)
    for day in range(6):
        at = AT + day * DAY
        for _change in range(random.choice([0, 3, 5])):
            change(shop, by, layering, random, names, at)
        if random.random() < 0.8 or not day:
            layers.recompute(layering=layering, by=by, at=at)
    layers.recompute(layering=layering, by=by, at=at)
    deriver.catch_up()
    history = layers.sizes_by_day(layering)
    days = sorted(history)
    assert len(days) > 2
    run = layers.latest_run(layering)
    assert run is not None
    everyone = audiences.count(community=shop, rule=audiences.EVERYONE, by=by, at=at)
    assert sum(layers.sizes(run).values()) == everyone
    assert doctor.run_checks(only="layers") == []
    for place, since in enumerate(days):
        for until in days[place + 1 :]:
            moves = layer_moves.compare(
                layering=layering, day=since, until=until, by=by, at=at
            )
            # Row sums are the sizes then, and column sums those later.
            assert {key: moves.size_before(key) for key in history[since]} == history[
                since
            ]
            assert {key: moves.size_after(key) for key in history[until]} == history[
                until
            ]
            for pair, size in moves.sizes.items():
                assert moves.redefined.get(pair, 0) <= size
                listed = audiences.count(
                    community=shop, rule=moves.rule(*pair), by=by, at=at
                )
                assert listed == size


def change(
    shop: Community,
    by: Staff,
    layering: layers.Layering,
    random: Random,
    names: list[str],
    at: datetime,
) -> None:
    """Something that happens, unless it cannot, such as for somebody not there yet."""
    first, second = random.sample(names, 2)
    action = random.choice("join leave back tag tag untag merge erase define".split())
    about: dict[str, Any] = {"by": by, "at": at}
    try:
        if action == "join":
            factories.member(shop, first, joined_at=at, at=at)
        elif action == "merge":
            factories.merge(shop, first, second, at=at)
        elif action == "define":
            layers.update(layering=layering, spec=random.choice(SPECS), **about)
        elif action == "tag":
            factories.apply_tag(shop, random.choice("xy"), first, at=at)
        else:
            account = account_queries.get(shop, first)
            if action == "leave":
                accounts.leave(account=account, **about)
            elif action == "back":
                accounts.rejoin(account=account, **about)
            elif action == "erase":
                members.erase(account=account, **about)
            else:
                tag = library.get(shop, random.choice("xy"))
                assignments.remove(tag=tag, accounts=[account.pk], **about)
    except errors.QunceError:
        pass
