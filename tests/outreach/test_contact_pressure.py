"""Contact pressure: what is shown, and what a recount from facts says (journeys 14, 20)."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from qunce import ingest
from qunce.channels import channel_contract
from qunce.channels.channel_contract import failed
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.ingest.incoming_facts import IncomingFact
from qunce.members.columns import columns
from qunce.members.columns.columns import People
from qunce.members.search import member_list
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import audience_plan, launch
from qunce.outreach.contact_budget import member_policies, policies, pressure
from qunce.outreach.contact_budget.limits import Budget, Limit, Mode, Span
from qunce.outreach.hold_outs import hold_outs
from qunce.outreach.sending import channel_sending
from qunce.outreach.sending.ledger import Message
from qunce.outreach.service_styles import rules, styles
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT, HOUR

pytestmark = pytest.mark.both_databases
DAY = timedelta(days=1)


def set_limit(shop: Community, by: Staff, limit: Limit) -> None:
    budget = Budget(limits=(limit,))
    policies.update(community=shop, budget=budget, counts_assisted=True, by=by, at=AT)


@pytest.mark.django_db(transaction=True)
def test_shown_pressure_equals_a_recount_from_facts() -> None:
    shop = factories.community()
    by = factories.staff(shop, "owner", "ann")
    dice = random.Random(3)  # noqa: S311
    keys = [f"m{number:02}" for number in range(40)]
    ids = factories.members(shop, *keys, channel="fake")
    fake = FakeChannel(script={key: [failed("blocked")] for key in keys[:4]})
    channel_contract.register(fake)
    set_limit(shop, by, Limit(Span.WEEK, Mode.AT_MOST, 3))
    for day in range(12):
        at = AT + day * DAY + dice.randrange(24) * HOUR
        news = factories.campaign(by, name=f"News {day}", channel="fake", staff=[])
        # Later ones are started although nobody can get them.
        with contextlib.suppress(launch.AudienceEmpty):
            launch.start(campaign=news, by=by, at=at)
        channel_sending.send_due(at=at)
    channel_contract.unregister("fake")
    now = AT + 13 * DAY
    since = now - 7 * DAY
    kind = facts.ensure_kinds(["send.delivered"])["send.delivered"]
    recount = Counter(
        facts.Fact.objects.filter(
            kind_id=kind, happened_at__gt=since, happened_at__lte=now
        ).values_list("account_id", flat=True)
    )
    shown = pressure.pressure_by_person(ids, community=shop, at=now)
    assert {pk: lines[0].count for pk, lines in shown.items()} == {
        pk: recount[pk] for pk in ids
    }
    used = pressure.used_by_everybody(
        community=shop, policies=member_policies.load(shop, now), at=now
    )
    assert {pk: int(used[pk]) for pk in ids} == {
        pk: recount[pk] * 1_000_000 // 3 for pk in ids
    }
    # The budget was never exceeded in any window of seven days.
    times: dict[int, list[float]] = {}
    for row in Message.objects.filter(counted_at__isnull=False):
        times.setdefault(row.target_id, []).append(row.changed_at.timestamp())
    for moments in times.values():
        moments.sort()
        week = 7 * DAY.total_seconds()
        assert all(b - a >= week for a, b in zip(moments, moments[3:], strict=False))


@pytest.mark.django_db(transaction=True)
def test_members_are_sorted_by_the_limit_nearest_to_exhaustion() -> None:
    shop = factories.community()
    by = factories.staff(shop, "owner", "ann")
    keys = ["rare", "many", "new", "close"]
    rare, many, new, close = factories.members(shop, *keys)
    limits = (Limit(Span.MONTH, Mode.AT_MOST, 4), Limit(Span.DAY, Mode.AT_MOST, 1))
    budget = Budget(limits=limits)
    policies.update(community=shop, budget=budget, counts_assisted=True, by=by, at=AT)
    # `close` has a style with a limit of its own.
    factories.segment(shop, "close", {"members": {"keys": ["close"]}})
    own = [policies.to_json(Limit(Span.WEEK, Mode.AT_MOST, 8))]
    in_shop: dict[str, Any] = {"community": shop, "by": by, "at": AT}
    care = styles.create(**in_shop, name="Close care", limits=own)
    plain = styles.create(**in_shop, name="Plain")
    rule = rules.Draft({"segment": {"any": ["close"]}}, care)
    rules.update(**in_shop, rules=[rule], default=plain)
    reported = {rare: [1], many: [40, 60, 80], new: [], close: [50, 70]}
    incoming = [
        IncomingFact(kind="send.delivered", happened_at=AT - hours * HOUR, account=pk)
        for pk, moments in reported.items()
        for hours in moments
    ]
    ingest.record_facts(community=shop, incoming=incoming, by=by, at=AT)
    deriver.catch_up()
    (column,) = columns.find(shop, ["contact_pressure"])
    ids = [rare, many, new, close]
    people = People({pk: [pk] for pk in ids}, by, AT)
    assert [cell.text for cell in map(column.cells(people).get, ids) if cell] == [
        "24 hours: 1 of at most 1",
        "30 days: 3 of at most 4",
        "30 days: 0 of at most 4",
        "7 days: 2 of at most 8",
    ]
    listed = member_list.get_page(by=by, at=AT, sort_by="-contact_pressure")
    assert [row.id for row in listed.rows] == [rare, many, close, new]
    listed = member_list.get_page(by=by, at=AT, sort_by="contact_pressure")
    assert [row.id for row in listed.rows] == [new, close, many, rare]


def test_limit_of_no_messages_is_exhausted_before_the_first() -> None:
    none, month = Limit(Span.WEEK, Mode.NONE), Limit(Span.MONTH, Mode.AT_MOST, 4)
    lines = [pressure.Pressure(month, 3), pressure.Pressure(none, 0)]
    assert pressure.nearest(lines).limit == none
    assert pressure.nearest([pressure.Pressure(none, 1), *lines]).count == 1
    assert pressure.millionths_used(month, np.array([0, 3, 4])).tolist() == [
        0,
        750_000,
        1_000_000,
    ]
    assert pressure.millionths_used(none, np.array([0, 1])).tolist() == [
        1_000_000,
        2_000_000,
    ]


@pytest.mark.django_db(transaction=True)
def test_reported_messages_count_as_well() -> None:
    shop = factories.community()
    by = factories.staff(shop, "owner", "ann")
    (bob,) = factories.members(shop, "bob")
    set_limit(shop, by, Limit(Span.WEEK, Mode.AT_MOST, 1))
    draft = factories.campaign(by)
    assert audience_plan.build(campaign=draft, by=by, at=AT).size == 1
    fact = IncomingFact(kind="send.delivered", happened_at=AT - HOUR, account=bob)
    ingest.record_facts(community=shop, incoming=[fact], by=by, at=AT)
    deriver.catch_up()
    plan = audience_plan.build(campaign=draft, by=by, at=AT)
    assert plan.excluded == {skip_reasons.OVER_CONTACT_LIMIT: 1}
    shown = pressure.pressure_by_person([bob], community=shop, at=AT)
    assert [line.count for line in shown[bob]] == [1]


def test_held_out_members_get_no_marketing_of_any_source(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold_outs, "MIN_MEMBERS", 40)
    factories.members(shop, *(f"m{number:02}" for number in range(40)))
    assert len(hold_outs.list_held_out(by=by, at=AT)) in range(8)
    hold_outs.update(community=shop, per_mille=500, by=by, at=AT)
    held_out = hold_outs.list_held_out(by=by, at=AT)
    assert 8 < len(held_out) < 32
    plan = audience_plan.build(campaign=factories.campaign(by), by=by, at=AT)
    assert plan.excluded == {skip_reasons.HELD_OUT: len(held_out)}
    assert not plan.targets & held_out
    service = factories.campaign(by, purpose="service")
    assert audience_plan.build(campaign=service, by=by, at=AT).size == 40
    # Another quarter draws others.
    assert held_out != hold_outs.list_held_out(by=by, at=AT + 100 * DAY)
