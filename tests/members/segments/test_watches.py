"""Watched segments: who enters and leaves, as facts that add up to the set (K8)."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.segments import segments, watch_checks, watches
from qunce.members.segments.segments import Segment
from qunce.members.segments.watches import SegmentWatch
from qunce.members.tags import assignments
from qunce.sets import timelines
from qunce.sets.bitmaps import bitmaps, cache
from qunce.sets.doctor import doctor
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT
from tests.oracle import strategies
from tests.oracle.oracle import Oracle
from tests.oracle.questions import Questions
from tests.oracle.strategies import Setting
from tests.oracle.world import World

MINUTE = timedelta(minutes=1)
VIPS = {"tag": {"any": ["vip"]}}


@pytest.fixture
def vips(shop: Community) -> Segment:
    factories.members(shop, "ann", "bob", "eve")
    factories.apply_tag(shop, "vip", "ann")
    return factories.segment(shop, "vips", VIPS, name="VIPs")


@pytest.fixture
def watch(vips: Segment, by: Staff) -> SegmentWatch:
    return watches.start(segment=vips, by=by, at=AT)


def list_moves(community: Community, at: datetime) -> list[tuple[str, int]]:
    """(kind, account) of each entry and exit, in order."""
    facts = timelines.list_facts_of_kinds(
        community=community, kinds=sorted(segments.MOVES), since=AT, until=at
    )
    return [(fact.kind, fact.account or 0) for fact in facts]


def check(watch: SegmentWatch, at: datetime) -> int:
    watch = SegmentWatch.objects.select_related("segment__community").get(pk=watch.pk)
    return watches.check(watch, at=at)


def account(community: Community, key: str) -> int:
    (pk,) = factories.account_ids(community, (key,))
    return pk


@pytest.mark.both_databases
def test_entries_and_exits_are_facts(
    shop: Community, by: Staff, watch: SegmentWatch
) -> None:
    assert check(watch, AT + MINUTE) == 0
    factories.apply_tag(shop, "vip", "bob", at=AT + MINUTE)
    tag = factories.tag(shop, "tea")
    assignments.apply(tag=tag, accounts=[account(shop, "eve")], by=by, at=AT)
    assert check(watch, AT + 2 * MINUTE) == 1
    factories.leave(shop, "ann", at=AT + 3 * MINUTE)
    assert check(watch, AT + 4 * MINUTE) == 1
    assert check(watch, AT + 5 * MINUTE) == 0
    assert list_moves(shop, AT + 5 * MINUTE) == [
        ("segment.entered", account(shop, "bob")),
        ("segment.left", account(shop, "ann")),
    ]
    row = watch.segment.sizes.get()
    assert (row.size, row.entered, row.left) == (2, 1, 1)


def test_a_segment_that_nothing_has_changed_is_not_evaluated(
    shop: Community, watch: SegmentWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(watch, AT + MINUTE)
    evaluated: list[object] = []
    from qunce.sets.rules import tree

    original = tree.ClauseNode.evaluate

    def count(self: Any, *args: Any) -> Any:
        evaluated.append(self)
        return original(self, *args)

    monkeypatch.setattr(tree.ClauseNode, "evaluate", count)
    check(watch, AT + 2 * MINUTE)
    assert evaluated == []
    factories.apply_tag(shop, "vip", "bob", at=AT)
    check(watch, AT + 3 * MINUTE)
    assert len(evaluated) == 1


def test_a_window_that_passes_is_noticed_without_new_facts(
    shop: Community, by: Staff
) -> None:
    """On the day change for days, within a minute of the moment for hours."""
    factories.members(shop, "ann")
    factories.order(shop, "ann", paid_at=AT)
    deriver.catch_up()
    pk = account(shop, "ann")
    for span, before, after in (
        ("1d", AT, AT + timedelta(days=1)),
        ("2h", AT + timedelta(minutes=119), AT + timedelta(minutes=120)),
    ):
        rule = {"did": {"kind": "order.paid", "within": span}}
        watch = watches.start(segment=factories.segment(shop, span, rule), by=by, at=AT)
        assert watch.size == 1
        assert check(watch, before) == 0
        assert check(watch, after) == 1
    assert list_moves(shop, AT + timedelta(days=2)) == [("segment.left", pk)] * 2


def test_who_moves_because_the_rule_changed_did_not_move(
    shop: Community, by: Staff, vips: Segment, watch: SegmentWatch
) -> None:
    factories.apply_tag(shop, "vip", "bob", at=AT)
    everyone: Any = {"all": []}
    segments.update(segment=vips, rule=everyone, by=by, at=AT + MINUTE)
    assert check(watch, AT + 2 * MINUTE) == 1
    assert list_moves(shop, AT + 2 * MINUTE) == [
        ("segment.entered", account(shop, "bob"))
    ]
    watch.refresh_from_db()
    assert (watch.size, watch.base_at) == (3, AT + 2 * MINUTE)
    factories.leave(shop, "eve", at=AT + 2 * MINUTE)
    assert check(watch, AT + 3 * MINUTE) == 1


def test_a_changed_segment_inside_is_a_changed_rule(
    shop: Community, by: Staff, vips: Segment
) -> None:
    outer = factories.segment(shop, "outer", {"segment": {"any": ["vips"]}})
    watch = watches.start(segment=outer, by=by, at=AT)
    segments.update(segment=vips, rule={"all": []}, by=by, at=AT + MINUTE)
    assert check(watch, AT + 2 * MINUTE) == 0
    watch.refresh_from_db()
    assert watch.size == 3


def test_drift_is_corrected_and_reported(
    shop: Community, by: Staff, watch: SegmentWatch, caplog: pytest.LogCaptureFixture
) -> None:
    check(watch, AT + MINUTE)
    assert watches.compare(fresh(watch), at=AT + MINUTE) == 0
    assert caplog.records == []
    # The stored set is wrong, which no check sees, as nothing has changed.
    blob = bitmaps.to_bytes(bitmaps.of([account(shop, "eve")]))
    SegmentWatch.objects.filter(pk=watch.pk).update(blob=blob, size=1)
    assert check(watch, AT + 2 * MINUTE) == 0
    assert [f.code for f in doctor.run_checks(only="watched_segments")] == [
        "segment_moves"
    ]
    assert watches.compare(fresh(watch), at=AT + 3 * MINUTE) == 2
    watch = fresh(watch)
    assert (watch.drift, watch.drifted_at) == (2, AT + 3 * MINUTE)
    assert bitmaps.from_bytes(watch.blob) == bitmaps.of([account(shop, "ann")])
    assert "2 wrong members" in caplog.text


@pytest.mark.django_db(transaction=True)  # nothing is cached inside of a transaction
def test_a_wrong_cache_is_found(
    transactional_db: None,
    shop: Community,
    watch: SegmentWatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    check(watch, AT + MINUTE)
    for name, (version, content, _size) in list(cache.CACHE._entries.items()):
        if "TagClause" in str(name):
            cache.CACHE.set(name, version, content | bitmaps.of([account(shop, "eve")]))
    watches.forget()
    assert check(watch, AT + 2 * MINUTE) == 1
    assert watches.compare(fresh(watch), at=AT + 3 * MINUTE) == 1
    assert "1 wrong members" in caplog.text


def fresh(watch: SegmentWatch) -> SegmentWatch:
    return SegmentWatch.objects.select_related("segment__community").get(pk=watch.pk)


def test_the_day_begins_with_a_comparison(shop: Community, watch: SegmentWatch) -> None:
    watches.check_all(at=AT + MINUTE)
    assert fresh(watch).compared_day == shop.day(AT)
    factories.apply_tag(shop, "vip", "bob", at=AT)
    watches.check_all(at=AT + 2 * MINUTE)
    assert fresh(watch).size == 2


def test_what_cannot_be_watched_is_refused(
    shop: Community, by: Staff, vips: Segment, watch: SegmentWatch
) -> None:
    own = {"did": {"kind": "segment.left", "within": "7d"}}
    moved = factories.segment(shop, "moved", own)
    with pytest.raises(segments.WatchRefused, match="again and again"):
        watches.start(segment=moved, by=by, at=AT)
    with pytest.raises(segments.WatchRefused, match="again and again"):
        segments.update(segment=vips, rule=own, by=by, at=AT)
    segments.archive(segment=vips, by=by, at=AT)
    assert not SegmentWatch.objects.exists()
    vips.refresh_from_db()
    with pytest.raises(segments.WatchRefused, match="archived"):
        watches.start(segment=vips, by=by, at=AT)


def test_a_stopped_watch_records_nothing(
    shop: Community, by: Staff, vips: Segment, watch: SegmentWatch
) -> None:
    watches.stop(segment=vips, by=by, at=AT)
    factories.apply_tag(shop, "vip", "bob", at=AT)
    watches.check_all(at=AT + MINUTE)
    assert list_moves(shop, AT + MINUTE) == []
    assert watches.find(vips) is None


# Any steps in any order

STEPS = ("tag", "untag", "leave", "merge", "unmerge", "erase", "facts", "rule", "day")


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@profile(
    max_examples=6,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    setting=strategies.settings,
    data=st.data(),
    random=st.randoms(use_true_random=True),
)
def test_moves_add_up_to_the_set_at_each_moment(
    setting: Setting, data: st.DataObject, random: Random
) -> None:
    world = World(setting)
    at = strategies.list_times(setting)[0]
    for number in range(6):
        world.add(f"m{number}", at - timedelta(days=9), "", at=at)
    world.fill(random)
    record_facts(world, data, at)
    questions = Questions(random, setting, world.vocabulary())
    segment = segments.create(
        community=world.qunce, key="s", rule=questions.rule(), by=world.by, at=at
    )
    by = staff_models.system(world.qunce)
    watch = watches.start(segment=segment, by=by, at=at)
    for _number in range(14):
        at += random.choice([MINUTE, timedelta(hours=5), timedelta(days=1)])
        step = random.choice(STEPS)
        take_step(world, step, data, random, at)
        if step == "rule":
            rule = Questions(random, setting, world.vocabulary()).rule()
            segment.refresh_from_db()
            segments.update(segment=segment, rule=rule, by=by, at=at)
        at += MINUTE
        check(watch, at)
        current = fresh(watch)
        people = Oracle(world.plain, at).members(current.segment.rule)
        inside = bitmaps.from_bytes(current.blob)
        keys = {pk: key for key, pk in world.ids.items()}
        assert {world.plain.person_of(keys[pk]) for pk in inside} == people
        assert watch_checks.count_wrong(current) == 0
    assert watches.compare(fresh(watch), at=at) == 0


def record_facts(world: World, data: st.DataObject, at: datetime) -> None:
    facts = strategies.keyed_facts(world.setting, world.list_accounts())
    world.record(data.draw(st.lists(facts, min_size=3, max_size=8)), at)
    world.catch_up()


def take_step(
    world: World, step: str, data: st.DataObject, random: Random, at: datetime
) -> None:
    keys = world.list_accounts()
    key, tag = random.choice(keys), random.choice(list(strategies.TAG_GROUPS))
    if step == "tag":
        world.apply_tag(tag, [key], at)
    elif step == "untag":
        world.remove_tag(tag, [key], at)
    elif step == "leave" and world.plain.accounts[key].left is None:
        world.leave(key, at)
    elif step == "merge":
        world.merge(key, random.choice(keys), at)
    elif step == "unmerge" and world.plain.merges:
        world.unmerge(random.choice(world.plain.merges), at)
    elif step == "erase" and len(keys) > 3 and world.has_several_people():
        world.erase(key, at)
        world.scrub()
    elif step == "facts":
        record_facts(world, data, at)
