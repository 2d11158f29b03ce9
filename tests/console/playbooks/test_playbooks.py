"""The pages of playbooks without JavaScript, from a template to the last run."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from qunce.core.communities import Community
from qunce.core.facts import committed_facts
from qunce.core.staff.models import Staff
from qunce.outreach.playbooks import (
    advancing,
    playbooks,
    run_reactions,
    versions,
)
from qunce.outreach.playbooks.models import Playbook, Run, StaffNotice
from qunce.outreach.sending.ledger import Message
from qunce.outreach.welcomes import welcomes
from qunce.sets.mirror import deriver
from tests import factories
from tests.clients import browser

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _fresh_versions() -> None:
    versions.forget()


def url(view: str, *args: object) -> str:
    return reverse(f"playbooks:{view}", args=args)


def page(client: Client, view: str, *args: object, query: str = "") -> str:
    answer = client.get(url(view, *args) + query)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def post(client: Client, address: str, status: int = 303, /, **data: Any) -> str:
    answer = client.post(address, data)
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


def add(client: Client, playbook: Playbook, kind: str, place: str, **data: Any) -> None:
    post(client, f"{url('step-new', playbook.pk)}?kind={kind}&{place}", **data)


def switch_on(client: Client, playbook: Playbook) -> None:
    """Switch a playbook on for new entries, as its page shows it."""
    digest = client.get(url("start", playbook.pk)).context["preview"].digest
    shown = {"existing": "nobody", "days": "30", "digest": digest}
    post(client, url("start", playbook.pk), **shown)


def steps_of(playbook: Playbook) -> list[Any]:
    playbook.refresh_from_db()
    steps: list[Any] = playbook.draft["steps"]
    return steps


MESSAGE: dict[str, Any] = {
    "text": "Hello {name|there}",
    "channel": "assisted",
    "staff": "ann",
    "purpose": "service",
    "over_limit": "skip",
    "hold_hours": "24",
    "stale_hours": "48",
}


def test_templates_become_playbooks_that_can_be_read(ann: Client) -> None:
    text = page(ann, "create")
    assert "First 30 days" in text and "Weekly member day" in text
    for key in ("first-days", "member-day"):
        post(ann, url("create"), template=key)
        playbook = Playbook.objects.order_by("-pk")[0]
        assert "Steps" in page(ann, "edit", playbook.pk)
        assert "Begins when" in page(ann, "settings", playbook.pk)
    text = page(ann, "list")
    assert "First 30 days" in text and "Weekly member day" in text


def test_steps_are_added_nested_moved_changed_and_deleted(
    ann: Client, by: Staff
) -> None:
    post(ann, url("create"), template="member")
    playbook = Playbook.objects.get()
    assert "The playbook has no steps." in page(ann, "edit", playbook.pk)
    add(ann, playbook, "send", "first=1", **MESSAGE)
    add(ann, playbook, "wait", "after=s1", word="after", amount="2", unit="days")
    branch: dict[str, Any] = {
        "asks": "fact",
        "fact": "order.paid",
        "where": "shop = north",
    }
    add(ann, playbook, "branch", "after=s2", **branch)
    add(ann, playbook, "send", "inside=s3&block=then", **MESSAGE)
    add(ann, playbook, "end", "inside=s3&block=otherwise")
    steps = steps_of(playbook)
    assert [step["kind"] for step in steps] == ["send", "wait", "branch"]
    assert steps[1]["delay"] == {"minutes": 2880}
    assert steps[2]["if"] == {"fact": "order.paid", "where": {"shop": "north"}}
    assert [step["id"] for step in steps[2]["then"]] == ["s4"]
    text = page(ann, "edit", playbook.pk)
    assert "2 days later, to the minute" in text and "missing" not in text
    # What is inside stays when the branch is changed.
    clicked: dict[str, Any] = {"asks": "clicked", "message": "s1"}
    post(ann, url("step", playbook.pk, "s3"), **clicked)
    assert steps_of(playbook)[2]["if"] == {"clicked": "s1"}
    assert len(steps_of(playbook)[2]["otherwise"]) == 1
    post(ann, url("step-move", playbook.pk, "s4"), to="out")
    post(ann, url("step-move", playbook.pk, "s4"), to="up")
    assert [step["id"] for step in steps_of(playbook)] == ["s1", "s2", "s4", "s3"]
    post(ann, url("step-move", playbook.pk, "s4"), to="down")
    post(ann, url("step-move", playbook.pk, "s4"), to="in")
    assert [step["id"] for step in steps_of(playbook)[2]["then"]] == ["s4"]
    post(ann, url("step-delete", playbook.pk, "s3"))
    assert [step["id"] for step in steps_of(playbook)] == ["s1", "s2"]
    # Mistakes are explained beside the step, and by the form.
    post(ann, url("step", playbook.pk, "s1"), **{**MESSAGE, "text": "{nmae}"})
    assert "There is no variable {nmae}." in page(ann, "edit", playbook.pk)
    wrong = post(ann, url("step", playbook.pk, "s2"), 422, word="day", days="1")
    assert "Write the time of the day." in wrong


def settings_of(playbook: Playbook, **changes: Any) -> dict[str, Any]:
    return {
        "name": playbook.name,
        "on": "fact",
        "fact": "order.paid",
        "again": "cooldown",
        "again_days": "7",
        "exits": ['{"fact": "order.refunded"}'],
        "grace_minutes": "30",
        "late_hours": "24",
        "rank": "1",
        "lane": "life",
        "only": "any",
        **changes,
    }


def test_settings_say_who_and_when(ann: Client, shop: Community) -> None:
    factories.segment(shop, "vips", {"all": []}, name="Regulars")
    post(ann, url("create"), template="member")
    playbook = Playbook.objects.get()
    changes: dict[str, Any] = {
        "name": "After an order",
        "condition": '{"segment": {"any": ["vips"]}}',
        "checked": "both",
        "skipped": "2026-10-01, 2026-10-02",
    }
    post(ann, url("settings", playbook.pk), **settings_of(playbook, **changes))
    playbook.refresh_from_db()
    assert playbook.name == "After an order"
    draft = playbook.draft
    assert draft["entry"] == {"on": "fact", "fact": "order.paid"}
    assert draft["again"] == {"mode": "cooldown", "days": 7}
    assert draft["exit"] == [{"fact": "order.refunded"}]
    assert draft["lane"] == {"name": "life", "rank": 1}
    assert draft["except"] == ["2026-10-01", "2026-10-02"]
    text = page(ann, "edit", playbook.pk)
    assert "is in the segment “Regulars”" in text and "7 days after" in text
    wrong = settings_of(playbook, fact="", skipped="tomorrow")
    assert "Choose an event." in post(ann, url("settings", playbook.pk), 422, **wrong)


def tick(shop: Community, at: datetime) -> None:
    deriver.catch_up()
    kinds = ["order.paid", "order.refunded"]
    new = committed_facts.list_after(after=0, kinds=kinds, community_id=shop.pk)
    for kind in kinds:
        facts = [fact for fact in new if fact.kind == kind]
        if facts:
            run_reactions.react(community=shop, facts=facts, at=at)
    advancing.advance_all(at=at)


def test_a_playbook_is_rehearsed_switched_on_watched_and_stopped(
    ann: Client, shop: Community
) -> None:
    bob, cat = factories.members(shop, "bob", "cat", name="Bob")
    factories.order(shop, "cat", paid_at=NOW - 5 * HOUR, at=NOW - 5 * HOUR)
    deriver.catch_up()
    post(ann, url("create"), template="member")
    playbook = Playbook.objects.get()
    post(ann, url("settings", playbook.pk), **settings_of(playbook))
    add(ann, playbook, "send", "first=1", **MESSAGE)
    add(ann, playbook, "wait", "after=s1", word="after", amount="3", unit="days")
    rehearsed = page(ann, "rehearsal", playbook.pk)
    assert "It would have sent 1 message to 1 member;" in rehearsed
    # The same days, with today as it is until now.
    last_day = timezone.localdate(datetime.now(UTC), ZoneInfo(shop.timezone))
    days = f"?since={last_day - timedelta(days=3)}&until={last_day}"
    rehearsed = page(ann, "rehearsal", playbook.pk, query=days)
    assert "It would have sent 1 message to 1 member;" in rehearsed
    preview = page(ann, "start", playbook.pk, query="?existing=now&days=30")
    assert "1 would begin, and 1 message would be sent to 1 member." in preview
    switch_on(ann, playbook)
    assert "running" in page(ann, "detail", playbook.pk)
    assert "before the playbook" not in page(ann, "why", playbook.pk)
    answer = page(ann, "why", playbook.pk, query="?q=cat")
    assert "is not in it" in answer and "was not switched on yet" in answer

    factories.order(shop, "bob", paid_at=datetime.now(UTC), at=datetime.now(UTC))
    tick(shop, datetime.now(UTC))
    run = Run.objects.get()
    assert run.target_id == bob
    assert "at step 2" in page(ann, "run-list", playbook.pk)
    assert "Hello {name|there}" in page(ann, "run", run.pk)
    assert "is in it" in page(ann, "why", playbook.pk, query="?q=bob")

    # The message is posted by hand.
    today = ann.get(reverse("today:queue")).content.decode()
    assert "1 message to post by hand" in today
    text = page(ann, "post-list")
    assert "Hello Bob" in text
    message = Message.objects.get()
    post(ann, url("post-sent", message.pk))
    assert "nothing to post" in page(ann, "post-list")
    sent = factories.recorded_facts(shop, "send.marked_sent")
    assert sent[0][1]["origin"] == "playbook"
    assert "1</strong> really sent" in page(ann, "detail", playbook.pk)

    pause: dict[str, Any] = {"waits": "hold", "entries": "keep", "then": "resume"}
    assert "Choose a time" in post(ann, url("pause", playbook.pk), 422, **pause)
    post(ann, url("pause", playbook.pk), **{**pause, "then": "wait"})
    assert "waiting times are stopped" in page(ann, "detail", playbook.pk)
    post(ann, url("resume", playbook.pk))
    post(ann, url("step", playbook.pk, "s2"), word="after", amount="0", unit="days")
    assert "not published yet" in page(ann, "detail", playbook.pk)
    assert "1 is under way." in page(ann, "publish", playbook.pk)
    digest = ann.get(url("publish", playbook.pk)).context["digest"]
    post(ann, url("publish", playbook.pk), in_flight="move", digest=digest)
    assert "Nothing is sent before you decide." in page(ann, "detail", playbook.pk)
    today = ann.get(reverse("today:queue")).content.decode()
    assert "1 is held up" in today
    post(ann, url("stale", playbook.pk), choice="go_on")
    assert "1 under way end immediately" in page(ann, "stop", playbook.pk)
    post(ann, url("stop", playbook.pk), what="all")
    run.refresh_from_db()
    assert (run.state, run.ending) == ("ended", "stopped")
    post(ann, url("copy", playbook.pk))
    copied = Playbook.objects.order_by("-pk")[0]
    post(ann, url("delete", copied.pk))
    assert Playbook.objects.count() == 1
    assert cat not in set(Run.objects.values_list("target_id", flat=True))


def test_staff_with_a_scope_see_no_playbooks(ann: Client, shop: Community) -> None:
    post(ann, url("create"), template="birthday")
    scope: dict[str, Any] = {"all": []}
    cho = browser(factories.staff(shop, "manager", "cho", scope=scope))
    assert cho.get(url("list")).status_code == 403
    assert cho.get(url("detail", Playbook.objects.get().pk)).status_code == 403


def test_a_message_has_variants_a_role_and_an_answer_to_being_undone(
    ann: Client, shop: Community
) -> None:
    factories.segment(shop, "vips", {"all": []}, name="Regulars")
    factories.staff(shop, "operator", "dan", name="Dan")
    post(ann, url("create"), template="member")
    playbook = Playbook.objects.get()
    forms: dict[str, Any] = {
        "variants-TOTAL_FORMS": "2",
        "variants-INITIAL_FORMS": "0",
        "variants-0-name": "short",
        "variants-0-share": "40",
        "variants-0-text": "Hi",
        "variants-1-name": "regulars",
        "variants-1-audience": "segment:vips",
        "variants-1-text": "Welcome back",
    }
    people: dict[str, Any] = {
        "role": "in_charge",
        "without_role": "staff",
        "undone_do": "hand_over",
        "undone_hours": "6",
        "undone_staff": "dan",
        "redraw": "draw",
    }
    add(ann, playbook, "send", "first=1", **{**MESSAGE, **people, **forms})
    (step,) = steps_of(playbook)
    assert [each.get("share") for each in step["variants"]] == [40, None]
    assert (step["role"], step["without_role"], step["redraw"]) == (
        "in_charge",
        "staff",
        "draw",
    )
    assert step["if_undone"]["staff"] == "dan" and step["if_undone"]["hours"] == 6
    text = page(ann, "step", playbook.pk, "s1")
    assert "Welcome back" in text and "Other texts for some" in text
    assert "variants: 3" in page(ann, "edit", playbook.pk)
    # The graph shows the same step, with the same form.
    graph = page(ann, "graph", playbook.pk, query="?step=s1")
    assert "variants: 3" in graph and "Welcome back" in graph
    wrong = {**MESSAGE, **forms, "variants-0-share": "100"}
    answer = ann.post(url("step", playbook.pk, "s1"), wrong)
    assert answer.status_code == 422


def test_a_change_that_would_overwrite_another_is_refused(
    ann: Client, by: Staff
) -> None:
    post(ann, url("create"), template="member")
    playbook = Playbook.objects.get()
    seen = re.search(
        r'name="seen_at" value="([0-9]+)"', page(ann, "settings", playbook.pk)
    )
    assert seen is not None
    playbooks.update(playbook=playbook, name="Theirs", by=by, at=NOW + HOUR)
    mine = settings_of(playbook, name="Mine", seen_at=seen[1])
    text = post(ann, url("settings", playbook.pk), 422, **mine)
    assert "Somebody else has changed “Theirs” since you opened it." in text
    stale = Playbook.objects.get()
    fresh = Playbook.objects.get()
    playbooks.update(playbook=fresh, name="Newest", by=by, at=NOW + 2 * HOUR)
    # Another field does not overwrite the name, and the same one is refused.
    changed = {**stale.draft, "late_hours": 5}
    playbooks.update(playbook=stale, definition=changed, by=by, at=NOW + 3 * HOUR)
    assert Playbook.objects.get().name == "Newest"
    with pytest.raises(playbooks.PlaybookHasChanged):
        playbooks.update(playbook=stale, name="Old", by=by, at=NOW + 4 * HOUR)


def test_the_graph_connects_moves_and_adds(ann: Client) -> None:
    post(ann, url("create"), template="member")
    playbook = Playbook.objects.get()
    for number in range(3):
        add(ann, playbook, "wait", "first=1", word="after", amount=number, unit="days")
    branch: dict[str, Any] = {"asks": "fact", "fact": "order.paid"}
    add(ann, playbook, "branch", "first=1", **branch)
    text = page(ann, "graph", playbook.pk, query="?inside=s4&block=then")
    assert text.count("<foreignObject") == 7 and "Add to this branch" in text
    graph: dict[str, Any] = {"editor": "graph", "chosen": "s1"}
    move = url("step-move", playbook.pk, "s1")
    answer = ann.post(move, {**graph, "after": "s3"})
    assert answer["Location"].endswith("/graph/?step=s1")
    assert [step["id"] for step in steps_of(playbook)] == ["s4", "s3", "s1", "s2"]
    post(ann, url("step-connect", playbook.pk, "s4"), to="s2", **graph)
    assert steps_of(playbook)[1] == {"id": "s5", "kind": "continue_at", "step": "s2"}
    assert "is never reached" in page(ann, "edit", playbook.pk)
    post(ann, url("step-connect", playbook.pk, "s5"), to="s3", **graph)
    assert 'class="arrow jump"' in page(ann, "graph", playbook.pk)
    assert steps_of(playbook)[1]["step"] == "s3"
    assert ann.post(move, {"after": "s1"}).status_code == 404
    assert (
        ann.post(url("step-connect", playbook.pk, "s1"), {"to": "no"}).status_code
        == 422
    )


def test_notices_are_on_today_until_they_are_seen(
    ann: Client, shop: Community, by: Staff
) -> None:
    factories.members(shop, "bob", name="Bob")
    post(ann, url("create"), template="member")
    playbook = Playbook.objects.get()
    post(ann, url("settings", playbook.pk), **settings_of(playbook))
    notice: dict[str, Any] = {"text": "Say hello", "staff": "ann"}
    add(ann, playbook, "notify", "first=1", **notice)
    switch_on(ann, playbook)
    factories.order(shop, "bob", paid_at=datetime.now(UTC), at=datetime.now(UTC))
    tick(shop, datetime.now(UTC))
    today = ann.get(reverse("today:queue")).content.decode()
    assert "1 notice of playbooks" in today and "Say hello" in today
    text = page(ann, "notice-list")
    assert "Say hello" in text and "Bob" in text
    post(ann, url("notice-done", StaffNotice.objects.get().pk))
    assert "No notices" in page(ann, "notice-list")
    assert "notice of playbooks" not in ann.get(reverse("today:queue")).content.decode()


def test_only_what_the_page_showed_is_switched_on_and_published(
    ann: Client, shop: Community, by: Staff
) -> None:
    factories.members(shop, "bob", name="Bob")
    factories.order(shop, "bob", paid_at=NOW - HOUR, at=NOW - HOUR)
    deriver.catch_up()
    post(ann, url("create"), template="member")
    playbook = Playbook.objects.get()
    post(ann, url("settings", playbook.pk), **settings_of(playbook))
    add(ann, playbook, "send", "first=1", **MESSAGE)
    shown = ann.get(url("start", playbook.pk)).context["preview"]
    asked = {"existing": "nobody", "days": "30", "digest": shown.digest}
    # Another choice than the one that was shown, and another text.
    refused = post(ann, url("start", playbook.pk), 422, **asked | {"existing": "now"})
    assert "differs from what the review showed" in refused
    assert "1 would begin, and 1 message would be sent to 1 member." in refused
    draft = {**playbook.draft, "steps": [{**steps_of(playbook)[0], "text": "Buy now"}]}
    playbooks.update(playbook=playbook, definition=draft, by=by, at=NOW)
    refused = post(ann, url("start", playbook.pk), 422, **asked)
    assert "differs from what the review showed" in refused
    assert "Buy now" in refused
    assert "draft" in page(ann, "detail", playbook.pk)
    switch_on(ann, playbook)
    assert "running" in page(ann, "detail", playbook.pk)
    draft["steps"][0]["text"] = "Buy today"
    playbook.refresh_from_db()
    playbooks.update(playbook=playbook, definition=draft, by=by, at=NOW)
    assert "Buy today" in page(ann, "publish", playbook.pk)
    asked = {"in_flight": "stay", "digest": shown.digest}
    assert "differs" in post(ann, url("publish", playbook.pk), 422, **asked)
    digest = ann.get(url("publish", playbook.pk)).context["digest"]
    post(ann, url("publish", playbook.pk), in_flight="stay", digest=digest)
    assert "Buy today" in page(ann, "detail", playbook.pk)


def test_why_somebody_is_in_it_is_asked_by_name(ann: Client, shop: Community) -> None:
    wei = factories.member(shop, "m1", name="王伟").pk
    factories.member(shop, "m2", name="王芳")
    deriver.catch_up()
    post(ann, url("create"), template="member")
    playbook = Playbook.objects.get()
    answer = "has not been switched on yet"
    # By pinyin, two are found, and one is chosen.
    both = page(ann, "why", playbook.pk, query="?q=wang")
    assert "王伟" in both and "王芳" in both and answer not in both
    chosen = page(ann, "why", playbook.pk, query=f"?q=wang&member={wei}")
    assert answer in chosen and "is not in it" in chosen
    assert answer in page(ann, "why", playbook.pk, query="?q=王伟")
    nobody = page(ann, "why", playbook.pk, query="?q=zhao")
    assert "No matching members." in nobody and answer not in nobody
    unknown = page(ann, "why", playbook.pk, query="?member=999")
    assert "is not in it" not in unknown and "notice bad" in unknown


def test_welcome_for_the_same_newcomers_is_named_before_the_start(
    ann: Client, shop: Community, by: Staff
) -> None:
    hello = welcomes.create(
        community=shop,
        name="Hello",
        text="Hello",
        is_for_others=True,
        staff=by,
        by=by,
        at=NOW,
    )
    post(ann, url("create"), template="member")
    playbook = Playbook.objects.get()
    entry = {"on": "fact", "fact": "member.joined"}
    deriver.catch_up()
    step = {"id": "s", "kind": "send", **MESSAGE}
    for name in ("hold_hours", "stale_hours"):
        step.pop(name)
    playbooks.update(
        playbook=playbook, definition={"entry": entry, "steps": [step]}, by=by, at=NOW
    )
    assert "gets two messages" not in page(ann, "start", playbook.pk)
    welcomes.switch_on(welcome=hello, by=by, at=NOW)
    assert "The welcome “Hello” is on, too" in page(ann, "start", playbook.pk)
    wait = {"id": "w", "kind": "wait", "delay": {"minutes": 60}}
    playbooks.update(
        playbook=playbook,
        definition={"entry": entry, "steps": [wait, step]},
        by=by,
        at=NOW,
    )
    assert "gets two messages" not in page(ann, "start", playbook.pk)
