"""Sending by hand, row by row (P10, X1)."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.outreach import opt_outs
from qunce.outreach.campaigns import campaigns, launch, results
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import assisted_sending, recipients, recording, tasks
from qunce.outreach.sending.recipients import Recipient
from qunce.sets.mirror import deriver
from tests import factories as members
from tests import threads
from tests.factories import AT, LATER
from tests.outreach import made
from tests.outreach.made import HOUR

pytestmark = pytest.mark.both_databases
SOON = AT + timedelta(minutes=1)
SETTLED = AT + assisted_sending.UNDO_PERIOD + timedelta(minutes=1)


def target(of: Community, key: str) -> int:
    return account_queries.get(of, key).pk


def mark(of: Campaign, key: str, by: Staff) -> None:
    who = target(of.community, key)
    assisted_sending.mark_sent(task=made.task(of, by), target=who, by=by, at=SOON)


def test_forty_are_opened_marked_and_the_campaign_is_done(
    shop: Community, by: Staff
) -> None:
    made.people(shop, "a", "b", "c")
    sent = made.started(by)
    assert made.opened(sent, by, limit=2) == ["a", "b"]
    assert made.opened(sent, by, limit=2) == ["a", "b"]
    mark(sent, "a", by)
    assert made.opened(sent, by, limit=2) == ["b", "c"]
    mark(sent, "b", by)
    mark(sent, "c", by)
    sent.refresh_from_db()
    assert sent.state == "done"
    assert set(made.states(sent).values()) == {"marked"}
    assert tasks.list_open(by, AT) == []


def test_a_row_is_marked_once(shop: Community, by: Staff) -> None:
    made.people(shop, "a", "b")
    sent = made.started(by)
    made.opened(sent, by)
    mark(sent, "a", by)
    with pytest.raises(assisted_sending.RecipientNotOpen):
        mark(sent, "a", by)


def test_what_staff_did_is_told_when_it_can_no_longer_be_taken_back(
    shop: Community, by: Staff
) -> None:
    made.people(shop, "a", "b", "c")
    sent = made.started(by)
    made.opened(sent, by)
    task = made.task(sent, by)
    mark(sent, "a", by)
    mark(sent, "b", by)
    assisted_sending.undo(task=task, target=target(shop, "b"), by=by, at=SOON)
    assisted_sending.mark_failed(
        task=task, target=target(shop, "c"), reason="blocked", by=by, at=SOON
    )
    assert recording.record_final_marks(at=SOON) == 0
    assert recording.record_final_marks(at=SETTLED) == 2
    assert recording.record_final_marks(at=SETTLED) == 0
    told = [(target(shop, "a"), {"campaign": "News"})]
    assert members.recorded_facts(shop, "send.marked_sent") == told
    failed = {"campaign": "News", "reason": "blocked"}
    assert members.recorded_facts(shop, "send.failed") == [(target(shop, "c"), failed)]


@pytest.mark.django_db(transaction=True)
def test_a_rule_finds_who_was_sent_to() -> None:
    shop = members.community()
    by = made.staff(shop, "ann", "owner")
    made.people(shop, "a", "b")
    sent = made.started(by)
    made.opened(sent, by)
    mark(sent, "a", by)
    recording.record_final_marks(at=SETTLED)
    deriver.catch_up()
    rule = {"did": {"kind": "send.marked_sent", "where": {"campaign": "News"}}}
    assert members.matching_keys(shop, rule) == ["a"]


def test_a_mark_is_taken_back_for_five_minutes_a_failure_for_ever(
    shop: Community, by: Staff
) -> None:
    made.people(shop, "a", "b")
    sent = made.started(by)
    made.opened(sent, by)
    task = made.task(sent, by)
    mark(sent, "a", by)
    assisted_sending.mark_failed(
        task=task, target=target(shop, "b"), reason="other", by=by, at=SOON
    )
    recording.record_final_marks(at=SETTLED)
    with pytest.raises(assisted_sending.TooLateToUndo, match="5 minutes"):
        assisted_sending.undo(task=task, target=target(shop, "a"), by=by, at=SETTLED)
    assisted_sending.undo(task=task, target=target(shop, "b"), by=by, at=SETTLED)
    sent.refresh_from_db()
    assert sent.state == "sending"
    assert made.states(sent) == {"a": "marked", "b": "planned"}


def test_taking_back_the_last_mark_opens_the_campaign_again(
    shop: Community, by: Staff
) -> None:
    made.people(shop, "a")
    sent = made.started(by)
    made.opened(sent, by)
    mark(sent, "a", by)
    assisted_sending.undo(
        task=made.task(sent, by), target=target(shop, "a"), by=by, at=SOON
    )
    sent.refresh_from_db()
    assert (sent.state, sent.finished_at) == ("sending", None)
    assert [task.campaign for task in tasks.list_open(by, SOON)] == [sent]


def test_a_reason_is_needed(shop: Community, by: Staff) -> None:
    made.people(shop, "a")
    sent = made.started(by)
    made.opened(sent, by)
    with pytest.raises(errors.Invalid, match="reason"):
        assisted_sending.mark_failed(
            task=made.task(sent, by), target=target(shop, "a"), reason="", by=by, at=AT
        )


def test_who_changed_since_the_start_is_skipped_with_the_reason(
    shop: Community, by: Staff
) -> None:
    made.people(shop, "a", "left", "out", "twin", "first")
    sent = made.started(by, text="Hello {name}")
    accounts.leave(account=account_queries.get(shop, "left"), by=by, at=SOON)
    opt_outs.opt_out(community=shop, accounts=[target(shop, "out")], by=by, at=SOON)
    people.merge(
        left=account_queries.get(shop, "twin"),
        right=account_queries.get(shop, "first"),
        by=by,
        at=SOON,
    )
    assert made.opened(sent, by) == ["a", "twin"]
    states = made.states(sent)
    assert states["left"] == "skipped: left"
    assert states["out"] == "skipped: opted_out"
    assert "first" not in states


def test_a_text_with_a_hole_is_not_sent(shop: Community, by: Staff) -> None:
    made.people(shop, "a")
    members.member(shop, "nameless")
    sent = made.started(by, text="Hello {name}")
    assert made.opened(sent, by) == ["a"]
    assert made.states(sent)["nameless"] == "skipped: no_value"


def test_an_open_row_counts_as_a_contact_in_the_next_campaign(
    shop: Community, by: Staff
) -> None:
    made.people(shop, "a")
    sent = [made.started(by, name=name) for name in ("One", "Two", "Three")]
    assert made.opened(sent[0], by) == ["a"]
    assert made.opened(sent[1], by) == ["a"]
    assert made.opened(sent[2], by) == []
    assert made.states(sent[2]) == {"a": "skipped: over_contact_limit"}


def test_nothing_is_opened_in_a_pause_but_what_was_sent_is_marked(
    shop: Community, by: Staff
) -> None:
    made.people(shop, "a", "b")
    sent = made.started(by)
    made.opened(sent, by, limit=1)
    campaigns.pause(campaign=sent, by=by, at=SOON)
    with pytest.raises(assisted_sending.CampaignNotRunning, match="paused"):
        made.opened(sent, by)
    mark(sent, "a", by)
    assert made.states(sent) == {"a": "marked"}


def test_a_changed_text_holds_for_all_that_is_not_sent(
    shop: Community, by: Staff
) -> None:
    made.people(shop, "a", "b")
    sent = made.started(by)
    made.opened(sent, by, limit=1)
    campaigns.pause(campaign=sent, by=by, at=SOON)
    campaigns.update(campaign=sent, by=by, at=SOON, text="{name}, {odd|x}"[:6])
    campaigns.resume(campaign=sent, by=by, at=SOON)
    assert made.opened(sent, by) == ["a", "b"]


def test_cancelling_skips_what_is_open_and_drops_what_waits(
    shop: Community, by: Staff
) -> None:
    made.people(shop, "a", "b", "c")
    sent = made.started(by)
    made.opened(sent, by, limit=2)
    mark(sent, "a", by)
    launch.cancel(campaign=sent, by=by, at=SOON)
    assert made.states(sent) == {"a": "marked", "b": "skipped: cancelled"}
    assert results.progress(sent).left == 0
    with pytest.raises(assisted_sending.RecipientNotOpen):
        mark(sent, "b", by)
    assert tasks.list_open(by, SOON) == []


def test_a_task_is_handed_over_with_all_that_is_not_done(
    shop: Community, by: Staff
) -> None:
    made.people(shop, "a", "b", "c")
    cat = made.staff(shop, "cat")
    sent = made.started(by)
    made.opened(sent, by, limit=2)
    mark(sent, "a", by)
    task = made.task(sent, by)
    assert assisted_sending.hand_over(task=task, to=cat, by=by, at=SOON) == 2
    assert made.opened(sent, cat) == ["b", "c"]
    assert tasks.list_open(by, SOON) == []
    for key in "bc":
        mark(sent, key, cat)
    sent.refresh_from_db()
    assert sent.state == "done"
    assert members.recorded_facts(shop, "task.handed_over")[0][1]["size"] == 2


def test_only_who_has_the_task_marks_and_only_who_oversees_hands_over(
    shop: Community, by: Staff
) -> None:
    made.people(shop, "a")
    cat, dan = made.staff(shop, "cat"), made.staff(shop, "dan")
    sent = made.started(by, staff=[cat.pk])
    made.opened(sent, cat)
    task = made.task(sent, cat)
    who = target(shop, "a")
    for other in (by, dan):
        with pytest.raises(tasks.TaskNotOwn):
            assisted_sending.mark_sent(task=task, target=who, by=other, at=AT)
    with pytest.raises(tasks.TaskNotFound):
        tasks.get(by=dan, pk=task.pk)
    assert tasks.get(by=by, pk=task.pk) == task
    with pytest.raises(permissions.NotAllowed):
        assisted_sending.hand_over(task=task, to=dan, by=dan, at=AT)
    with pytest.raises(errors.Invalid):
        assisted_sending.hand_over(task=task, to=cat, by=by, at=AT)
    viewer = made.staff(shop, "eve", "viewer")
    with pytest.raises(errors.Invalid):
        assisted_sending.hand_over(task=task, to=viewer, by=by, at=AT)


def test_whom_the_taker_does_not_see_is_skipped(shop: Community, by: Staff) -> None:
    made.tag(shop, "south", *made.people(shop, "a"))
    made.people(shop, "b")
    cat = made.staff(shop, "cat", scope={"tag": {"any": ["south"]}})
    sent = made.started(by)
    assisted_sending.hand_over(task=made.task(sent, by), to=cat, by=by, at=SOON)
    assert made.opened(sent, cat) == ["a"]
    assert made.states(sent)["b"] == "skipped: not_visible"


def test_groups_are_receivers_too(shop: Community, by: Staff) -> None:
    """P10: forty groups as rows, the text once."""
    north = groups.create(community=shop, key="north", name="North", by=by, at=AT)
    dead = groups.create(community=shop, key="dead", by=by, at=AT)
    south = groups.create(community=shop, key="south", by=by, at=AT)
    chosen = [north.pk, dead.pk, south.pk]
    sent = made.started(
        by, target="groups", groups=chosen, text="To {group}", rule=None
    )
    groups.change_stage(group=dead, transition="close", by=by, at=SOON)
    task = made.task(sent, by)
    rows = assisted_sending.open_next(task=task, by=by, at=SOON)
    assert [row.target_id for row in rows] == [north.pk, south.pk]
    assisted_sending.mark_sent(task=task, target=north.pk, by=by, at=SOON)
    recording.record_final_marks(at=SETTLED)
    assert members.recorded_facts(shop, "send.marked_sent") == [
        (None, {"campaign": "News"})
    ]
    closed = Recipient.objects.get(campaign=sent, target_id=dead.pk)
    assert (closed.state, closed.reason) == ("skipped", "group_retired")


def test_who_is_erased_is_in_no_row_and_waits_nowhere(
    shop: Community, by: Staff
) -> None:
    made.people(shop, "a", "b", "c")
    sent = made.started(by)
    made.opened(sent, by, limit=1)
    recipients.delete_for_accounts(shop, [target(shop, "a"), target(shop, "b")])
    assert made.states(sent) == {}
    assert made.opened(sent, by) == ["c"]


def test_late_tasks_are_seen_by_who_oversees(shop: Community, by: Staff) -> None:
    made.people(shop, "a")
    cat = made.staff(shop, "cat")
    sent = made.started(by, staff=[cat.pk], due_at=AT + HOUR)
    assert tasks.list_late_of_others(by, AT) == []
    assert [task.campaign for task in tasks.list_late_of_others(by, LATER)] == [sent]
    assert tasks.list_late_of_others(cat, LATER) == []
    (share,) = results.list_task_progress(sent, LATER)
    assert (share.late, share.progress.left) == (True, 1)


@pytest.mark.django_db(transaction=True)
def test_one_task_on_two_screens_at_once() -> None:
    """Each row is opened once and marked once, whichever screen is faster."""
    shop = members.community()
    by = made.staff(shop, "ann", "owner")
    made.people(shop, *(f"p{n:02}" for n in range(12)))
    sent = made.started(by)

    def screen() -> int:
        done = 0
        while True:
            task = made.task(sent, by)
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

    def patient() -> int:
        with contextlib.suppress(assisted_sending.CampaignNotRunning):
            return screen()
        return 0

    threads.run(patient, patient)
    assert list(made.states(sent).values()) == ["marked"] * 12
    recording.record_final_marks(at=SETTLED)
    assert len(members.recorded_facts(shop, "send.marked_sent")) == 12
