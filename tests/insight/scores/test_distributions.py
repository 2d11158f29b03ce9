"""How a score is spread: bars are the lists behind them, small groups say nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight import breakdowns
from qunce.insight.scores import distributions, previews
from qunce.insight.scores.previews import PreviewTooLarge
from qunce.members.layers import ladders, layers
from qunce.members.scores import scores
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT
from tests.members.scores.test_definitions import DAYS, TENURE
from tests.members.scores.test_scores import post

DAY = timedelta(days=1)


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop, "manager", "li")


@pytest.fixture
def busy(shop: Community, by: Staff) -> Community:
    """Forty members who wrote on 0 to 9 days, ten of them in a group, one of the staff."""
    keys = [f"m{n:02}" for n in range(40)]
    factories.members(shop, *keys, joined_at=AT - 50 * DAY)
    for n, key in enumerate(keys):
        post(shop, key, n % 10)
    factories.group(shop, "north", *keys[:10])
    factories.group(shop, "south", *keys[8:40])
    deriver.catch_up()
    return shop


def activity(community: Community) -> scores.Score:
    return scores.get(community, "activity")


def test_each_bar_is_the_list_behind_it(busy: Community, by: Staff) -> None:
    day = AT.date() - 3 * DAY
    asked: dict[str, Any] = {"score": activity(busy), "by": by, "at": AT}
    for found in (
        distributions.compute(**asked),
        distributions.compute(**asked, day=day),
    ):
        counts = [
            audiences.count(community=busy, rule=each.rule, by=by, at=AT)
            for each in found.bins
        ]
        assert counts == [each.people for each in found.bins]
        assert sum(counts) == found.members == 40
    assert [each.label for each in found.bins][:3] == ["0.0", "0.1–9.9", "10.0–19.9"]


def test_who_joined_later_is_not_in_the_distribution_of_a_day(
    busy: Community, by: Staff
) -> None:
    factories.member(busy, "new", joined_at=AT)
    asked: dict[str, Any] = {"score": activity(busy), "by": by, "at": AT}
    assert distributions.compute(**asked).members == 41
    yesterday = AT.date() - DAY
    assert distributions.compute(**asked, day=yesterday).members == 40


def test_median_is_a_score_and_small_groups_have_none(
    busy: Community, by: Staff
) -> None:
    asked: dict[str, Any] = {"score": activity(busy), "by": by, "at": AT}
    found = distributions.compute(**asked)
    members = sorted(
        each.found.tenths
        for account in factories.account_ids(busy, tuple(f"m{n:02}" for n in range(40)))
        for each in scores.of_member(community=busy, account=account, at=AT)[:1]
    )
    middle = members[19]
    assert found.median == f"{middle // 10}.{middle % 10}"
    groups = breakdowns.parse("group")
    assert groups is not None
    rows = distributions.compare(breakdown=groups, **asked)
    assert [(row.label, row.people, row.median is None) for row in rows] == [
        ("south", 32, False),
        ("north", 10, True),
    ]


def test_scope_limits_whom_a_distribution_counts(busy: Community) -> None:
    rule = {"group": {"any": ["north"]}}
    scoped = factories.staff(busy, "viewer", "vi", scope=rule)
    found = distributions.compute(score=activity(busy), by=scoped, at=AT)
    assert (found.members, found.median) == (10, None)


@pytest.mark.parametrize(
    ("text", "message"), [("2026-13-01", "Write a date"), ("2999-01-01", "up to today")]
)
def test_a_day_that_is_none_is_refused(by: Staff, text: str, message: str) -> None:
    assert distributions.parse_day("2026-03-01", by, AT) is not None
    with pytest.raises(errors.Invalid, match=message):
        distributions.parse_day(text, by, AT)


def test_preview_shows_who_would_cross_the_layers(busy: Community, by: Staff) -> None:
    ladder = ladders.get("activity")
    layering = layers.create(
        community=busy,
        key="activity",
        spec=ladder.build(),
        default=ladder.default,
        by=by,
        at=AT,
    )
    score = activity(busy)
    asked: dict[str, Any] = {"by": by, "at": AT}
    spec = {"parts": [DAYS]}
    found = previews.preview(score=score, spec=spec, **asked)
    assert found.before is not None
    before = distributions.compute(score=score, **asked)
    assert [bin_.people for bin_ in found.before.bins] == [
        b.people for b in before.bins
    ]
    (effect,) = found.layers
    old = {name: size for name, size, _new in effect.sizes}
    expected = {name: size for name, _old, size in effect.sizes}
    run = layers.recompute(layering=layering, by=by, at=AT)
    assert list(layers.sizes(run).values()) == list(old.values())
    moved = {(c.old, c.new): len(c.people) for c in effect.crossings}
    assert sum(moved.values()) > 0 and found.up > 0 and found.down == 0
    for name in old:
        joined = sum(n for (_old, new), n in moved.items() if new == name)
        left = sum(n for (was, _new), n in moved.items() if was == name)
        assert old[name] + joined - left == expected[name]
    # What the preview says is what saving does.
    scores.update(score=score, spec=spec, **asked)
    after = distributions.compute(score=score, **asked)
    assert [b.people for b in after.bins] == [b.people for b in found.after.bins]
    run = layers.recompute(layering=layering, by=by, at=AT)
    assert list(layers.sizes(run).values()) == list(expected.values())


def test_preview_of_a_new_score_has_nothing_to_compare(
    busy: Community, by: Staff
) -> None:
    found = previews.preview(score=None, spec={"parts": [TENURE]}, by=by, at=AT)
    assert (found.before, found.layers) == (None, ())
    assert found.after.members == 40
    assert found.bins[2] == ("10.0–19.9", None, 40)


def test_preview_that_would_read_too_many_facts_is_refused(
    busy: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights of what the score measures already, and counts of days, are no part of it."""
    here = {**DAYS, "by": "times", "hours": ["00:00", "23:59"]}
    asked: dict[str, Any] = {"by": by, "at": AT}
    score = scores.create(
        community=busy, key="mine", name="Mine", spec={"parts": [here]}, **asked
    )
    monkeypatch.setattr(previews, "MAX_FACTS_READ", 100)
    wider = {"parts": [{**here, "within": "3d"}]}
    # Hours are no part of the counts of days, so that every fact is read.
    found = previews.preview(score=score, spec=wider, **asked)
    assert found.down > 0
    wider = {"parts": [{**here, "within": "60d"}]}
    with pytest.raises(PreviewTooLarge, match=r"180 facts .* 100"):
        previews.preview(score=score, spec=wider, **asked)
    heavier = {"parts": [{**here, "weight": 50}, {**DAYS, "within": "60d"}]}
    assert previews.preview(score=score, spec=heavier, **asked).after.members == 40
    scores.update(score=score, spec=wider, **asked)
