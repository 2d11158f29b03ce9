"""Variants, hold-outs, rates and approvals of campaigns (P6, issue 10.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from qunce.channels import channel_contract
from qunce.channels.channel_contract import failed
from qunce.channels.testing import FakeChannel
from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight.experiments.verdicts import Verdict
from qunce.members.layers import layers
from qunce.members.people import staff_accounts
from qunce.members.segments import segments
from qunce.outreach.campaigns import (
    approvals,
    campaigns,
    comparisons,
    effects,
    launch,
    results,
    review,
    test_sends,
    variants,
)
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.campaigns.models import CampaignPart
from qunce.outreach.contact_budget import policies
from qunce.outreach.contact_budget.limits import Budget, Limit, Mode, Span
from qunce.outreach.sending import channel_sending, ledger
from qunce.outreach.sending.ledger import Message, Origin, Priority
from qunce.sets.bitmaps import bitmaps
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT, HOUR

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def fake() -> Iterator[FakeChannel]:
    channel = FakeChannel()
    channel_contract.register(channel)
    yield channel
    channel_contract.unregister("fake")


def people(shop: Community, size: int) -> list[str]:
    keys = [f"m{number:02}" for number in range(size)]
    factories.members(shop, *keys, channel="fake")
    return keys


def draft(by: Staff, **fields: Any) -> Campaign:
    return factories.campaign(by, channel="fake", staff=[], **fields)


@pytest.mark.both_databases
def test_each_segment_gets_its_variant_and_the_rest_is_divided_by_chance(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    keys = people(shop, 40)
    factories.tag(shop, "VIP")
    factories.apply_tag(shop, "VIP", *keys[:5])
    chosen = [
        {"name": "VIP", "rule": {"tag": {"any": ["VIP"]}}, "text": "For you"},
        {"name": "B", "share": 50, "text": "Short"},
    ]
    campaign = draft(by, variants=chosen, text="Long")
    shown = review.build(campaign=campaign, by=by, at=AT)
    assert shown.variants["VIP"] == 5
    assert sum(shown.variants.values()) == shown.size == 40
    assert 8 < shown.variants["B"] < 27
    assert {sample.text for sample in shown.samples} <= {"For you", "Short", "Long"}
    launch.start(campaign=campaign, by=by, at=AT)
    totals = [("VIP", 5), ("B", shown.variants["B"]), ("", shown.variants[""])]
    before = results.count_by_variant(campaign)
    assert [(each.name, each.total) for each in before] == totals
    assert [each.reached for each in before] == [0, 0, 0]
    channel_sending.send_due(at=AT)
    assert Counter(fake.last_texts().values()) == {
        "For you": 5,
        "Short": shown.variants["B"],
        "Long": shown.variants[""],
    }
    assert {key for key, text in fake.last_texts().items() if text == "For you"} == set(
        keys[:5]
    )
    by_variant = results.count_by_variant(campaign)
    assert [(each.name, each.total) for each in by_variant] == totals
    assert [(each.name, each.reached) for each in by_variant] == totals


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([{"name": "A", "text": "x", "share": 0}], "a segment, or 1 to 99 percent"),
        ([{"name": "A", "text": "x", "share": 60}] * 2, "name of its own"),
        (
            [{"name": name, "text": "x", "share": 50} for name in "AB"],
            "leave nobody",
        ),
        ([{"name": "A", "text": "{nmae}", "share": 5}], "no variable"),
    ],
)
def test_invalid_variants_are_refused(by: Staff, given: Any, sentence: str) -> None:
    with pytest.raises(errors.Invalid, match=sentence):
        factories.campaign(by, variants=given)


@pytest.mark.django_db(transaction=True)
def test_result_stands_beside_the_hold_out(fake: FakeChannel) -> None:
    shop = factories.community()
    by = factories.staff(shop, "owner", "ann")
    keys = people(shop, 60)
    campaign = draft(by, hold_out_per_mille=300)
    plan = launch.start(campaign=campaign, by=by, at=AT)
    assert 6 < len(plan.held_out) < 30
    channel_sending.send_due(at=AT)
    reached = [message.to for message in fake.delivered]
    quiet = sorted(set(keys) - set(reached))
    assert len(quiet) == len(plan.held_out)
    for number, key in enumerate([*reached[:9], quiet[0]]):
        factories.order(shop, key, 900, AT + 2 * HOUR, key=f"o{number}")
    factories.leave(shop, reached[0], at=AT + 3 * HOUR)
    factories.leave(shop, reached[1], at=AT + 30 * HOUR)
    deriver.catch_up()
    measured = effects.measure(campaign, AT + 3 * DAY)
    assert (measured.reached, measured.ordered, measured.left) == (len(reached), 9, 1)
    (compared,) = comparisons.measure(campaign, AT + 3 * DAY)
    assert (compared.treated.ordered, compared.control.ordered) == (9, 1)
    assert (compared.treated.size, compared.control.size) == (
        len(reached),
        len(plan.held_out),
    )
    assert compared.low is not None
    assert compared.high is not None
    assert compared.low < compared.difference < compared.high
    assert compared.verdict == Verdict.OPEN
    again = draft(by, name="Next")
    last = review.build(campaign=again, by=by, at=AT + 3 * DAY).last_loss
    assert last == review.LastLoss("News", len(reached), 1)


@pytest.mark.both_databases
def test_sum_of_outcomes_is_what_was_planned(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    keys = people(shop, 30)
    budget = Budget(limits=(Limit(Span.WEEK, Mode.AT_MOST, 1),))
    policies.update(community=shop, budget=budget, counts_assisted=True, by=by, at=AT)
    factories.member(shop, "elsewhere")
    fake.capabilities = channel_contract.Capabilities(to_member=True)
    fake.script = {key: [failed("blocked")] for key in keys[:4]}
    launch.start(campaign=draft(by, rule={"all": []}), by=by, at=AT)
    channel_sending.send_due(at=AT)
    second = draft(by, name="Second", rate_per_hour=180)
    # Only those whose first message failed, and who has no account there, are left.
    plan = launch.start(campaign=second, by=by, at=AT + HOUR)
    assert plan.size == 5
    third = draft(by, name="Third", rate_per_hour=120, skip_recently_contacted=False)
    launch.start(campaign=third, by=by, at=AT + HOUR)
    for minute in range(3):
        channel_sending.send_due(at=AT + HOUR + minute * MINUTE)
        if minute == 1:
            launch.cancel(campaign=third, by=by, at=AT + HOUR + MINUTE)
        for campaign in Campaign.objects.all():
            progress = results.progress(campaign)
            counts = progress.unclaimed_count + sum(progress.counts.values())
            assert progress.total == counts == 31
    progress = results.progress(second)
    assert progress.counts == {"delivered": 4, "skipped": 27}
    assert results.progress(third).counts == {"delivered": 4, "cancelled": 27}
    reasons = {label for _state, label, _n in results.count_by_reason(second)}
    assert reasons == {"the contact limit is reached", "has no account on this channel"}
    recorded = factories.recorded_facts(shop, "send.skipped")
    assert {payload["reason"] for _account, payload in recorded} == {
        "no_address",
        "over_contact_limit",
    }


@pytest.mark.both_databases
def test_no_60_minutes_have_more_than_the_rate(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    people(shop, 30)
    campaign = draft(by, rate_per_hour=20)
    launch.start(campaign=campaign, by=by, at=AT)
    sent = []
    for minute in range(100):
        for _again in range(2):
            before = len(fake.delivered)
            channel_sending.send_due(at=AT + minute * MINUTE)
            sent += [minute] * (len(fake.delivered) - before)
    assert len(sent) == 30
    assert all(
        later - first >= 60 for first, later in zip(sent, sent[20:], strict=False)
    )
    # 30 at 20 per hour take 90 minutes.
    assert 88 <= sent[-1] <= 91
    campaign.refresh_from_db()
    assert campaign.state == "done"


@pytest.mark.both_databases
def test_a_second_person_approves_what_it_is_now(shop: Community, by: Staff) -> None:
    factories.named_members(shop, "a", "b")
    boss = factories.staff(shop, "owner", "boss", name="Boss")
    approvals.set_from_size(community=shop, from_size=2, by=boss, at=AT)
    campaign = factories.campaign(by)
    with pytest.raises(approvals.ApprovalNeeded):
        launch.start(campaign=campaign, by=by, at=AT)
    approvals.submit(campaign=campaign, by=by, at=AT, send_at=AT + HOUR)
    assert approvals.list_waiting(boss) == [campaign]
    with pytest.raises(approvals.SecondPersonNeeded):
        approvals.approve(campaign=campaign, by=by, at=AT)
    with pytest.raises(approvals.CampaignChangedSince):
        approvals.approve(campaign=campaign, by=boss, at=AT, digest="another")
    approvals.reject(campaign=campaign, note="Too long", by=boss, at=AT)
    assert (campaign.state, campaign.note) == ("rejected", "Too long")
    approvals.submit(campaign=campaign, by=by, at=AT, send_at=AT + HOUR)
    approvals.approve(campaign=campaign, by=boss, at=AT)
    assert campaign.state == "scheduled"
    # A change of the text takes the approval back.
    campaigns.update(campaign=campaign, text="Hi", by=by, at=AT)
    assert (campaign.state, campaign.approved_digest) == ("draft", "")
    approvals.submit(campaign=campaign, by=by, at=AT, send_at=AT + HOUR)
    approvals.approve(campaign=campaign, by=boss, at=AT)
    launch.start_scheduled(at=AT + HOUR)
    campaign.refresh_from_db()
    assert campaign.state == "sending"
    # What has begun is resumed as it was approved.
    campaigns.pause(campaign=campaign, by=by, at=AT)
    with pytest.raises(campaigns.CampaignNotEditable, match="was approved"):
        campaigns.update(campaign=campaign, text="Buy now", by=by, at=AT)
    campaigns.update(campaign=campaign, name="News 2", by=by, at=AT)
    campaigns.resume(campaign=campaign, by=by, at=AT)


def approved(by: Staff, boss: Staff, **fields: Any) -> Campaign:
    approvals.set_from_size(community=by.community, from_size=1, by=boss, at=AT)
    campaign = factories.campaign(by, **fields)
    approvals.submit(campaign=campaign, by=by, at=AT)
    approvals.approve(campaign=campaign, by=boss, at=AT)
    return campaign


@pytest.mark.both_databases
def test_an_approval_holds_for_layerings_that_rules_name(
    shop: Community, by: Staff
) -> None:
    factories.named_members(shop, "a", "b")
    boss = factories.staff(shop, "owner", "boss", name="Boss")

    def spec(top: str) -> dict[str, Any]:
        chosen = [{"key": "top", "top": top}, {"key": "rest"}]
        kinds = {"order.paid": 1}
        return {"by": "measure", "kinds": kinds, "within": "180d", "layers": chosen}

    fields: dict[str, Any] = {"community": shop, "by": by, "at": AT}
    value = layers.create(key="value", spec=spec("20%"), **fields)
    other = layers.create(key="other", spec=spec("20%"), **fields)
    rule = {"layer": {"of": "value", "in": ["top", "rest"]}}
    factories.segment(shop, "loyal", rule)
    direct = approved(by, boss, rule=rule)
    by_segment = approved(by, boss, name="B", rule={"segment": {"any": ["loyal"]}})
    layers.update(layering=other, spec=spec("50%"), by=by, at=AT)
    assert approvals.is_approved(direct)
    assert approvals.is_approved(by_segment)
    layers.update(layering=value, spec=spec("50%"), by=by, at=AT)
    assert not approvals.is_approved(direct)
    assert not approvals.is_approved(by_segment)


def test_an_approval_holds_for_segments_inside_segments(
    shop: Community, by: Staff
) -> None:
    factories.named_members(shop, "a", "b")
    boss = factories.staff(shop, "owner", "boss", name="Boss")
    factories.apply_tag(shop, "vip", "a")
    inner = factories.segment(shop, "inner", {"tag": {"any": ["vip"]}})
    factories.segment(shop, "outer", {"segment": {"any": ["inner"]}})
    campaign = approved(by, boss, rule={"segment": {"any": ["outer"]}})
    assert approvals.is_approved(campaign)
    segments.update(segment=inner, rule=factories.EVERYONE, by=by, at=AT)
    assert not approvals.is_approved(campaign)


@pytest.mark.both_databases
@pytest.mark.parametrize("field", ["priority", "staff", "exclude", "keeps_place"])
def test_a_change_of_who_is_reached_takes_the_approval_back(
    shop: Community, by: Staff, field: str
) -> None:
    factories.named_members(shop, "a", "b")
    factories.apply_tag(shop, "vip", "a")
    boss = factories.staff(shop, "owner", "boss", name="Boss")
    campaign = approved(by, boss)
    unchanged = {"name": "Other", "due_at": AT + DAY, "rate_per_hour": 60}
    campaigns.update(campaign=campaign, **unchanged, by=by, at=AT)
    assert approvals.is_approved(campaign)
    values: dict[str, Any] = {
        "priority": Priority.HIGH,
        "staff": [by.pk, boss.pk],
        "exclude": {"tag": {"any": ["vip"]}},
        "keeps_place": True,
    }
    campaigns.update(campaign=campaign, **{field: values[field]}, by=by, at=AT)
    assert (campaign.approved_by, campaign.approved_digest) == (None, "")
    with pytest.raises(approvals.ApprovalNeeded):
        launch.start(campaign=campaign, by=by, at=AT)


@pytest.mark.both_databases
def test_a_change_while_a_campaign_is_being_started_stops_the_start(
    shop: Community, by: Staff
) -> None:
    factories.named_members(shop, "a", "b")
    campaign = approved(by, factories.staff(shop, "owner", "boss", name="Boss"))
    read_before = campaigns.get(by=by, pk=campaign.pk)
    campaigns.update(campaign=campaign, text="Buy now", by=by, at=AT)
    with pytest.raises(approvals.CampaignChangedSince):
        launch.start(campaign=read_before, by=by, at=AT)
    campaign.refresh_from_db()
    assert campaign.state == "draft"


@pytest.mark.both_databases
def test_test_goes_to_who_works_here_and_counts_for_nothing(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    (ann, bob) = factories.members(shop, "ann", "bob", channel="fake")
    staff_accounts.mark(accounts=[ann], by=by, at=AT)
    campaign = draft(
        by, text="Hello", variants=[{"name": "B", "share": 9, "text": "Hi"}]
    )
    with pytest.raises(errors.Invalid, match="works here"):
        test_sends.send(campaign=campaign, account=bob, by=by, at=AT)
    test_sends.send(campaign=campaign, account=ann, by=by, at=AT)
    channel_sending.send_due(at=AT)
    assert [message.text for message in fake.delivered] == ["Hello", "Hi"]
    assert factories.recorded_facts(shop, "send.delivered") == []
    assert not Message.objects.filter(counted_at__isnull=False)
    assert not ledger.list_of(Origin.CAMPAIGN, campaign.pk)
    assert variants.of(campaign)[0].name == "B"


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_variant_that_sells_and_drives_people_out_is_no_winner(
    fake: FakeChannel,
) -> None:
    shop = factories.community()
    by = factories.staff(shop, "owner", "ann")
    people(shop, 400)
    loud = [{"name": "loud", "share": 50, "text": "BUY NOW"}]
    campaign = draft(by, variants=loud)
    # 200 beside 200, of whom next to nobody ordered before.
    (foreseen,) = review.build(campaign=campaign, by=by, at=AT).sensitivities
    assert foreseen.name == "loud"
    assert 1 < foreseen.points < 4
    launch.start(campaign=campaign, by=by, at=AT)
    channel_sending.send_due(at=AT)
    shouted = [message.to for message in fake.delivered if message.text == "BUY NOW"]
    assert 150 < len(shouted) < 250
    for number, key in enumerate(shouted[:90]):
        factories.order(shop, key, 900, AT + HOUR, key=f"o{number}")
    deriver.catch_up()
    (compared,) = comparisons.measure(campaign, AT + DAY)
    assert (compared.treated.name, compared.treated.ordered) == ("loud", 90)
    assert compared.verdict == Verdict.BETTER
    factories.leave(shop, *shouted[90:160], at=AT + 2 * HOUR)
    deriver.catch_up()
    (compared,) = comparisons.measure(campaign, AT + DAY)
    assert (compared.verdict, compared.harmed) == (Verdict.VETOED, ("left",))
    # Somebody was removed from one side only: nothing can be said any more.
    CampaignPart.objects.filter(campaign=campaign, variant="").update(
        people=bitmaps.to_bytes(bitmaps.of([1]))
    )
    (compared,) = comparisons.measure(campaign, AT + DAY)
    assert compared.verdict == Verdict.BROKEN


def test_only_staff_who_may_send_service_messages_write_them(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    """Opt-outs and hold-outs do not stop them, so that not everybody may call it so."""
    operator = factories.staff(shop, "operator", "oli")
    with pytest.raises(permissions.NotAllowed):
        draft(operator, purpose="service")
    service, news = draft(by, purpose="service"), draft(by, name="News 2")
    for campaign, fields in ((news, {"purpose": "service"}), (service, {"text": "x"})):
        with pytest.raises(permissions.NotAllowed):
            campaigns.update(campaign=campaign, by=operator, at=AT, **fields)
