from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from qunce.core import errors, permissions, timestamps
from qunce.core.facts import interned_names
from qunce.groups.moderation import moderation_settings
from qunce.groups.moderation.cases import precision
from qunce.groups.moderation.cases.precision import Precision
from qunce.groups.moderation.ladders import ladders
from qunce.groups.moderation.models import Mode, Rule, RuleVersion, RuleWeek
from qunce.groups.moderation.rules import conditions, rules, shadow_runs
from qunce.groups.moderation.staff_decisions import case_decisions
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from tests import factories
from tests.factories import AT
from tests.groups.moderation.conftest import Chat, word_check

DAY = timedelta(days=1)


def store(chat: Chat, *texts: str, at: datetime = AT - DAY) -> None:
    """Messages of Bob, one a minute."""
    community = chat.community
    source = interned_names.ensure("source", community.pk, ["log"])["log"]
    begin = timestamps.to_micros(at)
    message_texts.store(
        community,
        source,
        [
            NewText(
                f"{begin}:{number}",
                chat.people["bob"],
                chat.group.pk,
                begin + number * 60_000_000,
                text,
            )
            for number, text in enumerate(texts)
        ],
    )


def test_a_rule_acts_only_after_this_version_was_tried_on_the_past(chat: Chat) -> None:
    store(chat, "hello", "shoes!", "good night")
    rule = chat.rule(Mode.OBSERVE)
    with pytest.raises(rules.ShadowRunMissing):
        rules.set_mode(rule=rule, mode="act", by=chat.by, at=AT)

    run = shadow_runs.run(rule=rule, since=AT - 7 * DAY, until=AT, by=chat.by, at=AT)
    rules.set_mode(rule=rule, mode="act", by=chat.by, at=AT)

    assert (run.hits, run.total) == (1, 3)
    assert shadow_runs.sentence(run.hits, run.total) == (
        "It would have acted on 1 of the last 3 messages."
    )
    (hit,) = shadow_runs.list_hits(run, by=chat.by, at=AT)
    assert hit.text == "shoes!"

    changed = rules.update(
        rule=rule, checks=[word_check("shoes", "bags")], by=chat.by, at=AT
    )
    assert (changed.mode, changed.version) == (Mode.PROPOSE, 2)
    with pytest.raises(rules.ShadowRunMissing):
        rules.set_mode(rule=changed, mode="act", by=chat.by, at=AT)
    assert RuleVersion.objects.filter(rule=rule).count() == 2


def test_a_shadow_run_asks_the_conditions_and_leaves_out_staff(chat: Chat) -> None:
    store(chat, "shoes", at=AT - 2 * DAY)
    rule = chat.rule(Mode.OBSERVE, conditions={"newcomer_days": 5})

    def hits() -> int:
        return shadow_runs.run(
            rule=rule, since=AT - 7 * DAY, until=AT, by=chat.by, at=AT
        ).hits

    # Bob joined after these messages, as far as is known.
    assert hits() == 0
    from qunce.groups.groups import Membership

    Membership.objects.filter(account_id=chat.people["bob"]).update(
        joined_at=AT - 3 * DAY
    )
    assert hits() == 1
    Membership.objects.filter(account_id=chat.people["bob"]).update(
        joined_at=AT - 30 * DAY
    )
    assert hits() == 0


def test_a_name_edit_makes_no_new_version(chat: Chat) -> None:
    rule = chat.rule()

    changed = rules.update(rule=rule, name="Shoes", by=chat.by, at=AT)

    assert (changed.name, changed.version, changed.mode) == ("Shoes", 1, Mode.ACT)


def test_a_rule_that_hits_our_own_names_is_refused(chat: Chat) -> None:
    factories.staff(chat.community, "operator", "mei", name="Shoes Mei")

    with pytest.raises(rules.HitsOwnTexts, match="Shoes Mei"):
        rules.create(
            community=chat.community,
            name="Adverts",
            checks=[word_check("shoes")],
            by=chat.by,
            at=AT,
        )
    rule = chat.rule(despite_own_texts=True)
    with pytest.raises(rules.HitsOwnTexts, match="North"):
        rules.update(rule=rule, checks=[word_check("north")], by=chat.by, at=AT)


@pytest.mark.parametrize(
    "fields",
    [
        {"checks": []},
        {"checks": [{"check": "none", "options": {}}]},
        {"checks": [{"check": "keywords", "options": {"kewords": []}}]},
        {"checks": [{"check": "keywords", "options": {"keywords": []}}]},
        {"checks": [{"check": "patterns", "options": {}}]},
        {"checks": [{"check": "patterns", "options": {"patterns": ["(a"]}}]},
        {"checks": [{"check": "patterns", "options": {"patterns": ["(?=a)"]}}]},
        {"name": " "},
        {"conditions": {"newcomer_days": 0}},
        {"conditions": {"newcomer_days": -1}},
        {"conditions": {"hours": ["22:00", "24:00"]}},
        {"conditions": {"hours": ["22:00", "22:00"]}},
        {"conditions": {"groups": ["!nowhere"]}},
        {"conditions": {"members": {"tag": {"any": ["nothing"]}}}},
        {"conditions": {"moon": "full"}},
    ],
)
def test_what_is_not_understood_is_refused(chat: Chat, fields: dict[str, Any]) -> None:
    with pytest.raises(errors.QunceError):
        chat.rule(**fields)
    assert not Rule.objects.exists()


@pytest.mark.parametrize(
    "rungs",
    [
        [],
        [{"strikes": 0, "rung": "warn"}],
        [{"strikes": -1, "rung": "warn"}],
        [{"strikes": 1, "rung": "hug"}],
        [{"strikes": 1, "rung": "warn", "minutes": 5}],
        [{"strikes": 1, "rung": "mute", "minutes": 0}],
        [{"strikes": 1, "rung": "kick"}, {"strikes": 2, "rung": "warn"}],
        [{"strikes": 1, "rung": "warn"}, {"strikes": 1, "rung": "kick"}],
        [{"strikes": 1, "rung": "warn", "colour": "red"}],
    ],
)
def test_a_ladder_rises(chat: Chat, rungs: list[dict[str, Any]]) -> None:
    with pytest.raises(ladders.InvalidLadder):
        chat.ladder(*rungs)


def test_a_ladder_in_use_stays(chat: Chat) -> None:
    ladder = chat.ladder({"strikes": 1, "rung": "warn"})
    rule = chat.rule(ladder=ladder)
    with pytest.raises(ladders.LadderInUse):
        ladders.remove(ladder=ladder, by=chat.by, at=AT)

    rules.update(
        rule=rule,
        ladder=ladders.ensure_default(chat.community, AT),
        by=chat.by,
        at=AT,
    )
    ladders.remove(ladder=ladder, by=chat.by, at=AT)
    assert [each.key for each in ladders.list_all(chat.by)] == ["standard"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_per_minute", -1),
        ("max_per_minute", 0),
        ("max_percent", 101),
        ("two_people_above", None),
        ("door_minutes", 0),
    ],
)
def test_no_number_means_off(chat: Chat, field: str, value: int | None) -> None:
    with pytest.raises(moderation_settings.InvalidSettings):
        moderation_settings.update(
            community=chat.community, by=chat.by, at=AT, **{field: value}
        )
    moderation_settings.update(
        community=chat.community, by=chat.by, at=AT, max_percent=None
    )
    assert moderation_settings.get(chat.by).max_percent is None


def test_operators_see_rules_and_do_not_change_them(chat: Chat) -> None:
    rule = chat.rule()
    operator = factories.staff(chat.community, "operator", "olga")

    assert rules.list_all(operator) == [rule]
    with pytest.raises(permissions.NotAllowed):
        rules.set_mode(rule=rule, mode="off", by=operator, at=AT)


def test_an_archived_rule_finds_nothing(chat: Chat) -> None:
    rule = chat.rule()
    assert chat.say("eve") is not None

    rules.archive(rule=rule, by=chat.by, at=AT)

    assert chat.say("eve") is None
    assert rules.list_all(chat.by) == []


def settle(chat: Chat, right: int, wrong: int) -> None:
    for number in range(right + wrong):
        case = chat.caught(f"p{number}")
        chat.wait(minutes=30)
        if number < right:
            case_decisions.confirm(case=case, by=chat.by, at=chat.now)
        else:
            case_decisions.undo(case=case, by=chat.by, at=chat.now)


def test_a_rule_that_is_wrong_too_often_only_proposes(chat: Chat) -> None:
    rule = chat.rule()
    settle(chat, 8, 2)
    chat.wait(days=1)

    precision.check_all(at=chat.now)

    rule.refresh_from_db()
    assert rule.mode == Mode.PROPOSE
    assert "8 of 10" in rule.note
    assert precision.list_dropped(chat.by) == [rule]
    (_mode, dropped) = factories.recorded_facts(
        chat.community, "moderation.rule_mode_changed"
    )
    assert dropped[1]["reason"] == "precision"


def test_a_rule_that_is_right_goes_on_and_is_checked_once_a_day(chat: Chat) -> None:
    rule = chat.rule()
    settle(chat, 10, 1)

    precision.check_all(at=chat.now)
    precision.check_all(at=chat.now + timedelta(minutes=1))

    rule.refresh_from_db()
    assert (rule.mode, rule.note) == (Mode.ACT, "")
    assert RuleWeek.objects.get().settled == 11
    assert precision.of_rules(chat.by, chat.now)[rule.pk] == Precision(10, 11)


def test_few_cases_drop_a_rule_only_when_they_are_clear() -> None:
    assert not Precision(0, 0).is_too_low
    assert not Precision(1, 2).is_too_low
    assert Precision(0, 3).is_too_low
    assert not Precision(9, 10).is_too_low
    assert Precision(8, 10).is_too_low
    low, high = Precision(9, 10).interval
    assert low < 0.9 < high


def test_hours_go_over_midnight() -> None:
    def holds(minute: int) -> bool:
        circumstances = conditions.Circumstances(
            group="g", minute=minute, days_in_group=None
        )
        return conditions.holds({"hours": ["22:00", "07:00"]}, circumstances)

    assert [hour for hour in range(24) if holds(hour * 60)] == [
        *range(7),
        22,
        23,
    ]
