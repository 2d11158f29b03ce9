"""Verbs of scores: versions by day, who may change what, and what a member has."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.columns import columns
from qunce.members.columns.columns import People
from qunce.members.layers import ladders, layers
from qunce.members.scores import definitions, scores
from qunce.outreach.sending.channel_events import MessagePosted
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.factories import AT
from tests.members.scores.test_definitions import DAYS, TENURE

DAY = timedelta(days=1)
SPEC = {"parts": [DAYS, TENURE]}


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop, "manager", "li")


def post(shop: Community, key: str, days: int) -> None:
    """Messages of a member on each of the last days."""
    (account,) = factories.account_ids(shop, (key,))
    for n in range(days):
        fact = MessagePosted(account=account, length=3)
        facts.record(fact, community=shop, by=None, at=AT - n * DAY)


def create(by: Staff, spec: Any = SPEC, key: str = "fans") -> scores.Score:
    return scores.create(
        community=by.community, key=key, name="Fans", spec=spec, by=by, at=AT
    )


def score_of(shop: Community, key: str, score: str, at: Any = AT) -> scores.MemberScore:
    (account,) = factories.account_ids(shop, (key,))
    found = scores.of_member(community=shop, account=account, at=at)
    return next(each for each in found if each.score.key == score)


def test_ready_made_scores_are_there_without_a_row(shop: Community) -> None:
    assert [each.key for each in scores.list_all(shop)] == ["activity", "loyalty"]
    assert scores.Score.objects.count() == 0
    with pytest.raises(scores.ScoreNotFound, match="no score “fans”"):
        scores.get(shop, "fans")


def test_weights_hold_from_their_day_on(shop: Community, by: Staff) -> None:
    factories.member(shop, "ann", joined_at=AT - 40 * DAY)
    post(shop, "ann", 5)
    deriver.catch_up()
    score = create(by)
    assert score_of(shop, "ann", "fans").text == "34.0"
    later = AT + 2 * DAY
    changed = {"parts": [DAYS | {"cap": 5}, TENURE]}
    assert scores.update(score=score, spec=changed, by=by, at=later)
    same = {"parts": [DAYS | {"cap": 5, "weight": "3.0"}, TENURE]}
    assert not scores.update(score=score, spec=same, by=by, at=later)
    # The days before keep their weights, also for rules.
    then = {"score": {"name": "fans", "eq": 34, "on": AT.date().isoformat()}}
    now = {"score": {"name": "fans", "gt": 48}}
    assert factories.matching_keys(shop, then, at=later) == ["ann"]
    assert factories.matching_keys(shop, now, at=later) == ["ann"]
    assert factories.matching_keys(shop, now, at=AT) == []
    newest, first = scores.list_versions(score)
    assert newest.spec == definitions.canonical(changed)
    assert (newest.by, newest.at) == (by, later)
    assert (first.spec, first.day) == (definitions.canonical(SPEC), shop.day(AT))
    kinds = ("score.created", "score.changed")
    assert [len(factories.recorded_facts(shop, kind)) for kind in kinds] == [1, 1]


def test_a_ready_made_score_can_be_changed_and_stays(
    shop: Community, by: Staff
) -> None:
    factories.member(shop, "ann", joined_at=AT - 40 * DAY)
    activity = scores.get(shop, "activity")
    assert scores.update(score=activity, spec=SPEC, name="Ours", by=by, at=AT)
    assert scores.get(shop, "activity").name == "Ours"
    assert score_of(shop, "ann", "activity").text == "4.0"
    with pytest.raises(scores.ScoreIsReadyMade, match="cannot be deleted"):
        scores.delete(score=scores.get(shop, "activity"), by=by, at=AT)


def test_a_score_that_rules_name_is_kept(shop: Community, by: Staff) -> None:
    score = create(by)
    rule = {"score": {"name": "fans", "gte": 10}}
    factories.segment(shop, "fans", rule)
    with pytest.raises(scores.ScoreInUse, match="“Fans” is used by: segment"):
        scores.delete(score=score, by=by, at=AT)
    other = create(by, key="other")
    scores.delete(score=other, by=by, at=AT)
    assert factories.recorded_facts(shop, "score.deleted") == [
        (None, {"score": "other"})
    ]
    with pytest.raises(RuleError, match=r"no score “other”.*activity, fans, loyalty"):
        audiences.check(community=shop, rule={"score": {"name": "other", "gte": 1}})


def test_scores_are_few_and_have_keys_of_their_own(shop: Community, by: Staff) -> None:
    for n in range(scores.MAX_SCORES - 2):
        create(by, key=f"s{n}")
    with pytest.raises(definitions.InvalidScore, match="10 scores already"):
        create(by, key="more")
    with pytest.raises(scores.ScoreAlreadyExists, match="“activity” already exists"):
        create(by, key="activity")
    for key in ("a/b", ".", ".."):
        with pytest.raises(definitions.InvalidScore, match="part of an address"):
            create(by, key=key)


def test_who_may_not_change_layerings_may_not_change_scores(
    shop: Community, by: Staff
) -> None:
    score, operator = create(by), factories.staff(shop, "operator", "op")
    asked: dict[str, Any] = {"by": operator, "at": AT}
    with pytest.raises(permissions.NotAllowed, match=r"layers\.manage"):
        create(operator, key="mine")
    with pytest.raises(permissions.NotAllowed):
        scores.update(score=score, name="Mine", **asked)
    with pytest.raises(permissions.NotAllowed):
        scores.delete(score=score, **asked)
    assert scores.get(shop, "fans").name == "Fans"


def test_a_member_has_each_part_and_the_change_of_four_weeks(
    shop: Community, by: Staff
) -> None:
    factories.member(shop, "ann", joined_at=AT - 100 * DAY)
    factories.member(shop, "new", joined_at=AT - 5 * DAY)
    post(shop, "ann", 4)
    deriver.catch_up()
    create(by)
    found = score_of(shop, "ann", "fans")
    days, tenure = found.found.parts
    assert (days.points, tenure.points) == (12 * 10_000, 5 * 10_000)
    # 17 of 50 points now; 72 days, which are 3.6 points, before.
    assert (found.text, found.before, found.change) == ("34.0", 72, 268)
    assert score_of(shop, "new", "fans").change is None


def test_explanation_shows_score_and_parts(shop: Community, by: Staff) -> None:
    factories.member(shop, "ann", joined_at=AT - 40 * DAY)
    post(shop, "ann", 4)
    deriver.catch_up()
    create(by)
    (ann,) = factories.account_ids(shop, ("ann",))
    rule = {"score": {"name": "fans", "gte": 40}}
    found = audiences.explain(community=shop, rule=rule, by=by, at=AT, account=ann)
    reason = found.reasons[-1]
    assert not reason.holds
    assert reason.text == (
        "Fans 28.0 (required ≥ 40): 12 of 30 points from “Days” (4 of 10 days), 2 of 20"
        " points from “Tenure” (40 of 400 days)"
    )


def test_money_counts_in_whole_units_and_at_most_the_cap(
    shop: Community, by: Staff
) -> None:
    part = {
        "name": "Paid",
        "area": "service",
        "kind": "order.paid",
        "by": "sum",
        "field": "amount",
        "within": "30d",
        "weight": 1,
        "cap": 100,
    }
    factories.members(shop, "ann", "bob")
    factories.order(shop, "ann", 2_550)
    factories.order(shop, "bob", 99_999_999)
    deriver.catch_up()
    create(by, {"parts": [part]})
    assert score_of(shop, "ann", "fans").text == "25.5"
    assert score_of(shop, "bob", "fans").text == "100.0"


def test_scores_are_columns_of_the_member_list(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob", joined_at=AT - 40 * DAY)
    post(shop, "ann", 4)
    deriver.catch_up()
    create(by)
    (column,) = columns.find(shop, ["score:fans"])
    people = People({ann: [ann], bob: [bob]}, by, AT)
    assert {pk: cell.exported for pk, cell in column.cells(people).items()} == {
        ann: "28.0",
        bob: "4.0",
    }
    assert column.sort_values(shop, AT)[[ann, bob]].tolist() == [280, 40]


def test_ready_made_layering_follows_the_activity_score(
    shop: Community, by: Staff
) -> None:
    factories.members(shop, "ann", "bob", "eve")
    post(shop, "ann", 10)
    post(shop, "bob", 1)
    deriver.catch_up()
    ladder = ladders.get("activity")
    spec = ladder.build()
    layering = layers.create(
        community=shop, key="activity", spec=spec, default=ladder.default, by=by, at=AT
    )
    run = layers.recompute(layering=layering, by=by, at=AT)
    assert layers.sizes(run) == {"very": 0, "active": 1, "occasional": 1, "none": 1}


def test_a_process_that_dies_leaves_no_half_of_a_change(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = create(by)
    changed = {"parts": [DAYS | {"cap": 5}, TENURE]}

    def die(*_facts: Any, **_given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(facts, "record", die)
        with pytest.raises(KeyboardInterrupt):
            scores.update(score=score, name="Friends", spec=changed, by=by, at=AT)
    stored = scores.get(shop, "fans")
    assert (stored.name, len(scores.list_versions(stored))) == ("Fans", 1)
    assert scores.update(score=stored, name="Friends", spec=changed, by=by, at=AT)
    assert len(scores.list_versions(stored)) == 2
    assert len(factories.recorded_facts(shop, "score.changed")) == 1
