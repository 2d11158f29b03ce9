"""Goals: progress from the numbers of the pages, guards, scopes, results (I14)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.insight import metrics
from qunce.insight.goals import goals, pace_chart, progress, results, targets
from qunce.insight.goals.goals import GoalIsOver, GoalNotFound, InvalidGoal
from qunce.insight.goals.models import Goal, GoalResult
from qunce.insight.goals.pace import Standing
from qunce.insight.goals.progress import Progress
from qunce.insight.typed_numbers import typed_numbers
from qunce.insight.typed_numbers.typed_numbers import Entry
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 5)
DAY = timedelta(days=1)
FIRST, LAST = TODAY - 4 * DAY, TODAY + 5 * DAY
"""Ten days, of which four are over."""


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en", timezone="UTC", at=AT - 60 * DAY)


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


def set_goal(by: Staff, at: Any = AT, **fields: Any) -> Goal:
    given: dict[str, Any] = {
        "metric": "new_members",
        "direction": "at_least",
        "target": "10",
        "first": FIRST,
        "last": LAST,
    }
    return goals.create(community=by.community, by=by, at=at, **given | fields)


def load(goal: Goal, by: Staff, at: Any = AT) -> Progress:
    return progress.load(goals.get(by=by, pk=goal.pk), by=by, at=at)


def test_a_goal_has_the_number_of_the_pages(shop: Community, owner: Staff) -> None:
    for ago in (6, 3, 2, 1):
        factories.member(shop, f"m{ago}", at=AT - ago * DAY)
    goal = set_goal(owner)
    found = load(goal, owner)
    counted = metrics.count_span(
        community=shop, first=FIRST, last=TODAY, by=owner, at=AT, names=["new_members"]
    )
    assert found.value.number == counted.numbers["new_members"] == 3
    assert (found.share, found.elapsed) == (30, 40)
    assert found.expected == 4
    assert found.standing is Standing.BEHIND
    factories.member(shop, "today", at=AT)
    assert load(goal, owner).standing is Standing.ON_COURSE
    factories.members(shop, *"abcdef", at=AT)
    assert load(goal, owner).standing is Standing.MET


def test_at_most_is_missed_once_it_is_passed(shop: Community, owner: Staff) -> None:
    factories.members(shop, "a", "b", "c", at=AT - 20 * DAY)
    goal = set_goal(owner, metric="leaves", direction="at_most", target="2")
    assert load(goal, owner).standing is Standing.ON_COURSE
    factories.leave(shop, "a", "b", at=AT - DAY)
    assert load(goal, owner).standing is Standing.BEHIND
    factories.leave(shop, "c", at=AT - DAY)
    assert load(goal, owner).standing is Standing.MISSED


def test_a_ratio_of_few_people_is_not_enough_to_say(
    shop: Community, owner: Staff
) -> None:
    factories.members(shop, *(f"m{n}" for n in range(29)), at=AT - 20 * DAY)
    goal = set_goal(owner, metric="churn_rate", direction="at_most", target="5 %")
    found = load(goal, owner)
    assert (found.standing, found.share) == (Standing.NOT_ENOUGH, None)
    assert found.value_text == "not enough to say"
    factories.member(shop, "m29", at=AT - 20 * DAY)
    factories.leave(shop, "m0", "m1", at=AT - DAY)
    found = load(goal, owner)
    assert found.value.number == Fraction(2, 30)
    assert (found.value_text, found.target_text) == ("6.7 %", "5 %")
    assert found.standing is Standing.BEHIND


def test_typed_numbers_of_a_group_stay_marked(shop: Community, owner: Staff) -> None:
    factories.group(shop, "wechat", at=AT - 30 * DAY)
    goal = set_goal(owner, metric="joins", group="wechat", target="8")
    assert load(goal, owner).value_text == "0"
    group = groups.Group.objects.get(key="wechat")
    typed_numbers.save(
        community=shop,
        entries=[
            Entry(group=group, day=TODAY - ago * DAY, field="joins", value=3)
            for ago in (1, 2)
        ],
        by=owner,
        at=AT,
    )
    found = load(goal, owner)
    assert found.value_text == "6 (typed)"
    assert found.standing is Standing.ON_COURSE
    figure = pace_chart.draw(found, by=owner, at=AT)
    assert figure is not None
    assert list(figure.series[0].values[:5]) == [0, 0, 3, 6, 6]
    # Two people whom the platform reports are added with the mark of both.
    accounts = factories.members(shop, "ann2", "bob", at=AT)
    groups.add_members(group=group, accounts=accounts, by=owner, at=AT)
    deriver.catch_up()
    assert load(goal, owner).value_text == "8 (partly typed)"


def test_charts_have_the_value_and_its_pace(shop: Community, owner: Staff) -> None:
    factories.member(shop, "a", at=AT - 3 * DAY)
    factories.member(shop, "b", at=AT)
    found = load(set_goal(owner), owner)
    figure = pace_chart.draw(found, by=owner, at=AT)
    assert figure is not None
    assert figure.days[0] == FIRST
    assert figure.days[-1] == LAST
    assert list(figure.series[0].values) == [0, 1, 1, 1, 2, *[None] * 5]
    assert list(figure.series[1].values) == [float(n) for n in range(1, 11)]
    level = load(set_goal(owner, metric="members", target="5"), owner)
    figure = pace_chart.draw(level, by=owner, at=AT)
    assert figure is not None
    assert figure.series[0].values[-1] == 2
    assert set(figure.series[1].values) == {5.0}
    active = load(set_goal(owner, metric="active_members", target="5"), owner)
    figure = pace_chart.draw(active, by=owner, at=AT)
    assert figure is not None
    assert len(figure.days) == 10


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"metric": "nonsense"}, "There is no metric “nonsense”."),
        ({"metric": "joins"}, "There is no metric “joins”."),
        ({"target": "many"}, "“many” is not a target"),
        ({"target": "1.5"}, "is a whole number"),
        ({"target": "-1"}, "between 0 and"),
        ({"target": ""}, "“Target” is required."),
        ({"metric": "churn_rate", "target": "1001"}, "between 0 and 1,000"),
        ({"direction": "about"}, "Choose a direction"),
        ({"first": LAST, "last": FIRST}, "cannot be after"),
        ({"last": FIRST + 500 * DAY}, "at most 400 days"),
        ({"last": TODAY - DAY}, "is over"),
        ({"group": "gone", "metric": "joins"}, "There is no such group."),
        ({"name": "x" * 81}, "at most 80 characters"),
        ({"colour": "red"}, "no field “colour”"),
    ],
)
def test_what_is_not_possible_is_refused(
    owner: Staff, fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(errors.QunceError) as caught:
        set_goal(owner, **fields)
    assert sentence in str(caught.value)
    assert not Goal.objects.exists()
    set_goal(owner)
    assert Goal.objects.count() == 1


def test_targets_of_money_have_the_currency(owner: Staff) -> None:
    goal = set_goal(owner, metric="net_sales", target="CNY 12,000.50")
    assert (goal.target, goal.currency) == (Decimal("12000.50"), "CNY")
    entry = goals.find_entry(goal)
    assert entry is not None
    assert targets.to_number(goal, entry) == 1_200_050
    assert targets.format_target(goal, entry) == "CNY 12,000.50"
    with pytest.raises(errors.Invalid, match="at most 2 decimals"):
        set_goal(owner, metric="net_sales", target="1.234")


@pytest.mark.both_databases
def test_changes_are_recorded_once(shop: Community, owner: Staff) -> None:
    goal = set_goal(owner)
    assert goals.update(goal=goal, by=owner, at=AT, target="10", name="") == []
    changed = goals.update(goal=goal, by=owner, at=AT, target="12", name=" Spring ")
    assert (changed, goal.name) == (["name", "target"], "Spring")
    with pytest.raises(InvalidGoal, match="already"):
        set_goal(owner, target="99")
    goals.archive(goal=goal, by=owner, at=AT)
    other = set_goal(owner, target="99")
    with pytest.raises(InvalidGoal, match="already"):
        goals.restore(goal=goal, by=owner, at=AT)
    goals.archive(goal=other, by=owner, at=AT)
    goals.restore(goal=goal, by=owner, at=AT)
    assert [each.pk for each in goals.list_visible(owner)] == [goal.pk]
    assert count_facts(shop) == {
        "created": 2,
        "changed": 1,
        "archived": 2,
        "restored": 1,
    }


def count_facts(shop: Community) -> dict[str, int]:
    kinds = ("created", "changed", "archived", "restored", "ended")
    found = {
        kind: len(factories.recorded_facts(shop, f"goal.{kind}")) for kind in kinds
    }
    return {kind: count for kind, count in found.items() if count}


@pytest.mark.both_databases
def test_a_result_is_frozen_and_late_facts_are_shown(
    shop: Community, owner: Staff
) -> None:
    goal = set_goal(owner, target="2", last=TODAY)
    factories.members(shop, "a", "b", at=AT)
    results.start_day(community=shop, at=AT)
    assert not GoalResult.objects.exists()
    after = AT + DAY
    results.start_day(community=shop, at=after)
    results.start_day(community=shop, at=after)
    found = load(goal, owner, after)
    assert found.result is not None
    assert (found.value_text, found.standing) == ("2", Standing.MET)
    goal = goals.get(by=owner, pk=goal.pk)
    assert results.find_change(goal, by=owner, at=after) is None
    factories.member(shop, "late", at=AT - DAY)
    deriver.catch_up()
    change = results.find_change(goal, by=owner, at=after)
    assert change == results.Change(now="3", difference="+1")
    assert load(goal, owner, after).value_text == "2"
    with pytest.raises(GoalIsOver):
        goals.update(goal=goal, by=owner, at=after, target="1")
    assert goals.update(goal=goal, by=owner, at=after, name="March") == ["name"]
    assert count_facts(shop) == {"created": 1, "changed": 1, "ended": 1}


def test_goals_are_of_what_staff_see(shop: Community, owner: Staff) -> None:
    factories.members(shop, "a", "b", at=AT - 20 * DAY)
    for key, member in (("north", "a"), ("south", "b")):
        factories.group(shop, key, member, at=AT - 10 * DAY)
    whole = set_goal(owner)
    north = set_goal(owner, group="north", metric="members", target="1")
    south = set_goal(owner, group="south", metric="members", target="1")
    shown = [whole.pk, north.pk, south.pk]
    assert sorted(each.pk for each in goals.list_visible(owner)) == sorted(shown)
    local = factories.staff(shop, "manager", "lin", groups=["north"])
    assert {each.pk for each in goals.list_visible(local)} == {whole.pk, north.pk}
    local.scope = {"group": {"any": ["south"]}}
    assert [each.pk for each in goals.list_visible(local)] == [north.pk]
    found = load(north, local)
    assert found.standing is Standing.PARTIAL
    assert found.value.number == 0
    assert load(north, owner).value.number == 1
    for hidden in (whole, south):
        with pytest.raises(GoalNotFound, match="There is no such goal"):
            goals.get(by=local, pk=hidden.pk)
        with pytest.raises(GoalNotFound):
            progress.load(hidden, by=local, at=AT)
    with pytest.raises(permissions.NotAllowed):
        set_goal(local, group="north", metric="joins")
    with pytest.raises(InvalidGoal, match="does not see"):
        goals.update(goal=south, by=owner, at=AT, owner=local)


def test_nobody_sees_goals_of_another_community(owner: Staff) -> None:
    goal = set_goal(owner)
    other = staff_models.system(factories.community("other"))
    with pytest.raises(GoalNotFound):
        goals.get(by=other, pk=goal.pk)
    assert not goals.list_visible(other)
    with pytest.raises(GoalNotFound):
        goals.archive(goal=goal, by=other, at=AT)
