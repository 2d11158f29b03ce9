"""Tag rules on events: each fact at most once, within seconds, and never in a loop."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce import reactions
from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.facts import fact_consumers, facts, interned_names
from qunce.core.facts.facts import Fact
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from qunce.members.people import people
from qunce.members.tag_rules import activation, previews, runs, tag_rules
from qunce.members.tag_rules.conditions import EventCondition
from qunce.members.tag_rules.models import TagRule, TagRuleChange
from qunce.members.tags import library, person_tags
from qunce.outreach.sending.channel_events import MessagePosted
from qunce.sets.bitmaps import bitmaps
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT
from tests.members.tag_rules.builders import (
    DAYS,
    LATER,
    active,
    catch_up,
    draft,
    flat,
    listed,
    post,
    run,
    said,
    stored,
    tags_of,
)

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.mark.both_databases
def test_keyword_gives_a_tag_and_counts_how_often(shop: Community, by: Staff) -> None:
    """K5, K6: dry run = run; each fact once; undo of the day; levels by count."""
    ann, too, bob = factories.members(shop, "ann", "too", "bob")
    factories.merge(shop, "ann", "too")
    price = factories.tag(shop, "price")
    library.set_levels(tag=price, levels=[(1, "asked"), (3, "wants")], by=by, at=AT)
    post(shop, ann, "价格？", LATER[0])
    rule = draft(shop, by, said("价格", "how much"), "deepen price 1", name="price")
    deriver.catch_up()
    tried = previews.dry_run(rule=rule, by=by, at=LATER[1])
    assert flat(tried) == {("gained", "price", "", ann)}
    assert tried.triggers[ann].payload["text"] == "价格？"
    activation.activate(rule=rule, by=by, at=LATER[1])
    catch_up(LATER[1])
    assert tags_of(ann) == {}, "facts from before count only if asked for"
    post(shop, ann, "这个价格多少", LATER[2])
    post(shop, too, "ＨＯＷ  Much is it", LATER[2])
    post(shop, bob, "price? show much", LATER[2])
    for _time in range(2):
        catch_up(LATER[3])
    assert tags_of(ann, too) == {"price": 2}
    assert tags_of(bob) == {}
    post(shop, ann, "价格", LATER[4])
    catch_up(LATER[4])
    (entry,) = person_tags.tags_by_person({ann: [ann, too]})[ann]
    assert (entry.depth, entry.level, entry.source) == (3, "wants", rule.source)
    (day,) = runs.list_runs(rule=rule, by=by)
    assert (day.facts, day.gained, day.deepened, day.trigger) == (3, 1, 1, "event")
    runs.undo(run=day, by=by, at=LATER[5])
    assert tags_of(ann, too) == {}
    assert TagRule.objects.get(pk=rule.pk).state == "active"
    catch_up(LATER[5])
    assert tags_of(ann, too) == {}
    post(shop, bob, "how much", LATER[6])
    catch_up(LATER[6])
    assert tags_of(bob) == {"price": 1}
    assert len(runs.list_runs(rule=rule, by=by)) == 2


def test_past_events_count_once_when_asked_for(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    factories.tag(shop, "price")
    post(shop, ann, "price", LATER[0])
    post(shop, ann, "price", LATER[0])
    rule = draft(shop, by, said("price"), "deepen price 2")
    deriver.catch_up()
    tried = previews.dry_run(rule=rule, by=by, at=LATER[1], days=7)
    activation.activate(rule=rule, by=by, at=LATER[1], past_days=7)
    (past,) = runs.list_runs(rule=rule, by=by)
    assert (past.trigger, past.by, past.facts) == ("past", by, 2)
    assert stored(past, by, LATER[1]) == flat(tried)
    post(shop, bob, "price", LATER[2])
    catch_up(LATER[2])
    assert [tags_of(ann), tags_of(bob)] == [{"price": 4}, {"price": 2}]
    tag_rules.pause(rule=rule, by=by, at=LATER[3])
    post(shop, bob, "price", LATER[4])
    with pytest.raises(activation.PastEventsRefused):
        activation.activate(rule=rule, by=by, at=LATER[5], past_days=7)
    activation.activate(rule=rule, by=by, at=LATER[5])
    catch_up(LATER[5])
    assert tags_of(bob) == {"price": 2}, "events of a pause are not made up for"


def test_crash_between_facts_and_position_repeats_nothing(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ann,) = factories.members(shop, "ann")
    factories.tag(shop, "price")
    active(shop, by, said("price"), "deepen price 1")
    post(shop, ann, "price", LATER[0])
    add = runs.add_changes

    def die(*arguments: object) -> None:
        add(*arguments)  # type: ignore[arg-type]
        raise fact_consumers.TRANSIENT_ERRORS[0]("killed")

    with monkeypatch.context() as patched:
        patched.setattr(runs, "add_changes", die)
        with pytest.raises(fact_consumers.TRANSIENT_ERRORS[0]):
            reactions.TAG_RULES.catch_up(at=LATER[0])
    assert tags_of(ann) == {}
    catch_up(LATER[0])
    assert tags_of(ann) == {"price": 1}


def test_rules_that_trigger_each_other_stop(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    for key in ("one", "two"):
        factories.tag(shop, key)

    def on(tag: str) -> dict[str, object]:
        return {"event": {"kind": "tag.added", "where": {"tag": [tag]}}}

    first = active(shop, by, on("one"), "deepen two 1", name="first")
    second = draft(shop, by, on("two"), "deepen one 1", name="second")
    with pytest.raises(activation.ConflictsNotConfirmed, match="“second” → “first”"):
        activation.activate(rule=second, by=by, at=AT)
    activation.activate(rule=second, by=by, at=AT, is_confirmed=True)
    factories.apply_tag(shop, "one", ann, at=LATER[0], source="operator")
    for _time in range(6):
        catch_up(LATER[1])
    assert tags_of(ann) == {"one": 2, "two": 1}
    stopped = TagRuleChange.objects.filter(run__rule=first, reason="chain")
    assert [change.other for change in stopped] == [second]
    assert tags_of(bob) == {}


def test_old_erased_and_broken_events_change_nobody(shop: Community, by: Staff) -> None:
    ann, bob, eve = factories.members(shop, "ann", "bob", "eve")
    price = factories.tag(shop, "price")
    rule = active(shop, by, said("price"), "add price")
    post(shop, ann, "price", LATER[0], happened_at=AT - timedelta(days=8))
    post(shop, bob, "price", LATER[0])
    people.erase(account=Account.objects.get(pk=bob), by=by, at=LATER[0])
    catch_up(LATER[1])
    (day,) = runs.list_runs(rule=rule, by=by)
    assert (day.late, day.gained) == (1, 0)
    assert tags_of(ann) == {}
    library.archive(tag=price, by=by, at=LATER[2])
    post(shop, eve, "price", LATER[2])
    catch_up(LATER[2])
    assert "price" in runs.list_runs(rule=rule, by=by)[0].error
    assert tags_of(eve) == {}


def test_erased_member_leaves_the_history(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    factories.tag(shop, "vip")
    rule = active(shop, by, listed("ann", "bob"), "add vip")
    done = run(rule, by)
    runs.erase_people([ann])
    (change,) = runs.list_changes(done)
    assert list(bitmaps.from_bytes(change.blob)) == [bob]
    matched = TagRule.objects.get(pk=rule.pk).matched
    assert matched is not None
    assert list(bitmaps.from_bytes(matched)) == [bob]


def test_event_keeps_a_tag_that_another_rule_would_take_back(
    shop: Community, by: Staff
) -> None:
    (ann,) = factories.members(shop, "ann")
    factories.tag(shop, "hot")
    daily = active(shop, by, listed("ann"), "add hot", takes_back=True)
    run(daily, by)
    active(shop, by, said("price"), "add hot")
    post(shop, ann, "price", LATER[0])
    catch_up(LATER[0])
    TagRule.objects.filter(pk=daily.pk).update(condition=listed())
    runs.start_day(community=shop, at=DAYS[1])
    assert tags_of(ann) == {"hot": 1}


def test_conditions_on_fields_groups_and_hours(shop: Community, by: Staff) -> None:
    """As in the clause `did`, also for money of another currency."""
    ann, bob = factories.members(shop, "ann", "bob")
    factories.tag(shop, "big")
    event = {
        "kind": "order.paid",
        "where": {"amount": {"gte": 10_000}},
        "hours": ["00:00", "23:59"],
    }
    active(shop, by, {"event": event}, "add big")
    factories.order(shop, ann, key="1", amount=10_000, at=LATER[1])
    factories.order(shop, bob, key="2", amount=9_999, at=LATER[1])
    factories.order(shop, bob, key="3", amount=99_999, currency="USD", at=LATER[1])
    catch_up(LATER[1])
    assert [tags_of(ann), tags_of(bob)] == [{"big": 1}, {}]


def test_keywords_are_found_in_texts_that_are_kept_apart(
    shop: Community, by: Staff
) -> None:
    """K12: no fact of a chat log has its text."""
    (ann,) = factories.members(shop, "ann")
    factories.tag(shop, "price")
    source = interned_names.ensure("source", shop.pk, ["log"])["log"]
    rule = active(shop, by, said("多少钱"), "add price")
    moment = timestamps.to_micros(LATER[0])
    kind = facts.ensure_kinds([MessagePosted.kind])[MessagePosted.kind]
    Fact.objects.create(
        community_id=shop.pk,
        kind_id=kind,
        account_id=ann,
        happened_at=LATER[0],
        recorded_at=LATER[0],
        source_id=source,
        key="1",
    )
    text = NewText("1", ann, None, moment, "这个多少钱？")
    message_texts.store(shop, source, [text])
    catch_up(LATER[0])
    assert tags_of(ann) == {"price": 1}
    plan = previews.dry_run(rule=rule, by=by, at=LATER[1])
    condition, _effects = tag_rules.load(rule)
    assert isinstance(condition, EventCondition)
    assert condition.find_words(plan.triggers[ann]) == ["多少钱"]
