"""Goals whose group is gone under its key, and a process that dies while it records."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.insight.goals import goals, pace_chart, progress, results
from qunce.insight.goals.models import GoalResult
from qunce.insight.goals.pace import Standing
from qunce.insight.reports import reports
from tests import clients, factories
from tests.factories import AT
from tests.insight.goals.test_goals import DAY, TODAY, load, owner, set_goal, shop

pytestmark = pytest.mark.django_db
__all__ = ["owner", "shop"]


def test_a_goal_of_a_group_that_is_gone_keeps_nothing_else_from_counting(
    shop: Community, owner: Staff
) -> None:
    factories.group(shop, "tea", factories.member(shop, "ann").pk, at=AT - 10 * DAY)
    gone = set_goal(owner, group="tea", metric="members", last=TODAY)
    other = set_goal(owner, metric="new_members", last=TODAY)
    # As when the key named somebody who is erased.
    Group.objects.filter(community=shop).update(key="…")
    found = load(gone, owner)
    assert (found.standing, found.value.number) == (Standing.NOT_ENOUGH, None)
    assert pace_chart.draw(found, by=owner, at=AT) is None
    browser = clients.browser(owner)
    for address in ("", f"{gone.pk}/", f"{other.pk}/"):
        assert browser.get(f"/insight/goals/{address}").status_code == 200
    after = AT + DAY
    results.start_day(community=shop, at=after)
    assert load(gone, owner, after).standing is Standing.NOT_ENOUGH
    assert load(other, owner, after).result is not None
    assert GoalResult.objects.count() == 2
    assert results.find_change(goals.get(by=owner, pk=gone.pk), by=owner, at=after) is (
        None
    )
    report = reports.create(community=shop, kind="daily", by=owner, at=after)
    assert len(report.result["goals"]) == 2


@pytest.mark.both_databases
def test_a_process_that_dies_records_no_half_of_a_result(
    shop: Community, owner: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    goal = set_goal(owner, target="1", last=TODAY)
    factories.member(shop, "ann", at=AT)

    def die(*_facts: Any, **_given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(facts, "record", die)
        with pytest.raises(KeyboardInterrupt):
            results.record(goal, at=AT + DAY)
    assert not GoalResult.objects.exists()
    for _minute in range(2):
        results.start_day(community=shop, at=AT + DAY)
    assert progress.load(goals.get(by=owner, pk=goal.pk), by=owner, at=AT + DAY).result
    assert len(factories.recorded_facts(shop, "goal.ended")) == 1
