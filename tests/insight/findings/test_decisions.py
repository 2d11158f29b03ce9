"""Dismissed findings stay away, and what came of actions is measured (I12)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from qunce.core import permissions
from qunce.core.state_machine import WrongState
from qunce.insight.findings import daily, decisions, sentences
from qunce.insight.findings.decisions import (
    DecisionNotFound,
    FindingNotFound,
    InvalidDecision,
)
from qunce.insight.findings.models import FindingDecision
from qunce.insight.findings.outcomes import Verdict
from tests import factories
from tests.insight.findings import planted
from tests.insight.findings.planted import NOW

pytestmark = pytest.mark.django_db(transaction=True)
FRUIT = "group:active_members:down:fruit"


def test_dismissed_finding_stays_away_for_14_days_and_comes_back_undone() -> None:
    shop = planted.build(quiet="fruit")
    by = factories.staff(shop.community)
    (finding,) = daily.load(by=by, at=NOW).open
    decided: dict[str, Any] = {
        "community": shop.community,
        "cell": finding.cell,
        "by": by,
        "at": NOW,
    }
    with pytest.raises(InvalidDecision, match="why"):
        decisions.dismiss(**decided, reason=" ")
    decision = decisions.dismiss(**decided, reason="School holidays")
    assert daily.load(by=by, at=NOW).open == ()
    assert daily.load(by=by, at=NOW).decided == (finding,)
    with pytest.raises(FindingNotFound):
        decisions.dismiss(**decided, reason="again")
    assert [row.reason for row in decisions.list_visible(by)] == ["School holidays"]
    last = NOW + timedelta(days=daily.DAYS_AWAY - 1)
    assert daily.list_away(by, at=last) == [decision]
    assert daily.list_away(by, at=last + timedelta(days=1)) == []
    decisions.withdraw(decision=decision, by=by, at=NOW)
    assert daily.load(by=by, at=NOW).open == (finding,)
    with pytest.raises(WrongState):
        decisions.withdraw(decision=decision, by=by, at=NOW)


def test_same_group_with_another_change_is_not_kept_away() -> None:
    shop = planted.build(quiet="fruit")
    by = factories.staff(shop.community)
    planted.remove_members(
        shop, "fruit", shop.members["fruit"][20:34], planted.day_at(1)
    )
    first, second = sorted(daily.load(by=by, at=NOW).open, key=lambda one: one.metric)
    decisions.dismiss(
        community=shop.community, cell=first.cell, reason="known", by=by, at=NOW
    )
    assert daily.load(by=by, at=NOW).open == (second,)


@pytest.mark.parametrize(
    ("quiet", "verdict"), [("", Verdict.USUAL), ("fruit", Verdict.STILL)]
)
def test_what_came_of_an_action_is_measured_on_like_weekdays(
    quiet: str, verdict: Verdict
) -> None:
    shop = planted.build(quiet="fruit")
    by = factories.staff(shop.community)
    (finding,) = daily.load(by=by, at=NOW).open
    decision = decisions.act(community=shop.community, cell=finding.cell, by=by, at=NOW)
    assert (decision.action, decision.outcome) == ("write_to_silent", None)
    line = sentences.outcome_line(decisions.outcome_of(decision), finding)
    assert line == "No complete day has passed since then."
    later = planted.go_on(shop, 6, quiet=quiet)
    daily.load(by=by, at=later)
    decision = decisions.get(by=by, pk=decision.pk)
    outcome = decisions.outcome_of(decision)
    assert outcome is not None
    # From the day after the action to yesterday.
    assert (outcome.days, outcome.verdict) == (5, verdict)
    assert outcome.expected > 8
    assert ("back in its usual range" in sentences.outcome_line(outcome, finding)) == (
        verdict == Verdict.USUAL
    )


def test_only_three_measured_actions_are_experience() -> None:
    shop = planted.build(quiet="fruit")
    by = factories.staff(shop.community)
    (finding,) = daily.load(by=by, at=NOW).open
    outcome = {
        "since": "2026-06-02",
        "until": "2026-06-08",
        "days": 7,
        "expected": 10,
        "verdict": "usual",
    }
    for observed, effect in ((9, None), (8, None), (11, (3, 80, 110))):
        FindingDecision.objects.create(
            community=shop.community,
            decided="acted",
            cell=finding.cell,
            finding=finding.to_json(),
            outcome=outcome | {"observed": observed, "days": 14},
            action=finding.action,
            day=(NOW - timedelta(days=80)).date(),
            decided_at=NOW,
            changed_at=NOW,
            by=by,
        )
        daily.compute(by=by, at=NOW)
        found = daily.load(by=by, at=NOW).open[0].effect
        values = None if found is None else (found.cases, found.lowest, found.highest)
        assert values == effect


def test_decisions_of_others_with_another_view_are_hidden() -> None:
    shop = planted.build(quiet="fruit")
    owner = factories.staff(shop.community)
    own = factories.staff(shop.community, "operator", login="own", groups=["fruit"])
    other = factories.staff(shop.community, "operator", login="x", groups=["tea"])
    viewer = factories.staff(shop.community, "viewer", login="viewer")
    (finding,) = daily.load(by=own, at=NOW).open
    cell: dict[str, Any] = {
        "community": shop.community,
        "cell": finding.cell,
        "reason": "known",
    }
    with pytest.raises(FindingNotFound):
        decisions.dismiss(**cell, by=other, at=NOW)
    with pytest.raises(permissions.NotAllowed):
        decisions.dismiss(**cell, by=viewer, at=NOW)
    decision = decisions.dismiss(**cell, by=own, at=NOW)
    assert len(daily.load(by=owner, at=NOW).open) == 1, "it is not theirs to dismiss"
    assert list(decisions.list_visible(owner)) == [decision]
    with pytest.raises(DecisionNotFound):
        decisions.get(by=other, pk=decision.pk)
    with pytest.raises(DecisionNotFound):
        decisions.withdraw(decision=decision, by=other, at=NOW)
    # Whoever sees everything decides for those who see a part of it.
    decisions.withdraw(decision=decision, by=own, at=NOW)
    assert len(daily.load(by=own, at=NOW).open) == 1
    decisions.dismiss(**cell, by=owner, at=NOW)
    assert daily.load(by=own, at=NOW).open == ()


def test_report_of_the_morning_is_kept_until_new_facts_are_old_enough() -> None:
    shop = planted.build(quiet="fruit")
    by = factories.staff(shop.community)
    daily.start_day(community=shop.community, at=NOW)
    found = daily.load(by=by, at=NOW)
    planted.remove_members(shop, "tea", shop.members["tea"][20:34], planted.day_at(1))
    soon, late = NOW + timedelta(hours=1), NOW + timedelta(hours=7)
    assert daily.load(by=by, at=soon) == found
    assert len(daily.load(by=by, at=late).open) == 2


def test_sentences_have_the_numbers_in_both_languages() -> None:
    shop = planted.build(quiet="fruit")
    by = factories.staff(shop.community)
    (finding,) = daily.load(by=by, at=NOW).open
    text = sentences.headline(finding)
    assert f"{finding.observed:,}" in text
    assert f"{finding.expected:,}" in text
    assert "Group Fruit" in text
    assert "since Friday" in text
    with translation.override("zh-hans"):
        chinese = sentences.headline(finding)
    assert "Fruit自周五起" in chinese
    assert f"平时约 {finding.expected} " in chinese
