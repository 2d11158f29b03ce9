"""The page of a staff task and its actions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import remark_names
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import assisted_sending, campaign_tasks
from qunce.outreach.sending.campaign_tasks import CampaignTask
from tests import factories
from tests.clients import browser

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def url(view: str, *args: int) -> str:
    return reverse(view if ":" in view else f"outreach:{view}", args=args)


def started_task(by: Staff, *names: str, **fields: Any) -> CampaignTask:
    now = datetime.now(UTC)
    factories.named_members(by.community, *names)
    values: dict[str, Any] = {"text": "Hello {name}", "rule": {"all": []}, **fields}
    campaign = campaigns.create(
        community=by.community, name="Spring", staff=[by.pk], by=by, at=now, **values
    )
    launch.start(campaign=campaign, by=by, at=now)
    return factories.task(campaign, by)


def states(of: Campaign) -> list[str]:
    return list(factories.recipient_states(of).values())


def test_task_is_done_without_javascript(
    shop: Community, by: Staff, ann: Client
) -> None:
    task = started_task(by, "bob", "cat")
    text = ann.get(url("task-detail", task.pk)).content.decode()
    assert "Open the next 2" in text
    assert "Hello Bob" not in text
    assert ann.post(url("task-open-next", task.pk)).status_code == 303
    text = ann.get(url("task-detail", task.pk)).content.decode()
    assert 'data-copy="Hello Bob"' in text
    bob, cat = (account_queries.get(shop, key).pk for key in ("bob", "cat"))
    assert ann.post(url("recipient-mark-sent", task.pk, bob)).status_code == 303
    ann.post(url("recipient-fail", task.pk, cat), {"reason": "not_found"})
    text = ann.get(url("task-detail", task.pk)).content.decode()
    assert "All done." in text
    assert states(task.campaign) == ["marked", "failed: not_found"]
    ann.post(url("recipient-undo", task.pk, bob))
    assert states(task.campaign) == ["planned", "failed: not_found"]


def test_htmx_request_gets_only_the_task(
    shop: Community, by: Staff, ann: Client
) -> None:
    task = started_task(by, "bob", "cat")
    ann.post(url("task-open-next", task.pk))
    bob = account_queries.get(shop, "bob").pk
    answer = ann.post(url("recipient-mark-sent", task.pk, bob), headers=HTMX)
    text = answer.content.decode()
    assert "<html" not in text
    assert "1 of 2 done, 1 left" in text
    assert 'data-do="undo"' in text


def test_changed_row_shows_an_error_and_the_current_rows(
    shop: Community, by: Staff, ann: Client
) -> None:
    task = started_task(by, "bob")
    ann.post(url("task-open-next", task.pk))
    bob = account_queries.get(shop, "bob").pk
    ann.post(url("recipient-mark-sent", task.pk, bob))
    answer = ann.post(url("recipient-mark-sent", task.pk, bob), headers=HTMX)
    assert answer.status_code == 422
    assert "The state of this row has changed" in answer.content.decode()
    answer = ann.post(url("recipient-fail", task.pk, bob), {"reason": "bored"})
    assert "Choose a reason." in answer.content.decode()


def test_last_open_row_opens_the_next_ones(
    shop: Community, by: Staff, ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = started_task(by, *(f"p{n:02}" for n in range(42)))
    ann.post(url("task-open-next", task.pk))
    for row in list(campaign_tasks.list_messages(task)):
        ann.post(url("recipient-mark-sent", task.pk, row.target_id))
    assert sorted(states(task.campaign)) == ["marked"] * 40 + ["planned"] * 2


def test_common_text_is_shown_once(shop: Community, by: Staff, ann: Client) -> None:
    task = started_task(by, "bob", "cat", text="The same {{for}} all")
    ann.post(url("task-open-next", task.pk))
    text = ann.get(url("task-detail", task.pk)).content.decode()
    assert text.count(">The same {for} all<") == 1
    # Copied once above, and with the mark in each of the two rows.
    assert text.count('data-copy="The same {for} all"') == 3
    assert text.count("Copy and mark") == 2


def test_remark_names_are_shown_if_a_pattern_is_set(
    shop: Community, by: Staff, ann: Client
) -> None:
    remark_names.set_pattern(
        community=shop, text="{key}-{name}", by=by, at=factories.AT
    )
    task = started_task(by, "bob")
    ann.post(url("task-open-next", task.pk))
    assert "bob-Bob" in ann.get(url("task-detail", task.pk)).content.decode()


def test_rows_say_how_the_member_is_found(shop: Community, by: Staff) -> None:
    """P10: the phone's tail and the account in the chat app, and tags in place."""
    cat = factories.staff(shop, "operator", "cat")
    task = started_task(cat, "bob")
    bob = account_queries.get(shop, "bob")
    chat = factories.member(shop, "wm_4711", channel="WeCom")
    accounts.add_identifier(
        account=bob, kind="phone", value="13800138001", by=by, at=factories.AT
    )
    factories.merge(shop, "bob", chat.key)
    factories.apply_tag(shop, "oat", bob.pk)
    client = browser(cat)
    client.post(url("task-open-next", task.pk))
    text = client.get(url("task-detail", task.pk)).content.decode()
    assert "138****8001" in text
    assert "WeCom · wm_4711" in text
    assert "<bdi>oat</bdi>" in text
    assert f"/members/tags/people/?member={bob.pk}&amp;context=row" in text
    assert "13800138001" not in text


def test_phone_number_that_is_also_the_key_is_shown_once(
    shop: Community, by: Staff, ann: Client
) -> None:
    number = "13800138001"
    task = started_task(by, number)
    account = account_queries.get(shop, number)
    ann.post(url("task-open-next", task.pk))
    shown = f'<bdi class="small muted">{number}</bdi>'
    assert shown in ann.get(url("task-detail", task.pk)).content.decode()
    accounts.add_identifier(
        account=account, kind="phone", value=number, by=by, at=factories.AT
    )
    text = ann.get(url("task-detail", task.pk)).content.decode()
    assert shown not in text
    assert f'<span class="small muted num">{number}</span>' in text


def test_overseer_views_but_cannot_do_the_task_of_others(
    shop: Community, by: Staff
) -> None:
    cat, boss = (
        factories.staff(shop, "operator", "cat"),
        factories.staff(shop, "owner", "boss"),
    )
    task = started_task(by, "bob")
    assisted_sending.open_next(task=task, by=by, at=datetime.now(UTC))
    assert browser(cat).get(url("task-detail", task.pk)).status_code == 404
    text = browser(boss).get(url("task-detail", task.pk)).content.decode()
    assert "This task belongs to Ann" in text
    own_page = browser(by).get(url("task-detail", task.pk)).content.decode()
    assert "Mark as sent" in own_page
    assert "Mark as sent" not in text
    bob = account_queries.get(shop, "bob").pk
    assert (
        browser(boss).post(url("recipient-mark-sent", task.pk, bob)).status_code == 403
    )
    assert (
        browser(cat).post(url("recipient-mark-sent", task.pk, bob)).status_code == 404
    )


def test_task_is_handed_over(shop: Community, by: Staff, ann: Client) -> None:
    cat = factories.staff(shop, "operator", "cat", name="Cat")
    task = started_task(by, "bob", "dan")
    answer = ann.post(url("task-hand-over", task.pk), {"to": "999999"})
    assert answer.status_code == 422
    ann.post(url("task-hand-over", task.pk), {"to": cat.pk})
    assert factories.task(task.campaign, cat).unclaimed_count == 2
    text = browser(by).get(url("tasks:task-list") + "?of=all").content.decode()
    assert "Cat" in text
    assert "Spring" in text
    assert "Spring" not in browser(by).get(url("tasks:task-list")).content.decode()


def test_hand_over_moves_what_was_said_or_nothing(
    shop: Community, by: Staff, ann: Client
) -> None:
    cat = factories.staff(shop, "operator", "cat", name="Cat")
    task = started_task(by, "bob", "dan")
    page = ann.get(url("task-detail", task.pk)).content.decode()
    assert "Hand over 2" in page
    assert 'name="expected" value="2"' in page
    ann.post(url("task-open-next", task.pk))
    bob = account_queries.get(shop, "bob").pk
    ann.post(url("recipient-mark-sent", task.pk, bob))
    values = {"to": cat.pk, "expected": "2"}
    answer = ann.post(url("task-hand-over", task.pk), values, follow=True)
    assert "1 are left by now, not 2." in answer.content.decode()
    assert not CampaignTask.objects.filter(staff=cat).exists()
    answer = ann.post(
        url("task-hand-over", task.pk), {**values, "expected": "1"}, follow=True
    )
    assert "Messages handed over to Cat: 1." in answer.content.decode()


def test_late_tasks_of_others_have_a_reminder_to_copy(
    shop: Community, by: Staff
) -> None:
    due = datetime.now(UTC) - timedelta(hours=1)
    task = started_task(by, "bob", due_at=due)
    boss = browser(factories.staff(shop, "owner", "boss"))
    path = url("task-detail", task.pk)
    for page in ("/outreach/tasks/?of=all", url("campaign-detail", task.campaign_id)):
        text = boss.get(page).content.decode()
        assert "Copy reminder" in text
        assert "Ann, “Spring” has 1 message left and was due" in text
        assert f"http://testserver{path}" in text
    assert "Copy reminder" not in browser(by).get("/outreach/tasks/").content.decode()


def test_overdue_task_is_marked(shop: Community, by: Staff, ann: Client) -> None:
    due = datetime.now(UTC) - timedelta(hours=1)
    task = started_task(by, "bob", due_at=due)
    text = ann.get(url("tasks:task-list") + "?of=all").content.decode()
    assert "1 task is overdue." in text
    assert "overdue" in ann.get(url("task-detail", task.pk)).content.decode()
    assert (
        "No finished tasks"
        in ann.get(url("tasks:task-list") + "?state=done").content.decode()
    )


def test_recipients_no_longer_visible_are_hidden(shop: Community) -> None:
    scope = {"tag": {"any": ["south"]}}
    factories.apply_tag(shop, "south", *factories.named_members(shop, "bob"))
    cat = factories.staff(shop, "operator", "cat", scope=scope)
    task = started_task(cat)
    client = browser(cat)
    client.post(url("task-open-next", task.pk))
    assert "Bob" in client.get(url("task-detail", task.pk)).content.decode()
    cat.scope = {"not": scope}
    cat.save()
    assert "Bob" not in client.get(url("task-detail", task.pk)).content.decode()
