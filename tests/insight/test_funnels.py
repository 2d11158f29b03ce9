"""Funnels of facts against brute force, and against rules that count the same people."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from qunce import ingest
from qunce.core import permissions, timestamps
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.core.state_machine import WrongState
from qunce.ingest.incoming_facts import IncomingFact
from qunce.insight import breakdowns
from qunce.insight.funnels import definitions, funnels, results, templates
from qunce.insight.funnels.definitions import InvalidFunnel
from qunce.sets import audiences, step_funnels
from qunce.sets.mirror import deriver
from tests import factories
from tests.insight import random_communities
from tests.insight.random_communities import KINDS, Person, World

pytestmark = pytest.mark.django_db(transaction=True)

A, B, C = ({"kind": kind} for kind in KINDS)
DEFINITIONS: list[dict[str, Any]] = [
    {"steps": steps, "order": order, **limits}
    for steps in ([A, B, C], [B, A], [C, B, A])
    for order in ("strict", "loose")
    for limits in (
        {},
        {"within": "7d"},
        {"within": "36h", "during": {"within": "40d"}},
        {"within": "20d", "during": {"between": ["2026-03-10", "2026-04-20"]}},
    )
] + [{"steps": [A, A, B, A], "within": "14d"}]


def times_of(world: World, person: Person, definition: dict[str, Any]) -> list[Any]:
    """The times of each step, as far as they are in the window."""
    today = world.day(world.at)
    first, last = None, today
    during = definition.get("during", {})
    if "within" in during:
        first = today - timedelta(days=int(during["within"][:-1]) - 1)
    if "between" in during:
        first, last = (datetime.fromisoformat(d).date() for d in during["between"])
    return [
        [
            when
            for when in world.times(person, step["kind"])
            if (first is None or world.day(when) >= first) and world.day(when) <= last
        ]
        for step in definition["steps"]
    ]


def limit_of(definition: dict[str, Any]) -> timedelta:
    text = definition.get("within", "9999d")
    number = int(text[:-1])
    return timedelta(hours=number) if text.endswith("h") else timedelta(days=number)


def depth_of(steps: list[list[datetime]], definition: dict[str, Any]) -> int:
    """The most steps for which any choice of facts fits, by trying all choices."""
    limit = limit_of(definition)
    for count in range(len(steps), 0, -1):
        for chosen in itertools.product(*steps[:count]):
            if max(chosen) - min(chosen) > limit:
                continue
            pairs = itertools.pairwise(chosen)
            if definition.get("order") == "loose" or all(a < b for a, b in pairs):
                return count
    return 0


def quickest_of(
    steps: list[list[datetime]], definition: dict[str, Any], depth: int
) -> list[datetime]:
    """The first attempt that comes as far, with the earliest possible times."""
    limit = limit_of(definition)
    for start in sorted(set(itertools.chain(*steps))):
        is_loose = definition.get("order") == "loose"
        if not is_loose and start not in steps[0]:
            continue
        found: list[datetime] = [] if is_loose else [start]
        for step in steps[len(found) : depth]:
            after = start if is_loose else found[-1]
            times = [
                when
                for when in step
                if (when >= after if is_loose else when > after)
                and when - start <= limit
            ]
            if not times:
                break
            found.append(min(times))
        if len(found) == depth:
            return found
    raise AssertionError("no attempt")


@pytest.mark.parametrize(
    ("zone", "seed"),
    [("Asia/Shanghai", 5), ("America/Los_Angeles", 6), ("Africa/Cairo", 7)],
)
def test_funnel_has_the_people_whom_brute_force_finds(zone: str, seed: int) -> None:
    """C4"""
    world = random_communities.build(zone, seed, people=20, facts=160)
    by = staff_models.system(world.community)
    for definition in DEFINITIONS:
        found = {}
        for person in world.members:
            steps = times_of(world, person, definition)
            depth = depth_of(steps, definition)
            if depth:
                found[person.number] = quickest_of(steps, definition, depth)
        result = results.compute(definition=definition, by=by, at=world.at)
        for index, step in enumerate(result.steps):
            expected = {n for n, times in found.items() if len(times) > index}
            assert step.people == len(expected), (definition, index)
            listed = results.find_people(
                definition=definition,
                step=index + 1,
                dropped=False,
                by=by,
                at=world.at,
            )
            assert set(listed) == expected
        check_times(world, by, definition, found)
        check_rules(world, by, definition, result)
    assert any(len(times) == 3 for times in found.values())


def check_times(
    world: World, by: Staff, definition: dict[str, Any], found: dict[int, list[Any]]
) -> None:
    progress = step_funnels.measure(
        community=world.community,
        definition=definitions.parse(definition, by),
        at=world.at,
    )
    for person, row in zip(progress.people.tolist(), progress.times, strict=True):
        if person in found:
            known = row[row != step_funnels.MISSING]
            assert known.tolist() == [
                timestamps.to_micros(when) for when in found[person]
            ]


def check_rules(
    world: World, by: Staff, definition: dict[str, Any], result: results.FunnelResult
) -> None:
    """The segment behind a number has as many people; the first step is `did`."""

    def count(rule: Any) -> int:
        return audiences.count(community=world.community, rule=rule, by=by, at=world.at)

    first = {**definition["steps"][0], **definition.get("during", {})}
    assert result.steps[0].people == count({"with_left": {"did": first}})
    for index, step in enumerate(result.steps):
        rule = definitions.rule_of(definition, index + 1)
        dropped = definitions.rule_of_drop(definition, index + 1)
        if rule is None:
            assert definition["order"] == "loose"
            continue
        assert count(rule) == step.people
        if dropped is not None:
            assert index + 1 < len(result.steps)
            assert count(dropped) == step.dropped


AT = datetime(2026, 4, 1, 12, tzinfo=UTC)


@pytest.fixture
def visited(shop: Community) -> list[int]:
    """40 members joined; 36 wrote a day later, half of them from the parcel."""
    people = [
        factories.member(
            shop,
            f"m{number}",
            joined_at=AT - timedelta(days=20),
            at=AT,
            source="parcel" if number % 2 else "shop",
        ).pk
        for number in range(40)
    ]
    moments = [AT - timedelta(days=19, minutes=n) for n in range(36)]
    report(shop, "checkin.done", people, AT - timedelta(days=20))
    for person, moment in zip(people, moments, strict=False):
        report(shop, "message.posted", [person], moment)
    deriver.catch_up()
    return people


def report(shop: Community, kind: str, people: list[int], when: datetime) -> None:
    ingest.record_facts(
        community=shop,
        incoming=[IncomingFact(kind=kind, account=p, happened_at=when) for p in people],
        by=staff_models.system(shop),
        at=AT,
    )


VISIT: dict[str, Any] = {
    "steps": [{"kind": "checkin.done"}, {"kind": "message.posted"}],
    "within": "7d",
}


def test_shares_medians_and_lines(by: Staff, visited: list[int]) -> None:
    result = results.compute(definition=VISIT, by=by, at=AT)
    first, second = result.steps
    assert (first.people, first.dropped, first.of_first) == (40, 4, 100)
    assert (second.people, second.of_first, second.of_previous) == (36, 90, 90)
    middle = timedelta(days=1) - np.median(range(36)) * timedelta(minutes=1)
    assert second.median == middle
    assert result.conversion == 90
    lines = results.compare(
        definition=VISIT, breakdown=breakdowns.Breakdown("source"), by=by, at=AT
    )
    assert {line.key for line in lines} == {"parcel", "shop"}
    for index, step in enumerate(result.steps):
        assert sum(line.result.steps[index].people for line in lines) == step.people
    # 20 people of a part are not enough to say, neither a share nor a time.
    assert {line.result.steps[1].of_first for line in lines} == {None}
    assert {line.result.steps[1].median for line in lines} == {None}


def test_who_began_too_late_may_still_go_on(
    shop: Community, by: Staff, visited: list[int]
) -> None:
    assert results.compute(definition=VISIT, by=by, at=AT).may_go_on == 0
    report(shop, "checkin.done", visited[-3:], AT - timedelta(days=2))
    deriver.catch_up()
    assert results.compute(definition=VISIT, by=by, at=AT).may_go_on == 3


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"steps": [A]}, "2 to 6 steps"),
        ({"steps": [A] * 7}, "2 to 6 steps"),
        ({"steps": "x"}, "2 to 6 steps"),
        ({"steps": [A, {"kind": "no.such"}]}, "no kind of fact “no.such”"),
        ({"steps": [A, {**B, "x": 1}]}, "Unknown field “x”"),
        ({"steps": [A, B], "order": "any"}, "“strict” or “loose”"),
        ({"steps": [A, A], "order": "loose"}, "Two steps are the same"),
        ({"steps": [A, B], "within": "soon"}, "time span"),
        ({"steps": [A, B], "during": {"x": 1}}, "Unknown field “x”"),
        ({"steps": [A, B], "more": 1}, "Unknown field “more”"),
        ([], "object with fields"),
    ],
)
def test_invalid_definitions_are_refused(
    shop: Community, by: Staff, visited: list[int], definition: Any, message: str
) -> None:
    report(shop, "reaction.added", visited[:1], AT)
    with pytest.raises(InvalidFunnel, match=message):
        funnels.create(
            community=shop, name="Visit", definition=definition, by=by, at=AT
        )
    assert funnels.list_visible(by) == []


def test_funnels_are_saved_changed_archived_and_restored(
    shop: Community, by: Staff, visited: list[int]
) -> None:
    funnel = funnels.create(
        community=shop, name=" Visit ", definition=VISIT, by=by, at=AT
    )
    assert funnel.name == "Visit"
    assert funnels.get(by=by, pk=funnel.pk).definition == VISIT
    assert not funnels.update(funnel=funnel, name="Visit", by=by, at=AT)
    assert funnels.update(funnel=funnel, name="Wrote", by=by, at=AT)
    with pytest.raises(InvalidFunnel, match="1 to 80 characters"):
        funnels.update(funnel=funnel, name=" ", by=by, at=AT)
    funnels.archive(funnel=funnel, by=by, at=AT)
    assert funnels.list_visible(by) == []
    assert funnels.list_visible(by, archived=True) == [funnel]
    with pytest.raises(WrongState):
        funnels.archive(funnel=funnel, by=by, at=AT)
    funnels.restore(funnel=funnel, by=by, at=AT)
    assert [each.name for each in funnels.list_visible(by)] == ["Wrote"]
    viewer = factories.staff(shop, "viewer", login="viv")
    with pytest.raises(permissions.NotAllowed):
        funnels.archive(funnel=funnel, by=viewer, at=AT)


def test_funnel_of_a_hidden_group_is_unknown(
    shop: Community, by: Staff, visited: list[int]
) -> None:
    factories.group(shop, "north", visited[0])
    factories.group(shop, "south", visited[1])
    step = {"kind": "message.posted", "where": {"group": ["north"]}}
    hidden = funnels.create(
        community=shop,
        name="North",
        definition={"steps": [step, {"kind": "checkin.done"}]},
        by=by,
        at=AT,
    )
    shown = funnels.create(community=shop, name="All", definition=VISIT, by=by, at=AT)
    narrow = factories.staff(shop, "operator", login="sue", groups=["south"])
    assert funnels.list_visible(narrow) == [shown]
    with pytest.raises(funnels.FunnelNotFound):
        funnels.get(by=narrow, pk=hidden.pk)
    with pytest.raises(funnels.FunnelNotFound):
        funnels.update(funnel=hidden, name="Mine", by=narrow, at=AT)


def test_templates_use_the_facts_that_the_community_has(
    shop: Community, by: Staff, visited: list[int]
) -> None:
    name, definition = templates.aidma(shop)
    assert "AIDMA" in name
    assert [step["kind"] for step in definition["steps"]] == [
        "send.delivered",
        "send.clicked",
        "message.posted",
        "send.delivered",
        "order.paid",
    ]
    assert set(templates.TEMPLATES) == {"aidma", "purchase"}
