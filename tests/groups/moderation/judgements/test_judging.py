from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.groups import memberships, staff_roles
from qunce.groups.groups import Membership
from qunce.groups.lists import lists
from qunce.groups.moderation import moderation_settings
from qunce.groups.moderation.judgements import judging
from qunce.groups.moderation.judgements.judging import Arrival
from qunce.groups.moderation.models import (
    Action,
    Case,
    CaseState,
    CheckState,
    Mode,
    Rule,
    Rung,
    Strike,
)
from tests import factories
from tests.factories import AT
from tests.groups.moderation.conftest import ADVERT, Chat, word_check


def test_an_advert_is_deleted_and_its_case_has_the_evidence(chat: Chat) -> None:
    rule = chat.rule()

    case = chat.caught("eve")

    assert chat.done() == ["delete $m1"]
    assert (case.state, case.rung, case.rule) == (CaseState.ACTED, Rung.DELETE, rule)
    (finding,) = case.findings
    assert (finding["rule"], finding["version"]) == (rule.key, 1)
    assert finding["evidence"][0]["matched"] == "shoes"
    assert factories.recorded_facts(chat.community, "moderation.case_acted") == [
        (
            chat.people["eve"],
            {"case": 1, "rule": rule.key, "rung": "delete"},
        )
    ]


def test_what_no_rule_finds_has_no_case(chat: Chat) -> None:
    chat.rule()

    assert chat.say("eve", "good morning") is None
    assert chat.say("eve") is not None
    assert Case.objects.count() == 1


def test_the_third_strike_mutes_for_an_hour_and_the_mute_ends(chat: Chat) -> None:
    chat.rule()

    for _number in range(3):
        chat.say("eve")

    assert chat.done() == ["delete $m1", "delete $m2", "delete $m3", "mute eve"]
    chat.wait(minutes=59)
    chat.run()
    assert chat.done()[-1] == "mute eve"
    chat.wait(minutes=2)
    chat.run()
    assert chat.done()[-1] == "unmute eve"


def test_strikes_decay(chat: Chat) -> None:
    ladder = chat.ladder(
        {"strikes": 1, "rung": "delete"}, {"strikes": 2, "rung": "kick"}, window_days=7
    )
    chat.rule(ladder=ladder)

    first = chat.caught("eve")
    chat.wait(days=8)
    second = chat.caught("eve")
    third = chat.caught("eve")

    assert [first.rung, second.rung, third.rung] == ["delete", "delete", "kick"]


def test_history_is_never_judged(chat: Chat) -> None:
    chat.rule()

    assert chat.say("eve", is_history=True) is None
    assert chat.done() == []
    assert chat.say("eve") is not None


def test_observing_records_in_full_what_would_have_been_done(chat: Chat) -> None:
    chat.rule(Mode.OBSERVE)

    cases = [chat.caught("eve", f"{ADVERT} {number}") for number in range(3)]

    assert [case.rung for case in cases] == ["delete", "delete", "mute"]
    assert {case.state for case in cases} == {CaseState.OBSERVED}
    assert cases[2].findings
    assert chat.done() == []
    assert not Action.objects.exists()
    assert not Strike.objects.filter(is_shadow=False).exists()


def test_a_proposal_waits_for_a_person_and_the_same_text_again_is_one_case(
    chat: Chat,
) -> None:
    chat.rule(Mode.PROPOSE)

    first = chat.caught("eve")
    again = chat.caught("eve")

    assert first.pk == again.pk
    assert (again.state, again.duplicates, again.merged_keys) == ("open", 1, ["$m2"])
    assert chat.done() == []


def test_a_rule_that_is_off_finds_nothing(chat: Chat) -> None:
    rule = chat.rule(Mode.OFF)

    assert chat.say("eve") is None
    chat.set_mode(rule, Mode.OBSERVE)
    assert chat.say("eve") is not None


def test_a_group_can_be_observed_only(chat: Chat) -> None:
    chat.rule()
    moderation_settings.set_group_mode(
        group=chat.group, mode="observe", by=chat.by, at=AT
    )

    assert chat.caught("eve").state == CaseState.OBSERVED
    moderation_settings.set_group_mode(group=chat.group, mode=None, by=chat.by, at=AT)
    assert chat.caught("eve").state == CaseState.ACTED


def test_an_edit_is_judged_as_the_editors_and_removes_the_message(chat: Chat) -> None:
    chat.rule()
    chat.join("mona")

    case = chat.caught("bob", edits="$m9", editor=chat.people["mona"])

    assert (case.account_id, case.editor_id) == (
        chat.people["bob"],
        chat.people["mona"],
    )
    assert case.responsible_id == chat.people["mona"]
    assert chat.done() == ["delete $m9"]
    assert list(Strike.objects.values_list("account_id", flat=True)) == [
        chat.people["mona"]
    ]


def test_whoever_forwards_an_advert_loses_the_message_only(chat: Chat) -> None:
    ladder = chat.ladder({"strikes": 1, "rung": "ban"})
    chat.rule(ladder=ladder)

    case = chat.caught("bob", forwarded_from="somebody")

    assert case.rung == Rung.DELETE
    assert chat.done() == ["delete $m1"]
    assert not Strike.objects.exists()


def test_whoever_quotes_an_advert_has_done_nothing(chat: Chat) -> None:
    chat.rule()

    assert chat.say("bob", "please stop that", quoted=ADVERT) is None
    assert chat.say("eve") is not None


def test_staff_volunteers_and_whitelisted_members_have_no_case(chat: Chat) -> None:
    chat.rule()
    chat.join("anna", "vera", "wang")
    memberships.change_role(
        group=chat.group,
        account=chat.people["anna"],
        role="service",
        by=chat.by,
        at=AT,
    )
    lists.add(
        community=chat.community,
        list_name="white",
        account=chat.people["wang"],
        by=chat.by,
        at=AT,
    )

    assert chat.say("anna") is None
    assert chat.say("wang") is None
    assert chat.say("eve") is not None
    assert chat.done() == ["delete $m3"]


def test_conditions_hold_for_newcomers_at_night(chat: Chat) -> None:
    chat.rule(conditions={"newcomer_days": 2, "hours": ["22:00", "07:00"]})
    # It is 20:00 in Shanghai.
    assert chat.say("eve") is None

    chat.wait(hours=3)
    assert chat.say("eve") is not None

    chat.wait(days=3)
    assert chat.say("eve") is None
    assert chat.say("nina") is not None


def test_a_condition_on_members_is_a_rule_over_them(chat: Chat) -> None:
    factories.apply_tag(chat.community, "new", chat.people["eve"])
    chat.rule(conditions={"members": {"tag": {"any": ["new"]}}})

    assert chat.say("bob") is None
    assert chat.say("eve") is not None


def test_a_rule_for_one_group_leaves_the_others_alone(chat: Chat) -> None:
    other = factories.group(chat.community, "!other", platform="fake")
    chat.rule(conditions={"groups": ["!other"]})

    assert chat.say("eve") is None
    assert chat.say("eve", group=other) is not None


def test_of_two_rules_only_the_higher_rung_is_done(chat: Chat) -> None:
    chat.rule()
    chat.rule(
        name="Bags",
        checks=[word_check("bags")],
        ladder=chat.ladder({"strikes": 1, "rung": "kick"}),
    )

    case = chat.caught("eve", "shoes and bags")

    assert case.rung == Rung.KICK
    assert chat.done() == ["delete $m1", "kick eve"]
    assert {finding["name"] for finding in case.findings} == {"Adverts", "Bags"}


def test_a_rule_that_cannot_be_evaluated_keeps_the_others_working(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    broken = chat.rule()
    chat.rule(name="Bags", checks=[word_check("bags")])
    Rule.objects.filter(pk=broken.pk).update(checks=[{"check": "gone", "options": {}}])

    case = chat.caught("eve", "shoes and bags")

    assert [finding["name"] for finding in case.findings] == ["Bags"]
    assert "cannot be evaluated" in caplog.text


def test_a_nickname_is_judged_when_its_owner_joins(chat: Chat) -> None:
    rule = chat.rule(
        checks=[
            {
                "check": "keywords",
                "options": {"keywords": ["shoes"], "places": "both"},
            }
        ]
    )
    chat.join("nick")
    arrival = judging.Arrival(
        group=chat.group,
        account=chat.people["nick"],
        key="join:1",
        happened_at=AT,
        name="cheap shoes",
    )

    case = judging.judge_join(arrival, at=AT)

    assert case is not None
    assert (case.rule, case.author_name) == (rule, "cheap shoes")
    assert (
        judging.judge_join(
            judging.Arrival(
                group=chat.group,
                account=chat.people["bob"],
                key="join:2",
                happened_at=AT,
                name="Bob",
            ),
            at=AT,
        )
        is None
    )


def test_states_of_checks_are_pruned_when_no_window_reaches_them(chat: Chat) -> None:
    from qunce.groups.moderation.rules import check_states

    rule = chat.rule()
    CheckState.objects.create(
        rule=rule, version=1, group=chat.group, place="0:1", changed_at=AT
    )

    check_states.prune(at=AT + timedelta(days=1))
    assert CheckState.objects.exists()
    check_states.prune(at=AT + timedelta(days=9))
    assert not CheckState.objects.exists()


def test_what_staff_bots_and_volunteers_do_is_in_no_count(chat: Chat) -> None:
    copies = {"check": "copies", "options": {"people": 2, "shortest": 4}}
    waves = {
        "check": "join_waves",
        "options": {"windows": [{"at_most": 2, "seconds": 600}]},
    }
    chat.rule(Mode.OBSERVE, checks=[copies, waves])
    text = "the same text of several people"
    for role in ("expert", "bot", "volunteer"):
        chat.join(role)
        Membership.objects.filter(account_id=chat.people[role]).update(role=role)
    staff_roles.note_change(chat.community.pk, ["bot"])

    for name in ("expert", "bot", "volunteer", "eve", "bob"):
        assert chat.say(name, text) is None
        join = Arrival(
            group=chat.group,
            account=chat.people[name],
            key=f"join-{name}",
            happened_at=chat.now,
        )
        judging.judge_join(join, at=chat.now)
    assert not Action.objects.filter(kind="close_door").exists()
    # The third member is the one too many.
    assert chat.say("mia", text) is not None


def test_an_advert_with_and_without_its_picture_is_one_case(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE)
    first = chat.caught("eve", "cheap shoes, add me")
    again = chat.caught("eve", "[图片] cheap shoes, add me")
    other = chat.caught("eve", "cheap shoes for children")

    assert (again.pk, other.pk != first.pk) == (first.pk, True)
    assert again.duplicates == 1
