"""K3: carriers of every tag at once are those that each tag's rule counts."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import merges
from qunce.members.tags import assignments
from qunce.members.tags import models as tag_models
from qunce.sets import audiences, set_sizes
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases


@pytest.fixture
def shop(db: None) -> Community:
    return factories.community()


def check(shop: Community, some: list[tag_models.Tag], by: staff_models.Staff) -> None:
    found = set_sizes.count_by_ref(
        community=shop,
        kind=tag_models.KIND.name,
        refs=[tag.pk for tag in some],
        by=by,
        at=LATER,
    )
    assert found == {
        tag.pk: audiences.count(
            community=shop, rule={"tag": {"any": [tag.key]}}, by=by, at=LATER
        )
        for tag in some
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(
    st.lists(st.sets(st.integers(0, 7)), min_size=3, max_size=3),
    st.booleans(),
    st.booleans(),
)
def test_sizes_are_what_each_rule_counts(
    shop: Community, carriers: list[set[int]], merged: bool, left: bool
) -> None:
    by, number = staff_models.system(shop), tag_models.Tag.objects.count()
    people = factories.members(shop, *(f"{number}-{n}" for n in range(8)))
    mine = [factories.tag(shop, f"t{number}-{n}") for n in range(3)]
    for tag, chosen in zip(mine, carriers, strict=True):
        assignments.apply(tag=tag, accounts=[people[n] for n in chosen], by=by, at=AT)
    if merged:
        pairs = [merges.Pair(people[0], people[1], merges.BY_HAND)]
        merges.merge(community=shop, pairs=pairs, by=by, at=AT)
    if left:
        accounts.leave(account=account_queries.get(shop, f"{number}-2"), by=by, at=AT)
    check(shop, mine, by)
    scoped = staff_models.create(
        community=shop,
        login=f"s{number}",
        scope={"tag": {"any": [mine[0].key]}},
        at=AT,
    )
    check(shop, mine, scoped)
    several = set_sizes.count_in_two_or_more(
        community=shop, kind="tag", refs=[tag.pk for tag in mine], at=LATER
    )
    person = {n: 0 if merged and n == 1 else n for n in range(8)}
    sets = [{person[n] for n in some} for some in carriers]
    assert several == sum(sum(n in some for some in sets) > 1 for n in range(8))
