"""Assisted sending, row by row (P10, X1)."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.outreach import opt_outs
from qunce.outreach.campaigns import campaigns, launch, results
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import (
    assisted_outcomes,
    assisted_sending,
    campaign_tasks,
    ledger,
)
from qunce.sets.mirror import deriver
from tests import factories, threads
from tests.factories import AT, HOUR, LATER

SOON = AT + timedelta(minutes=1)
FINAL = AT + assisted_sending.UNDO_PERIOD + timedelta(minutes=1)


def target(of: Community, key: str) -> int:
    return account_queries.get(of, key).pk


def mark(of: Campaign, key: str, by: Staff) -> None:
    who = target(of.community, key)
    assisted_sending.mark_sent(task=factories.task(of, by), target=who, by=by, at=SOON)


def test_campaign_is_done_when_all_rows_are_marked(shop: Community, by: Staff) -> None:
    factories.named_members(shop, "a", "b", "c")
    sent = factories.started_campaign(by)
    assert factories.open_recipients(sent, by, limit=2) == ["a", "b"]
    assert factories.open_recipients(sent, by, limit=2) == ["a", "b"]
    mark(sent, "a", by)
    assert factories.open_recipients(sent, by, limit=2) == ["b", "c"]
    mark(sent, "b", by)
    mark(sent, "c", by)
    sent.refresh_from_db()
    assert sent.state == "done"
    assert set(factories.recipient_states(sent).values()) == {"marked"}
    assert campaign_tasks.list_open(by, AT) == []


def test_row_is_marked_only_once(shop: Community, by: Staff) -> None:
    factories.named_members(shop, "a", "b")
    sent = factories.started_campaign(by)
    factories.open_recipients(sent, by)
    mark(sent, "a", by)
    with pytest.raises(assisted_sending.RecipientNotOpen):
        mark(sent, "a", by)


@pytest.mark.both_databases
def test_marks_are_recorded_after_the_undo_period(shop: Community, by: Staff) -> None:
    factories.named_members(shop, "a", "b", "c")
    sent = factories.started_campaign(by)
    factories.open_recipients(sent, by)
    task = factories.task(sent, by)
    mark(sent, "a", by)
    mark(sent, "b", by)
    assisted_sending.undo(task=task, target=target(shop, "b"), by=by, at=SOON)
    assisted_sending.mark_failed(
        task=task, target=target(shop, "c"), reason="blocked", by=by, at=SOON
    )
    assert assisted_outcomes.record_final_marks(at=SOON) == 0
    assert assisted_outcomes.record_final_marks(at=FINAL) == 2
    assert assisted_outcomes.record_final_marks(at=FINAL) == 0
    ((account, payload),) = factories.recorded_facts(shop, "send.marked_sent")
    message = ledger.Message.objects.get(target_id=target(shop, "a"))
    assert (account, payload["campaign"]) == (target(shop, "a"), "News")
    assert (payload["message"], payload["origin"]) == (message.pk, "campaign")
    ((account, payload),) = factories.recorded_facts(shop, "send.failed")
    assert (account, payload["reason"]) == (target(shop, "c"), "blocked")


@pytest.mark.django_db(transaction=True)
def test_rule_finds_members_who_were_sent_a_campaign() -> None:
    shop = factories.community()
    by = factories.staff(shop, "owner", "ann")
    factories.named_members(shop, "a", "b")
    sent = factories.started_campaign(by)
    factories.open_recipients(sent, by)
    mark(sent, "a", by)
    assisted_outcomes.record_final_marks(at=FINAL)
    deriver.catch_up()
    rule = {"did": {"kind": "send.marked_sent", "where": {"campaign": "News"}}}
    assert factories.matching_keys(shop, rule) == ["a"]


@pytest.mark.both_databases
def test_mark_can_be_undone_for_five_minutes_and_a_failure_always(
    shop: Community, by: Staff
) -> None:
    factories.named_members(shop, "a", "b")
    sent = factories.started_campaign(by)
    factories.open_recipients(sent, by)
    task = factories.task(sent, by)
    mark(sent, "a", by)
    assisted_sending.mark_failed(
        task=task, target=target(shop, "b"), reason="other", by=by, at=SOON
    )
    assisted_outcomes.record_final_marks(at=FINAL)
    with pytest.raises(assisted_sending.TooLateToUndo, match="5 minutes"):
        assisted_sending.undo(task=task, target=target(shop, "a"), by=by, at=FINAL)
    assisted_sending.undo(task=task, target=target(shop, "b"), by=by, at=FINAL)
    sent.refresh_from_db()
    assert sent.state == "sending"
    assert factories.recipient_states(sent) == {"a": "marked", "b": "planned"}


@pytest.mark.both_databases
def test_undoing_the_last_mark_reopens_the_campaign(shop: Community, by: Staff) -> None:
    factories.named_members(shop, "a")
    sent = factories.started_campaign(by)
    factories.open_recipients(sent, by)
    mark(sent, "a", by)
    assisted_sending.undo(
        task=factories.task(sent, by), target=target(shop, "a"), by=by, at=SOON
    )
    sent.refresh_from_db()
    assert (sent.state, sent.finished_at) == ("sending", None)
    assert [task.campaign for task in campaign_tasks.list_open(by, SOON)] == [sent]


def test_failure_needs_a_reason(shop: Community, by: Staff) -> None:
    factories.named_members(shop, "a")
    sent = factories.started_campaign(by)
    factories.open_recipients(sent, by)
    with pytest.raises(errors.Invalid, match="reason"):
        assisted_sending.mark_failed(
            task=factories.task(sent, by),
            target=target(shop, "a"),
            reason="",
            by=by,
            at=AT,
        )


def test_members_who_changed_since_the_start_are_skipped(
    shop: Community, by: Staff
) -> None:
    factories.named_members(shop, "a", "left", "out", "twin", "first")
    sent = factories.started_campaign(by, text="Hello {name}")
    accounts.leave(account=account_queries.get(shop, "left"), by=by, at=SOON)
    opt_outs.opt_out(community=shop, accounts=[target(shop, "out")], by=by, at=SOON)
    people.merge(
        left=account_queries.get(shop, "twin"),
        right=account_queries.get(shop, "first"),
        by=by,
        at=SOON,
    )
    assert factories.open_recipients(sent, by) == ["a", "twin"]
    states = factories.recipient_states(sent)
    assert states["left"] == "skipped: left"
    assert states["out"] == "skipped: opted_out"
    assert "first" not in states


def test_member_without_a_value_is_skipped(shop: Community, by: Staff) -> None:
    factories.named_members(shop, "a")
    factories.member(shop, "nameless")
    sent = factories.started_campaign(by, text="Hello {name}")
    assert factories.open_recipients(sent, by) == ["a"]
    assert factories.recipient_states(sent)["nameless"] == "skipped: no_value"


def test_open_row_counts_as_a_contact(shop: Community, by: Staff) -> None:
    factories.named_members(shop, "a")
    sent = [
        factories.started_campaign(by, name=name) for name in ("One", "Two", "Three")
    ]
    assert factories.open_recipients(sent[0], by) == ["a"]
    assert factories.open_recipients(sent[1], by) == ["a"]
    assert factories.open_recipients(sent[2], by) == []
    assert factories.recipient_states(sent[2]) == {"a": "skipped: over_contact_limit"}


def test_paused_campaign_opens_no_rows_but_takes_marks(
    shop: Community, by: Staff
) -> None:
    factories.named_members(shop, "a", "b")
    sent = factories.started_campaign(by)
    factories.open_recipients(sent, by, limit=1)
    campaigns.pause(campaign=sent, by=by, at=SOON)
    with pytest.raises(assisted_sending.CampaignNotRunning, match="paused"):
        factories.open_recipients(sent, by)
    mark(sent, "a", by)
    assert factories.recipient_states(sent) == {"a": "marked"}


def test_changed_text_applies_to_all_unsent_messages(
    shop: Community, by: Staff
) -> None:
    factories.named_members(shop, "a", "b")
    sent = factories.started_campaign(by)
    factories.open_recipients(sent, by, limit=1)
    campaigns.pause(campaign=sent, by=by, at=SOON)
    campaigns.update(campaign=sent, by=by, at=SOON, text="{name}, {odd|x}"[:6])
    campaigns.resume(campaign=sent, by=by, at=SOON)
    assert factories.open_recipients(sent, by) == ["a", "b"]


def test_cancel_skips_open_rows_and_drops_unclaimed_targets(
    shop: Community, by: Staff
) -> None:
    factories.named_members(shop, "a", "b", "c")
    sent = factories.started_campaign(by)
    factories.open_recipients(sent, by, limit=2)
    mark(sent, "a", by)
    launch.cancel(campaign=sent, by=by, at=SOON)
    assert factories.recipient_states(sent) == {
        "a": "marked",
        "b": "cancelled",
    }
    assert results.progress(sent).left == 0
    with pytest.raises(assisted_sending.RecipientNotOpen):
        mark(sent, "b", by)
    assert campaign_tasks.list_open(by, SOON) == []


def test_handover_moves_everything_that_is_left(shop: Community, by: Staff) -> None:
    factories.named_members(shop, "a", "b", "c")
    cat = factories.staff(shop, "operator", "cat")
    sent = factories.started_campaign(by)
    factories.open_recipients(sent, by, limit=2)
    mark(sent, "a", by)
    task = factories.task(sent, by)
    assert assisted_sending.hand_over(task=task, to=cat, by=by, at=SOON) == 2
    assert factories.open_recipients(sent, cat) == ["b", "c"]
    assert campaign_tasks.list_open(by, SOON) == []
    for key in "bc":
        mark(sent, key, cat)
    sent.refresh_from_db()
    assert sent.state == "done"
    assert factories.recorded_facts(shop, "task.handed_over")[0][1]["size"] == 2


@pytest.mark.both_databases
def test_only_who_has_the_task_marks_and_only_who_oversees_hands_over(
    shop: Community, by: Staff
) -> None:
    factories.named_members(shop, "a")
    cat, dan = (
        factories.staff(shop, "operator", "cat"),
        factories.staff(shop, "operator", "dan"),
    )
    sent = factories.started_campaign(by, staff=[cat.pk])
    factories.open_recipients(sent, cat)
    task = factories.task(sent, cat)
    who = target(shop, "a")
    with pytest.raises(campaign_tasks.CampaignTaskNotOwn):
        assisted_sending.mark_sent(task=task, target=who, by=by, at=AT)
    with pytest.raises(campaign_tasks.CampaignTaskNotFound):
        assisted_sending.mark_sent(task=task, target=who, by=dan, at=AT)
    with pytest.raises(campaign_tasks.CampaignTaskNotFound):
        campaign_tasks.get(by=dan, pk=task.pk)
    assert campaign_tasks.get(by=by, pk=task.pk) == task
    with pytest.raises(campaign_tasks.CampaignTaskNotFound):
        assisted_sending.hand_over(task=task, to=dan, by=dan, at=AT)
    with pytest.raises(errors.Invalid):
        assisted_sending.hand_over(task=task, to=cat, by=by, at=AT)
    viewer = factories.staff(shop, "viewer", "eve")
    with pytest.raises(errors.Invalid):
        assisted_sending.hand_over(task=task, to=viewer, by=by, at=AT)


@pytest.mark.both_databases
def test_targets_not_visible_to_the_new_staff_are_skipped(
    shop: Community, by: Staff
) -> None:
    factories.apply_tag(shop, "south", *factories.named_members(shop, "a"))
    factories.named_members(shop, "b")
    cat = factories.staff(shop, "operator", "cat", scope={"tag": {"any": ["south"]}})
    sent = factories.started_campaign(by)
    assisted_sending.hand_over(task=factories.task(sent, by), to=cat, by=by, at=SOON)
    assert factories.open_recipients(sent, cat) == ["a"]
    assert factories.recipient_states(sent)["b"] == "skipped: not_visible"


@pytest.mark.both_databases
def test_opened_targets_not_visible_to_the_new_staff_are_skipped(
    shop: Community, by: Staff
) -> None:
    factories.apply_tag(shop, "south", *factories.named_members(shop, "a"))
    factories.named_members(shop, "b", "c")
    cat = factories.staff(shop, "operator", "cat", scope={"tag": {"any": ["south"]}})
    sent = factories.started_campaign(by)
    assert factories.open_recipients(sent, by) == ["a", "b", "c"]
    mark(sent, "c", by)
    task = factories.task(sent, by)
    assert assisted_sending.hand_over(task=task, to=cat, by=by, at=SOON) == 2
    assert factories.open_recipients(sent, cat) == ["a"]
    states = factories.recipient_states(sent)
    assert states["b"] == "skipped: not_visible"
    assert not states["c"].startswith("skipped")


@pytest.mark.both_databases
def test_groups_are_recipients(shop: Community, by: Staff) -> None:
    """P10"""
    north = groups.create(community=shop, key="north", name="North", by=by, at=AT)
    retired = groups.create(community=shop, key="retired", by=by, at=AT)
    south = groups.create(community=shop, key="south", by=by, at=AT)
    chosen = [north.pk, retired.pk, south.pk]
    sent = factories.started_campaign(
        by, target="groups", groups=chosen, text="To {group}", rule=None
    )
    groups.change_stage(group=retired, transition="close", by=by, at=SOON)
    task = factories.task(sent, by)
    rows = assisted_sending.open_next(task=task, by=by, at=SOON)
    assert [row.target_id for row in rows] == [north.pk, south.pk]
    assisted_sending.mark_sent(task=task, target=north.pk, by=by, at=SOON)
    assisted_outcomes.record_final_marks(at=FINAL)
    ((account, payload),) = factories.recorded_facts(shop, "send.marked_sent")
    assert (account, payload["campaign"]) == (None, "News")
    skipped = ledger.list_of(ledger.Origin.CAMPAIGN, sent.pk).get(target_id=retired.pk)
    assert (skipped.state, skipped.reason) == ("skipped", "group_retired")


@pytest.mark.both_databases
def test_erased_members_are_removed_from_rows_and_targets(
    shop: Community, by: Staff
) -> None:
    factories.named_members(shop, "a", "b", "c")
    sent = factories.started_campaign(by)
    factories.open_recipients(sent, by, limit=1)
    campaign_tasks.delete_for_accounts(shop, [target(shop, "a"), target(shop, "b")])
    assert factories.recipient_states(sent) == {}
    assert factories.open_recipients(sent, by) == ["c"]


@pytest.mark.both_databases
def test_managers_see_late_tasks_of_others(shop: Community, by: Staff) -> None:
    factories.named_members(shop, "a")
    cat = factories.staff(shop, "operator", "cat")
    sent = factories.started_campaign(by, staff=[cat.pk], due_at=AT + HOUR)
    assert campaign_tasks.list_late_of_others(by, AT) == []
    assert [
        task.campaign for task in campaign_tasks.list_late_of_others(by, LATER)
    ] == [sent]
    assert campaign_tasks.list_late_of_others(cat, LATER) == []
    (line,) = results.list_task_progress(sent, LATER)
    assert (line.late, line.progress.left) == (True, 1)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_task_on_two_screens_sends_each_message_once() -> None:
    """Each row is opened once and marked once, whichever screen is faster."""
    shop = factories.community()
    by = factories.staff(shop, "owner", "ann")
    factories.named_members(shop, *(f"p{n:02}" for n in range(12)))
    sent = factories.started_campaign(by)

    def work() -> int:
        done = 0
        while True:
            task = factories.task(sent, by)
            rows = assisted_sending.open_next(task=task, by=by, at=AT, limit=3)
            for row in rows:
                with contextlib.suppress(assisted_sending.RecipientNotOpen):
                    assisted_sending.mark_sent(
                        task=task, target=row.target_id, by=by, at=AT
                    )
                    done += 1
            sent.refresh_from_db()
            if sent.state == "done":
                return done

    def work_until_done() -> int:
        with contextlib.suppress(assisted_sending.CampaignNotRunning):
            return work()
        return 0

    threads.run(work_until_done, work_until_done)
    assert list(factories.recipient_states(sent).values()) == ["marked"] * 12
    assisted_outcomes.record_final_marks(at=FINAL)
    assert len(factories.recorded_facts(shop, "send.marked_sent")) == 12
