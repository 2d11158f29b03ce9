"""The ledger of messages, whatever asks for them (design §4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.outreach import opt_outs
from qunce.outreach.contact_budget import policies
from qunce.outreach.contact_budget.limits import (
    Budget,
    Limit,
    Mode,
    QuietHours,
    Span,
)
from qunce.outreach.sending import assisted_messages, messages
from qunce.outreach.sending.messages import Draft, Message, Origin, Purpose
from tests import factories
from tests.factories import AT, HOUR

pytestmark = pytest.mark.both_databases


def draft(account: int | None, number: int = 1, **fields: Any) -> Draft:
    defaults: dict[str, Any] = {"origin": Origin.PLAYBOOK, "text": "Hello {name}"}
    return Draft(account=account, origin_id=number, **{**defaults, **fields})


@transaction.atomic
def request(shop: Community, *drafts: Draft, at: Any = AT) -> list[str]:
    """States of the messages, with the reasons of skipped ones."""
    ann = Staff.objects.get(login="ann")
    posted = [replace(each, staff=each.staff or ann) for each in drafts]
    rows = messages.request_many(posted, community=shop, at=at)
    return [f"{row.state} {row.reason}".strip() for row in rows]


def test_message_is_planned_once_with_its_text(shop: Community, by: Staff) -> None:
    bob = factories.member(shop, "bob", name="Bob").pk
    wanted = draft(bob, content={"template": 3})
    assert request(shop, wanted) == request(shop, wanted) == ["planned"]
    (row,) = Message.objects.all()
    assert (row.text, row.content, row.target_id) == ("Hello Bob", {"template": 3}, bob)
    assert messages.cancel(origin=Origin.PLAYBOOK, origin_ids=[1], at=AT) == 1
    assert request(shop, wanted) == ["cancelled"]


def test_whoever_may_get_none_is_skipped_with_the_reason(
    shop: Community, by: Staff
) -> None:
    gone, quiet, nameless = factories.members(shop, "gone", "quiet", "nameless")
    accounts.leave(account=account_queries.get(shop, "gone"), by=by, at=AT)
    opt_outs.opt_out(community=shop, accounts=[quiet], by=by, at=AT)
    dead = groups.create(community=shop, key="g", name="G", by=by, at=AT)
    groups.change_stage(group=dead, transition="close", by=by, at=AT)
    assert request(
        shop,
        draft(gone),
        draft(quiet),
        draft(quiet, 2, purpose=Purpose.SERVICE, text="Your parcel"),
        draft(nameless),
        draft(None, group=dead.pk, text="To {group}", staff=by),
    ) == [
        "skipped left",
        "skipped opted_out",
        "planned",
        "skipped no_value",
        "skipped group_retired",
    ]
    recorded = factories.recorded_facts(shop, "send.skipped")
    assert {account: payload["reason"] for account, payload in recorded} == {
        gone: "left",
        quiet: "opted_out",
        nameless: "no_value",
        None: "group_retired",
    }


def test_contact_budget_is_reserved_and_quiet_hours_hold(
    shop: Community, by: Staff
) -> None:
    bob = factories.member(shop, "bob", name="Bob").pk
    local = AT.astimezone(policies.get(shop).clock.zone)
    minute = local.hour * 60 + local.minute
    quiet = QuietHours((minute - 30) % 1440, (minute + 60) % 1440)
    limit = Limit(Span.DAY, Mode.AT_MOST, 2)
    budget = Budget(limits=(limit,), quiet=quiet)
    policies.update(community=shop, budget=budget, counts_assisted=True, by=by, at=AT)
    hold = {"hold": timedelta(hours=30)}
    states = request(
        shop,
        draft(bob, 1),
        draft(bob, 2),
        draft(bob, 3),
        draft(bob, 4, **hold),
        draft(bob, 5, purpose=Purpose.SERVICE),
        draft(bob, 6, stale_at=AT + HOUR / 2, purpose=Purpose.SERVICE),
    )
    over = "skipped over_contact_limit"
    assert states == ["planned", "planned", over, "planned", "planned", "skipped stale"]
    times = dict(Message.objects.values_list("origin_id", "due_at"))
    assert times[1] == times[2] == times[5] == AT + HOUR
    # 24 hours after the first two, which is in the next quiet hours' end.
    assert times[4] == AT + 25 * HOUR


def test_message_without_anybody_to_post_it_is_skipped(
    shop: Community, by: Staff
) -> None:
    eve = factories.member(shop, "eve", name="Eve").pk
    with transaction.atomic():
        nobody = messages.request(draft(eve, 9, text="Hi"), community=shop, at=AT)
    assert (nobody.state, nobody.reason) == ("skipped", "no_sender")


def test_messages_to_members_who_opted_out_are_not_shown_to_staff(
    shop: Community, by: Staff
) -> None:
    bob, eve = factories.members(shop, "bob", "eve")
    wanted = [draft(pk, text="Hi") for pk in (bob, eve)]
    assert request(shop, *wanted) == ["planned"] * 2
    opt_outs.opt_out(community=shop, accounts=[eve], by=by, at=AT)
    ann = Staff.objects.get(login="ann")
    for _time in range(2):
        assert [row.target_id for row in assisted_messages.open_due(by=ann, at=AT)] == [
            bob
        ]
    assert factories.recorded_facts(shop, "send.skipped")[0][1]["reason"] == "opted_out"
