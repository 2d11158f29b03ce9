"""V4, V5, V12–V14 in the console, without a browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client

from qunce.console import http
from qunce.core.staff import roles
from qunce.groups.lists.models import ListEntry
from qunce.groups.moderation import moderation_settings
from qunce.groups.moderation.actions import executor
from qunce.groups.moderation.cases import precision
from qunce.groups.moderation.models import (
    Action,
    Case,
    CaseState,
    GroupMode,
    Ladder,
    MassAction,
    Mode,
    Rule,
)
from qunce.groups.moderation.staff_decisions import appeals
from tests import factories
from tests.clients import browser
from tests.groups.moderation.conftest import Chat, channel, chat
from tests.groups.moderation.rules.test_rules import store

__all__ = ["channel", "chat"]

RULE = {
    "name": "Adverts",
    "ladder": "",
    "check-keywords": "on",
    "keywords-keywords": "shoes\nbags",
    "keywords-places": "both",
    "days": "14",
}


def page(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.content.decode()[:2000]
    return str(response.content.decode())


def test_the_queue_shows_why_and_one_key_decides(chat: Chat, ann: Client) -> None:
    chat.rule(Mode.PROPOSE)
    first, second = chat.caught("eve", "cheap <b>shoes</b>"), chat.caught("bob")

    html = page(ann.get("/groups/moderation/"))

    assert "<mark>shoes</mark>" in html
    assert "cheap &lt;b&gt;" in html
    assert "Adverts" in html
    assert 'data-key="y"' in html and 'data-key="n"' in html
    assert f'?case={second.number}" data-key="j arrowdown"' in html
    answer = ann.post(
        f"/groups/moderation/cases/{first.number}/confirm/",
        {"from": "queue", "next": second.number},
    )
    assert answer.headers["Location"] == f"/groups/moderation/?case={second.number}"
    answer = ann.post(
        f"/groups/moderation/cases/{second.number}/dismiss/", {"from": "queue"}
    )
    assert answer.status_code == 303
    html = page(ann.get("/groups/moderation/"))
    assert "No case waits" in html
    states = dict(Case.objects.values_list("number", "state"))
    assert states == {1: CaseState.CONFIRMED, 2: CaseState.DISMISSED}


def test_a_dismissal_can_be_taken_back(chat: Chat, ann: Client) -> None:
    chat.rule(Mode.PROPOSE)
    chat.say("eve")
    ann.post("/groups/moderation/cases/1/dismiss/", {"reason": "no"})

    ann.post("/groups/moderation/cases/1/reopen/")

    assert Case.objects.get().state == CaseState.OPEN
    page(ann.post("/groups/moderation/cases/1/reopen/"), 403)


def test_whoever_comes_second_is_told_so(chat: Chat, ann: Client) -> None:
    chat.rule(Mode.PROPOSE)
    chat.say("eve")
    ann.post("/groups/moderation/cases/1/confirm/")

    html = page(ann.post("/groups/moderation/cases/1/dismiss/", follow=True))

    assert "decided already" in html
    assert Case.objects.get().state == CaseState.CONFIRMED


def test_a_case_page_shows_actions_appeal_and_undo(chat: Chat, ann: Client) -> None:
    chat.rule(ladder=chat.ladder({"strikes": 1, "rung": "mute", "minutes": 60}))
    chat.say("eve")
    appeals.receive(
        community=chat.community,
        account=chat.people["eve"],
        text="appeal: a question",
        at=chat.now,
    )

    html = page(ann.get("/groups/moderation/cases/1/"))
    assert "mute for 60 minutes" in html
    assert "appeal: a question" in html
    assert "appeal: a question" in page(ann.get("/groups/moderation/appeals/"))

    appeal = appeals.list_open(chat.by, chat.now)[0]
    ann.post(
        f"/groups/moderation/appeals/{appeal.pk}/answer/",
        {"decision": "overturn", "answer": "Sorry."},
    )
    assert Case.objects.get().state == CaseState.UNDONE
    assert Action.objects.filter(kind="unmute", state="pending").exists()


def test_a_rule_is_written_tried_and_switched_to_act(chat: Chat, ann: Client) -> None:
    store(chat, "hello", "cheap shoes", at=factories.AT)
    new = "/groups/moderation/rules/new/"
    assert "Keywords" in page(ann.get(new))

    html = page(ann.post(new, {**RULE, "text": "two shoes\nhi", "try": "1"}))
    assert not Rule.objects.exists()
    assert "It would have acted on 0 of the last 0 messages." in html
    assert "two <mark>shoes</mark>" in html.replace("\n", "")
    assert "The rule finds nothing." in html

    ann.post(new, RULE)
    rule = Rule.objects.get()
    at = f"/groups/moderation/rules/{rule.pk}/"
    assert rule.checks[0]["options"]["keywords"] == ["shoes", "bags"]
    page(ann.post(f"{at}mode/", {"mode": "act"}), 403)
    html = page(ann.post(f"{at}try/", {"days": "14"}, follow=True))
    assert "It would have acted on" in html
    page(ann.post(f"{at}mode/", {"mode": "act"}, follow=True))
    rule.refresh_from_db()
    assert rule.mode == Mode.ACT
    assert "Adverts" in page(ann.get("/groups/moderation/rules/"))
    html = page(ann.get(f"{at}edit/"))
    assert "shoes\nbags</textarea>" in html


def test_what_the_editor_does_not_understand_is_said(chat: Chat, ann: Client) -> None:
    new = "/groups/moderation/rules/new/"

    html = page(ann.post(new, {**RULE, "check-keywords": ""}), 422)
    assert "A rule has 1 to 12 checks." in html
    html = page(
        ann.post(
            new,
            {
                **RULE,
                "check-codes": "on",
                "codes-qr_codes": "at_most",
                "codes-qr_codes_at_most": "-1",
                "codes-barcodes": "off",
            },
        ),
        422,
    )
    assert "off" in html
    html = page(ann.post(new, {**RULE, "hour_from": "22:00"}), 422)
    assert "22:00, 07:00" in html
    assert not Rule.objects.exists()


def test_a_rule_that_hits_the_brand_is_saved_only_on_purpose(
    chat: Chat, ann: Client
) -> None:
    new = "/groups/moderation/rules/new/"
    fields = {**RULE, "keywords-keywords": "north"}

    html = page(ann.post(new, fields), 422)
    assert "North" in html and "despite_own_texts" in html
    ann.post(new, {**fields, "despite_own_texts": "on"})
    assert Rule.objects.count() == 1


def test_pasted_messages_are_judged_and_their_author_removed(
    chat: Chat, ann: Client
) -> None:
    chat.rule()
    tea = factories.group(chat.community, "tea", name="Tea", platform="wechat")

    html = page(
        ann.post(
            "/groups/moderation/paste/",
            {"group": tea.pk, "text": "Shoe King 2026-03-05 21:30\ncheap shoes"},
        )
    )
    number = Case.objects.get().number
    queue = f"/groups/moderation/?case={number}"
    assert "1 message, 1 to look at." in html and f'href="{queue}"' in html
    assert "Shoe King" in html and "Remove and blacklist" in page(ann.get(queue))
    ann.post(f"/groups/moderation/cases/{number}/remove/")
    executor.run_due(at=chat.now.replace(year=2027))

    assert ListEntry.objects.get().name == "Shoe King"
    assert Action.objects.get().state == "with_staff"
    other = factories.group(chat.community, "cake", name="Cake", platform="wechat")
    fields = {"group": other.pk, "text": "Shoe King: hello\nBob: hello"}
    html = page(ann.post("/groups/moderation/paste/", fields))
    assert "2 messages, 1 to look at." in html and "is on the blacklist" in html


def test_a_group_is_chosen_before_messages_are_judged(chat: Chat, ann: Client) -> None:
    factories.group(chat.community, "tea", name="Tea", platform="wechat")
    at = "/groups/moderation/paste/"

    assert "Choose a group" in page(ann.get(at))
    page(ann.post(at, {"group": "", "text": "cheap shoes"}), 422)
    assert f'<option value="{chat.group.pk}" selected>' in page(
        ann.get(at, {"group": chat.group.pk})
    )


def test_the_tester_reads_messages_as_a_chat_copies_them(
    chat: Chat, ann: Client
) -> None:
    new = "/groups/moderation/rules/new/"
    copied = "Shoe King 2026-03-05 21:30\ncheap shoes\nor two\nBob 2026-03-05 21:31\nhi"

    html = page(ann.post(new, {**RULE, "text": copied, "try": "1"}))

    assert "2026-03-05" not in html.split('id="tried"')[1].split("</section>")[0]


def test_limits_are_words(chat: Chat, ann: Client) -> None:
    at = "/groups/moderation/settings/"
    html = page(ann.get(at))
    assert "Safety stop" in html
    # The label of a number says what is counted; the word alone would be there twice.
    assert html.count("At most so many a minute") == 1
    assert html.count("At most so many percent") == 1
    fields = {
        "mode": "propose",
        "max_per_minute_word": "off",
        "max_percent_word": "at_most",
        "max_percent": "20",
        "two_people_above": "5",
        "door_minutes": "10",
        "task_minutes": "30",
    }

    page(ann.post(at, {**fields, "max_percent": "-1"}), 422)
    page(ann.post(at, {**fields, "max_percent": ""}), 422)
    ann.post(at, fields)

    row = moderation_settings.load(chat.community)
    assert (row.max_per_minute, row.max_percent, row.mode) == (None, 20, "propose")
    assert not row.sends_notices
    ann.post(f"{at}groups/{chat.group.pk}/", {"mode": "observe"})
    assert GroupMode.objects.get().mode == "observe"


def test_a_ladder_is_written_and_refused_when_it_falls(chat: Chat, ann: Client) -> None:
    new = "/groups/moderation/settings/ladders/new/"
    fields = {
        "name": "Strict",
        "decay": "never",
        "strikes_0": "1",
        "rung_0": "kick",
        "strikes_1": "2",
        "rung_1": "ban",
    }

    html = page(ann.post(new, {**fields, "rung_1": "warn"}), 422)
    assert "milder" in html
    ann.post(new, fields)

    ladder = Ladder.objects.get(name="Strict")
    assert ladder.window_days is None
    assert "Strict" in page(ann.get("/groups/moderation/settings/"))
    edit = f"/groups/moderation/settings/ladders/{ladder.pk}/"
    assert "Strict" in page(ann.get(edit))
    ann.post(edit, {**fields, "remove": "1"})
    assert not Ladder.objects.filter(name="Strict").exists()


def test_a_door_is_closed_and_opened(chat: Chat, ann: Client) -> None:
    at = f"/groups/moderation/settings/groups/{chat.group.pk}"
    ann.post(f"{at}/close/")
    assert "closed until" in page(ann.get("/groups/moderation/settings/"))
    ann.post(f"{at}/open/")
    opening = Action.objects.get(kind="open_door")
    assert opening.due_at - opening.created_at < timedelta(minutes=1)


def test_a_mass_action_needs_a_second_person(chat: Chat, ann: Client) -> None:
    moderation_settings.update(
        community=chat.community, by=chat.by, at=chat.now, two_people_above=1
    )
    page(
        ann.post(
            "/groups/moderation/mass/",
            {
                "group": chat.group.pk,
                "kind": "kick",
                "keys": "eve, bob",
                "reason": "raid",
            },
            follow=True,
        )
    )
    row = MassAction.objects.get()
    at = f"/groups/moderation/mass/{row.pk}"
    page(ann.post(f"{at}/approve/"), 403)
    html = page(ann.get("/groups/moderation/mass/"))
    assert "Somebody else has to approve it." in html
    # Each member by name, with the number by which staff know them.
    for key, pk in list(chat.people.items())[:2]:
        link = f'/members/{pk}/"><bdi>{key.title()}</bdi></a>'
        assert f'{link} <span class="muted"><bdi>{key}</bdi></span>' in html
    second = factories.staff(chat.community, "manager", "ben")
    browser(second).post(f"{at}/approve/")
    assert Action.objects.filter(kind="kick").count() == 2


def test_operators_decide_but_do_not_change_rules(chat: Chat) -> None:
    rule = chat.rule()
    chat.say("eve")
    client = browser(factories.staff(chat.community, "operator", "olga"))

    assert "eve" in page(client.get("/groups/moderation/cases/")).lower()
    assert "Adverts" in page(client.get(f"/groups/moderation/rules/{rule.pk}/"))
    page(client.get("/groups/moderation/rules/new/"), 403)
    page(client.get("/groups/moderation/settings/"), 403)
    viewer = browser(factories.staff(chat.community, "viewer", "vic"))
    page(viewer.get("/groups/moderation/"), 403)


def test_the_text_is_hidden_from_who_may_not_read_messages(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE)
    chat.say("eve")
    role = roles.create(
        name="Deciders",
        base="operator",
        chosen=["moderation.view", "moderation.decide"],
        by=chat.by,
        at=chat.now,
    )
    staff = factories.staff(chat.community, "operator", "rob")
    staff.custom_role = role
    staff.save()

    html = page(browser(staff).get("/groups/moderation/cases/1/"))

    assert "cheap shoes" not in html
    assert "not for you to read" in html
    assert "cheap shoes" not in page(browser(staff).get("/groups/moderation/"))


def test_a_rule_starts_from_a_recommended_one(chat: Chat, ann: Client) -> None:
    new = "/groups/moderation/rules/new/"
    assert 'href="?preset=newcomers"' in page(ann.get(new))

    html = page(ann.get(new, {"preset": "newcomers"}))

    assert 'name="check-contacts" checked' in html
    assert 'name="check-keywords" checked' not in html
    assert 'value="Links of newcomers"' in html


def test_a_list_of_67000_keywords_is_saved_opened_and_compared(
    chat: Chat, ann: Client
) -> None:
    lines = [chr(0x4E00 + n % 5000) + chr(0x5000 + n // 5000) for n in range(67_000)]
    fields = RULE | {"keywords-keywords": "\n".join(lines)}
    ann.post("/groups/moderation/rules/new/", fields)
    rule = Rule.objects.get()
    at = f"/groups/moderation/rules/{rule.pk}/"
    assert "67000 lines" in page(ann.get(at))
    html = page(ann.get(f"{at}edit/"))
    assert lines[0] in html and lines[-1] in html

    fields["keywords-keywords"] = "\n".join([*lines[1:], "new word"])
    ann.post(f"{at}edit/", fields)
    rule.refresh_from_db()
    assert rule.checks[0]["options"]["keywords"] == [*lines[1:], "new word"]
    html = page(ann.get(at))
    assert "Changed with version 2" in html
    assert "+ <bdi>new word</bdi>" in html
    assert f"− <bdi>{lines[0]}</bdi>" in html
    assert lines[1] not in html


def test_figures_of_the_whole_community_are_for_those_who_see_it(chat: Chat) -> None:
    rule = chat.rule(Mode.PROPOSE)
    rule.note = "It was right in 8 of 10 cases."
    limited = factories.staff(
        chat.community, "operator", "lin", groups=[chat.group.key]
    )

    assert precision.note_of(rule, chat.by) == rule.note
    assert "8" not in precision.note_of(rule, limited)
    assert "proposes" in precision.note_of(rule, limited)


def test_two_people_undo_a_whole_run(chat: Chat, ann: Client) -> None:
    chat.now = http.now() - timedelta(hours=1)
    moderation_settings.update(
        community=chat.community, by=chat.by, at=chat.now, two_people_above=1
    )
    rule = chat.rule(
        ladder=chat.ladder({"strikes": 1, "rung": "mute", "minutes": 6000})
    )
    for name in ("eve", "bob"):
        chat.say(name)
    assert chat.done()[-1] == "mute bob"

    at = f"/groups/moderation/rules/{rule.pk}/undo/"
    html = page(ann.post(at, {"hours": "168", "reason": "too strict"}, follow=True))
    assert "too strict" in html
    row = MassAction.objects.get()
    page(ann.post(f"/groups/moderation/mass/{row.pk}/approve/"), 403)
    assert set(Case.objects.values_list("state", flat=True)) == {CaseState.ACTED}

    second = browser(factories.staff(chat.community, "manager", "ben"))
    page(second.post(f"/groups/moderation/mass/{row.pk}/approve/", follow=True))
    chat.wait(hours=2)
    chat.run()

    assert set(Case.objects.values_list("state", flat=True)) == {CaseState.UNDONE}
    assert sorted(chat.done()[-2:]) == ["unmute bob", "unmute eve"]
    html = page(ann.get(f"/groups/moderation/rules/{rule.pk}/"))
    assert "0 %: right in 0 of 2" in html


def test_a_second_person_answers_an_appeal_to_the_end(chat: Chat, ann: Client) -> None:
    chat.now = http.now() - timedelta(hours=1)
    chat.rule(
        Mode.PROPOSE,
        ladder=chat.ladder({"strikes": 1, "rung": "mute", "minutes": 6000}),
    )
    case = chat.caught("eve")
    ann.post(f"/groups/moderation/cases/{case.number}/confirm/")
    chat.wait(hours=2)
    chat.run()
    assert "mute eve" in chat.done()
    appeals.receive(
        community=chat.community,
        account=chat.people["eve"],
        text="appeal: it was a question",
        at=chat.now,
    )
    (appeal,) = appeals.list_open(chat.by, chat.now)
    at = f"/groups/moderation/appeals/{appeal.pk}/answer/"
    answer = {"decision": "overturn", "answer": "Sorry, we were wrong."}

    page(ann.post(at, answer), 403)
    assert Case.objects.get().state == CaseState.CONFIRMED

    ben = browser(factories.staff(chat.community, "manager", "ben"))
    assert "it was a question" in page(ben.get("/groups/moderation/appeals/"))
    page(ben.post(at, answer, follow=True))
    chat.wait(hours=2)
    chat.run()
    assert Case.objects.get().state == CaseState.UNDONE
    assert chat.done()[-1] == "unmute eve"
    assert "Sorry, we were wrong." in page(
        ann.get(f"/groups/moderation/cases/{case.number}/")
    )
    page(ben.post(at, answer), 403)
