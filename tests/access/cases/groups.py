"""How the sweep calls verbs: groups, outreach, sales."""

from __future__ import annotations

from typing import Any

from qunce.groups import groups
from qunce.outreach.campaigns import approvals, campaigns
from qunce.outreach.contact_budget import limits, policies
from qunce.outreach.sending import assisted_sending
from qunce.sales.order_list import OrderFilters
from tests.access.cases.base import (
    EVERYONE,
    SOON,
    after,
    both,
    case,
    ids,
    just,
    one,
    using,
)
from tests.access.world import World

MEMBER_OF = both(one("group"), ids("account"))
MEMBERS_OF = both(one("group"), ids("accounts"))
case(
    "groups.groups",
    create=just(key="new"),
    update=one("group", name="Newer"),
    change_stage=one("group", transition="stabilize"),
    add_members=MEMBERS_OF,
    remove_members=MEMBERS_OF,
    ensure=lambda w: {"keys": [w.get("group").key]},
)
case(
    "groups.memberships",
    change_role=both(MEMBER_OF, just(role="owner")),
    undo_addition=one("group", moment=0),
    add_again=after(groups.remove_members, MEMBERS_OF, MEMBER_OF),
    count_members=one("group"),
    count_uncounted=one("group"),
    list_members=one("group"),
    list_members_with_role=one("group"),
)
case(
    "groups.staff_lists",
    list_people=just(),
    get_person=ids("account"),
)
case(
    "groups.visibility",
    list_visible=just(),
    get=ids("pk", "group"),
)
case("outreach.campaigns.audience_plan", build=one("campaign"))


def complete_draft(world: World) -> dict[str, Any]:
    draft, values = world.get("draft"), {"text": "Hello", "rule": EVERYONE}
    staff = [world.owner.pk]
    campaigns.update(campaign=draft, **values, staff=staff, by=world.owner, at=world.at)
    return {"campaign": draft}


SCHEDULED = both(complete_draft, lambda w: {"send_at": w.at + SOON})
case(
    "outreach.campaigns.campaigns",
    create=just(name="New"),
    update=one("campaign=draft", name="Newer"),
    duplicate=one("campaign"),
    schedule=SCHEDULED,
    unschedule=after(campaigns.schedule, SCHEDULED, one("campaign=draft")),
    pause=one("campaign"),
    resume=after(campaigns.pause, one("campaign")),
    list_visible=just(),
    list_stopped=just(),
    get=ids("pk", "campaign"),
)
SUBMITTED = after(approvals.submit, complete_draft, one("campaign=draft"))
case(
    "outreach.campaigns.approvals",
    submit=complete_draft,
    withdraw=SUBMITTED,
    approve=SUBMITTED,
    reject=both(SUBMITTED, just(note="Too long")),
    set_from_size=just(from_size=100),
    list_waiting=just(),
    list_answered=just(),
)
case(
    "outreach.campaigns.test_sends",
    send=both(complete_draft, ids("account")),
)
case(
    "outreach.campaigns.launch",
    start=complete_draft,
    cancel=one("campaign"),
)
case(
    "outreach.campaigns.results",
    list_recipients=one("campaign"),
    export_recipients=one("campaign"),
)
case("outreach.campaigns.review", build=one("campaign"))
case("outreach.links.link_results", list_results=one("campaign"))
case(
    "outreach.contact_budget.policies",
    set_zone_attribute=just(attribute=""),
    update=just(budget=limits.DEFAULT, counts_assisted=True),
)
case(
    "outreach.contact_budget.consequences",
    count=lambda w: {"policy": policies.get(w.community)},
)
case("outreach.hold_outs.hold_outs", update=just(per_mille=20), list_held_out=just())


case(
    "outreach.opt_outs",
    opt_out=ids("accounts"),
    opt_in=ids("accounts"),
    count_by_source=just(),
)


def opened(world: World) -> dict[str, Any]:
    task = world.get("task")
    assisted_sending.open_next(task=task, by=task.staff, at=world.at)
    return {"task": task, "target": world.ids["account"]}


def marked(world: World) -> dict[str, Any]:
    target = opened(world)
    by = target["task"].staff
    assisted_sending.mark_sent(**target, by=by, at=world.at)
    return target


case(
    "outreach.sending.assisted_sending",
    open_next=one("task"),
    mark_sent=opened,
    mark_failed=both(opened, just(reason="blocked")),
    undo=marked,
    hand_over=one("task", "to=staff"),
)
case(
    "outreach.sending.campaign_tasks",
    list_visible=just(),
    get=ids("pk", "task"),
    list_late_of_others=just(),
)
FILTERED = using(lambda w: {"filters": OrderFilters(member=w.ids["account"])})
PAID = just(key="New", amount=100, currency="CNY")
REFUNDED = using(lambda w: {"key": w.get("order").key, "refunded_at": w.at})
case(
    "sales.order_list",
    get=ids("pk", "order"),
    page=FILTERED,
    totals=FILTERED,
    sales=lambda w: {"filters": OrderFilters(), "totals": []},
)
case("sales.order_export", start=FILTERED)
case(
    "sales.orders",
    record_payment=both(PAID, ids("account")),
    amend=one("order", amount=100),
    refund=REFUNDED,
    refund_order=lambda w: {"order": w.get("order"), "refunded_at": w.at},
    refund_up_to=lambda w: REFUNDED(w) | {"total": 50},
)
