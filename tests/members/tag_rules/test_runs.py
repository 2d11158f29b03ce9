"""Tag rules on members: what they change, when, and how it is undone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce import schedule
from qunce.core import permissions, state_machine
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.tag_rules import (
    activation,
    conditions,
    effects,
    previews,
    runs,
    tag_rules,
)
from qunce.members.tag_rules.models import TagRule, TagRuleRun
from qunce.members.tags import assignments, library
from qunce.members.tags.models import Tag
from qunce.members.tags.writer import TagWriter
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT
from tests.members.tag_rules.builders import (
    DAYS,
    active,
    draft,
    listed,
    parse,
    run,
    said,
    tags_of,
)

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.mark.both_databases
def test_daily_rule_gives_takes_back_and_can_be_undone(
    shop: Community, by: Staff
) -> None:
    """K5: each day once; only what the rule gave is taken back."""
    ann, bob, eve = factories.members(shop, "ann", "bob", "eve")
    vip = factories.tag(shop, "vip")
    factories.tag(shop, "loyal")
    factories.apply_tag(shop, "loyal", ann, bob)
    factories.apply_tag(shop, "vip", bob, source="operator")
    rule = active(
        shop, by, {"rule": {"tag": {"any": ["loyal"]}}}, "add vip", takes_back=True
    )
    for _time in range(2):
        runs.start_day(community=shop, at=DAYS[0])
    (first,) = runs.list_runs(rule=rule, by=by)
    assert (first.trigger, first.gained, first.lost) == ("clock", 1, 0)
    assert [tags_of(a) for a in (ann, bob, eve)] == [
        {"loyal": 1, "vip": 1},
        {"loyal": 1, "vip": 1},
        {},
    ]
    loyal = library.get(shop, "loyal")
    system = staff_models.system(shop)
    assignments.remove(tag=loyal, accounts=[ann, bob], by=system, at=DAYS[1])
    schedule.start_days(at=DAYS[1])
    second = runs.list_runs(rule=rule, by=by)[0]
    assert (second.gained, second.lost) == (0, 1)
    assert tags_of(ann) == {}
    assert tags_of(bob) == {"vip": 1}, "what staff gave is never taken back"
    assert runs.undo(run=second, by=by, at=DAYS[1]) == 1
    assert tags_of(ann) == {"vip": 1}
    assert TagRule.objects.get(pk=rule.pk).state == "paused"
    runs.start_day(community=shop, at=DAYS[2])
    assert len(runs.list_runs(rule=rule, by=by)) == 2
    assert vip.taggings.get(account_id=ann).source == rule.source
    assert tag_rules.names_by_source([rule.source, "operator"]) == {
        rule.source: rule.name
    }


def test_rule_does_not_give_again_what_staff_removed(
    shop: Community, by: Staff
) -> None:
    (ann, bob) = factories.members(shop, "ann", "bob")
    vip = factories.tag(shop, "vip")
    rule = active(shop, by, listed("ann", "bob"), "add vip")
    run(rule, by)
    assignments.remove(tag=vip, accounts=[ann], by=by, at=DAYS[1])
    second = run(rule, by, DAYS[1])
    assert tags_of(ann) == {}
    assert tags_of(bob) == {"vip": 1}
    (kept,) = runs.list_changes(second)
    assert (kept.kind, kept.reason, kept.size) == ("kept", "by_hand", 1)


def test_depths_are_set_and_raised_and_keep_their_author(
    shop: Community, by: Staff
) -> None:
    """K6: levels by their words; a person's depth is over all accounts."""
    ann, too, bob, eve = factories.members(shop, "ann", "too", "bob", "eve")
    factories.merge(shop, "ann", "too")
    asked = factories.tag(shop, "asked")
    library.set_levels(tag=asked, levels=[(1, "once"), (3, "often")], by=by, at=AT)
    factories.apply_tag(shop, "asked", ann, too)
    assignments.set_depths(tag=asked, depths={bob: 5}, by=by, at=AT)
    often = {"do": "raise", "tag": "asked", "depth": "often"}
    rule = active(
        shop, by, listed("ann", "bob", "eve"), often, takes_back=True, name="often"
    )
    done = run(rule, by)
    assert (done.gained, done.deepened) == (1, 1)
    depths = [tags_of(ann, too), tags_of(bob), tags_of(eve)]
    assert depths == [{"asked": 3}, {"asked": 5}, {"asked": 3}]
    TagRule.objects.filter(pk=rule.pk).update(condition=listed("bob"))
    rule.refresh_from_db()
    run(rule, by, DAYS[1])
    assert [tags_of(ann, too), tags_of(bob), tags_of(eve)] == [
        {"asked": 3},
        {"asked": 5},
        {},
    ], "ann had the tag before the rule"
    runs.undo(run=done, by=by, at=DAYS[1])
    assert tags_of(ann, too) == {"asked": 1}
    exact = active(shop, by, listed("bob"), "set asked 2", name="exact")
    run(exact, by, DAYS[2])
    assert tags_of(bob) == {"asked": 2}


def test_exclusive_tags_of_rules_give_way_and_those_of_staff_stay(
    shop: Community, by: Staff
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    group = factories.tag_group(shop, "stage", exclusive=True)
    hot, cold = (factories.tag(shop, key, group) for key in ("hot", "cold"))
    cooling = active(shop, by, listed("ann"), "add cold", name="cooling")
    run(cooling, by)
    assignments.apply(tag=cold, accounts=[bob], by=by, at=AT)
    tag_rules.pause(rule=cooling, by=by, at=AT)
    heating = active(shop, by, listed("ann", "bob"), "add hot", name="heating")
    done = run(heating, by, DAYS[1])
    assert [tags_of(ann), tags_of(bob)] == [{"hot": 1}, {"cold": 1}]
    reasons = {(c.kind, c.tag.key, c.reason, c.size) for c in runs.list_changes(done)}
    assert reasons == {
        ("kept", "hot", "not_by_rule", 1),
        ("lost", "cold", "replaced", 1),
        ("gained", "hot", "", 1),
    }
    runs.undo(run=done, by=by, at=DAYS[1])
    assert tags_of(ann) == {"cold": 1}
    assert hot.taggings.filter(present=True).count() == 0


def test_earlier_rule_wins_and_the_report_names_it(shop: Community, by: Staff) -> None:
    """K5: no fight is silent."""
    ann, bob = factories.members(shop, "ann", "bob")
    factories.tag(shop, "vip")
    keeping = active(shop, by, listed("ann"), "add vip", name="keeping")
    clearing = draft(shop, by, listed("ann", "bob"), "remove vip", name="clearing")
    factories.apply_tag(shop, "vip", ann, bob, source="operator")
    with pytest.raises(activation.ConflictsNotConfirmed, match="keeping") as refused:
        activation.activate(rule=clearing, by=by, at=AT)
    assert "1 member" in str(refused.value)
    activation.activate(rule=clearing, by=by, at=AT, is_confirmed=True)
    done = run(clearing, by)
    assert [tags_of(ann), tags_of(bob)] == [{"vip": 1}, {}]
    kept = next(c for c in runs.list_changes(done) if c.kind == "kept")
    assert (kept.other, kept.size, done.kept) == (keeping, 1, 1)
    tag_rules.move(rule=clearing, earlier=True, by=by, at=AT)
    assert [each.name for each in tag_rules.list_all(by)] == ["clearing", "keeping"]
    again = run(clearing, by, DAYS[1])
    assert (again.lost, tags_of(ann)) == (1, {})


def test_interrupted_run_continues_where_it_stopped(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    factories.tag(shop, "vip")
    factories.tag(shop, "new")
    rule = active(shop, by, listed("ann", "bob"), "add vip", "add new")
    write = TagWriter.write
    calls: list[Tag] = []

    def fail_second(self: TagWriter, tag: Tag, weights: dict[int, int]) -> int:
        calls.append(tag)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return write(self, tag, weights)

    monkeypatch.setattr(TagWriter, "write", fail_second)
    with pytest.raises(RuntimeError):
        runs.run_due(str(rule.pk), at=AT)
    assert len(tags_of(ann)) == 1
    runs.start_day(community=shop, at=AT)
    assert [tags_of(ann), tags_of(bob)] == [{"vip": 1, "new": 1}] * 2
    (only,) = runs.list_runs(rule=rule, by=by)
    runs.undo(run=only, by=by, at=AT)
    assert [tags_of(ann), tags_of(bob)] == [{}, {}]


def test_large_run_continues_in_the_background(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "MAX_IMMEDIATE", 1)
    ann, _bob = factories.members(shop, "ann", "bob")
    factories.tag(shop, "vip")
    done = run(active(shop, by, listed("ann", "bob"), "add vip"), by)
    assert (done.finished_at, tags_of(ann)) == (None, {})
    with pytest.raises(runs.RunNotFinished):
        runs.undo(run=done, by=by, at=AT)
    schedule.run_due_jobs(clock=lambda: AT, is_stopping=lambda: False, also={})
    assert tags_of(ann) == {"vip": 1}
    assert runs.get(by=by, pk=done.pk).finished_at == AT


def test_broken_rule_says_why_and_others_run(shop: Community, by: Staff) -> None:
    (ann,) = factories.members(shop, "ann")
    vip, _new = (factories.tag(shop, key) for key in ("vip", "new"))
    broken = active(shop, by, listed("ann"), "add vip")
    active(shop, by, listed("ann"), "add new")
    library.archive(tag=vip, by=by, at=AT)
    runs.start_day(community=shop, at=AT)
    (failed,) = runs.list_runs(rule=broken, by=by)
    assert "vip" in failed.error
    assert "vip" in tag_rules.find_problem(broken)
    assert tags_of(ann) == {"new": 1}


def test_silence_counts_only_members_who_were_there(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob", joined_at=AT - timedelta(days=90))
    (new,) = factories.members(shop, "new", joined_at=AT - timedelta(days=5))
    factories.order(shop, bob, key="1", at=AT - timedelta(days=10))
    deriver.catch_up()
    factories.tag(shop, "silent")
    condition = {"silence": {"kinds": ["order.paid"], "days": 30}}
    rule = active(shop, by, condition, "add silent", takes_back=True)
    run(rule, by)
    assert [tags_of(a) for a in (ann, bob, new)] == [{"silent": 1}, {}, {}]
    plan = previews.dry_run(rule=rule, by=by, at=AT)
    assert plan.changes == []
    assert any(
        reason.holds for reason in previews.explain(plan=plan, person=ann, by=by, at=AT)
    )


def test_states_permissions_and_bad_rules_are_refused(
    shop: Community, by: Staff
) -> None:
    factories.members(shop, "ann")
    group = factories.tag_group(shop, "stage", exclusive=True)
    for key in ("hot", "cold"):
        factories.tag(shop, key, group)
    rule = draft(shop, by, listed("ann"), "add hot", name="one")
    with pytest.raises(runs.TagRuleNotActive):
        run(rule, by)
    with pytest.raises(state_machine.WrongState):
        tag_rules.pause(rule=rule, by=by, at=AT)
    activation.activate(rule=rule, by=by, at=AT)
    with pytest.raises(tag_rules.TagRuleActive):
        tag_rules.update(rule=rule, effects=[parse("add cold")], by=by, at=AT)
    assert tag_rules.update(rule=rule, name="first", by=by, at=AT) == ["name"]
    with pytest.raises(state_machine.WrongState):
        tag_rules.archive(rule=rule, by=by, at=AT)
    operator = factories.staff(shop, "operator", "olga")
    with pytest.raises(permissions.NotAllowed):
        run(rule, operator)
    assert tag_rules.list_all(operator) == [rule]
    scoped = factories.staff(shop, "manager", "max", scope={"tag": {"any": ["hot"]}})
    with pytest.raises(permissions.NotAllowed):
        tag_rules.list_all(scoped)
    bad: list[tuple[type[Exception], object, list[object], dict[str, object]]] = [
        (effects.InvalidEffects, listed("ann"), ["add hot", "add cold"], {}),
        (effects.InvalidEffects, listed("ann"), ["add hot", "remove hot"], {}),
        (effects.InvalidEffects, listed("ann"), ["deepen hot 1"], {}),
        (effects.InvalidEffects, listed("ann"), ["set hot 0"], {}),
        (effects.InvalidEffects, listed("ann"), [{"do": "add", "tag": ""}], {}),
        (library.TagNotFound, listed("ann"), ["add unknown"], {}),
        (
            conditions.InvalidCondition,
            {"silence": {"kinds": [], "days": 3}},
            ["add hot"],
            {},
        ),
        (conditions.InvalidCondition, said(), ["add hot"], {}),
        (conditions.InvalidCondition, said("x" * 41), ["add hot"], {}),
        (tag_rules.InvalidTagRule, said("x"), ["add hot"], {"takes_back": True}),
        (tag_rules.InvalidTagRule, listed("ann"), ["add hot"], {"mode": "event"}),
        (tag_rules.InvalidTagRule, listed("ann"), ["add hot"], {"name": " "}),
        (tag_rules.TagRuleAlreadyExists, listed("ann"), ["add hot"], {"name": "first"}),
    ]
    for error, condition, given, fields in bad:
        with pytest.raises(error):
            draft(shop, by, condition, *given, **fields)
    assert TagRule.objects.count() == 1
    assert TagRuleRun.objects.count() == 0
