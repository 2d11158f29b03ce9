"""K3: the sizes of all tags at once equal the counts of each tag's rule."""

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


def assert_equal_to_rules(
    shop: Community, tags: list[tag_models.Tag], by: staff_models.Staff
) -> None:
    sizes = set_sizes.count_by_ref(
        community=shop,
        kind=tag_models.KIND.name,
        refs=[tag.pk for tag in tags],
        by=by,
        at=LATER,
    )
    assert sizes == {
        tag.pk: audiences.count(
            community=shop, rule={"tag": {"any": [tag.key]}}, by=by, at=LATER
        )
        for tag in tags
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(
    st.lists(st.sets(st.integers(0, 7)), min_size=3, max_size=3),
    st.booleans(),
    st.booleans(),
)
def test_sizes_equal_the_counts_of_each_rule(
    shop: Community, tagged: list[set[int]], merged: bool, left: bool
) -> None:
    by, number = staff_models.system(shop), tag_models.Tag.objects.count()
    people = factories.members(shop, *(f"{number}-{n}" for n in range(8)))
    tags = [factories.tag(shop, f"t{number}-{n}") for n in range(3)]
    for tag, members in zip(tags, tagged, strict=True):
        assignments.apply(tag=tag, accounts=[people[n] for n in members], by=by, at=AT)
    if merged:
        pairs = [merges.Pair(people[0], people[1], merges.BY_HAND)]
        merges.merge(community=shop, pairs=pairs, by=by, at=AT)
    if left:
        accounts.leave(account=account_queries.get(shop, f"{number}-2"), by=by, at=AT)
    assert_equal_to_rules(shop, tags, by)
    scoped = staff_models.create(
        community=shop,
        login=f"s{number}",
        scope={"tag": {"any": [tags[0].key]}},
        at=AT,
    )
    assert_equal_to_rules(shop, tags, scoped)
    in_two = set_sizes.count_in_two_or_more(
        community=shop, kind="tag", refs=[tag.pk for tag in tags], at=LATER
    )
    person = {n: 0 if merged and n == 1 else n for n in range(8)}
    sets = [{person[n] for n in members} for members in tagged]
    assert in_two == sum(sum(n in set_ for set_ in sets) > 1 for n in range(8))
