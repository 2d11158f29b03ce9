"""Who is welcomed, once per join and year, and by whom it is sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from qunce import reactions
from qunce.channels import channel_contract
from qunce.channels.channel_contract import Capabilities
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.jobs.job_queue import QueuedJob
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.importing import background_imports
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.members.staff_in_charge import assignments
from qunce.outreach.sending import assisted_messages, channel_sending
from qunce.outreach.sending.messages import Message, Origin, Priority, Purpose
from qunce.outreach.welcomes import (
    explanations,
    phrases,
    results,
    rule_people,
    time_limits,
    welcomes,
)
from qunce.outreach.welcomes.explanations import Wanted
from qunce.outreach.welcomes.models import Event, Welcome, WelcomeDecision
from qunce.outreach.welcomes.time_limits import TimeLimits
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT, HOUR, LATER

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def welcome(by: Staff, name: str = "Hello", **fields: Any) -> Welcome:
    """A welcome that is on, for everyone else if nothing is given."""
    defaults: dict[str, Any] = {"text": f"{name} {{name|friend}}", "staff": by}
    if not fields.keys() & {"sources", "event", "rule", "hour_from"}:
        defaults["is_for_others"] = True
    created = welcomes.create(
        community=by.community, name=name, by=by, at=AT, **{**defaults, **fields}
    )
    welcomes.switch_on(welcome=created, by=by, at=AT)
    return created


def react(at: datetime = AT) -> None:
    reactions.CONSUMER.catch_up(at=at)


def sent(of: Community, key: str) -> list[str]:
    """The texts to a member that were sent or wait."""
    own = account_queries.account_ids_of_person(account_queries.get(of, key).pk)
    rows = Message.objects.filter(origin=Origin.WELCOME, target_id__in=own)
    rows = rows.exclude(state__in=["skipped", "cancelled"])
    return list(rows.order_by("pk").values_list("text", flat=True))


def why(of: Community, by: Staff, key: str, at: datetime = AT) -> list[str]:
    deriver.catch_up()
    pk = account_queries.get(of, key).pk
    return [each.sentence for each in explanations.why(account=pk, by=by, at=at)]


def test_first_that_fits_is_sent_before_everything_else_as_a_service_message(
    shop: Community, by: Staff
) -> None:
    parcel = welcome(by, "Parcel", sources=["parcel"])
    vip = welcome(by, "VIP", rule={"tag": {"any": [factories.tag(shop, "vip").key]}})
    welcome(by, "Night", hour_from=22 * 60, hour_until=6 * 60)
    others = welcome(by)
    factories.member(shop, "wang", name="Wang", source="parcel")
    factories.member(shop, "bob", name="Bob", source="street")
    factories.apply_tag(shop, "vip", factories.member(shop, "vera").pk)
    night = AT.replace(hour=15)  # 23:00 in Shanghai
    factories.member(shop, "owl", name="Owl", at=night)
    react(night)
    texts = {key: sent(shop, key) for key in ("wang", "bob", "vera", "owl")}
    assert texts == {
        "wang": ["Parcel Wang"],
        "bob": ["Hello Bob"],
        "vera": ["VIP friend"],
        "owl": ["Night Owl"],
    }
    row = Message.objects.get(text="Parcel Wang")
    assert (row.purpose, row.priority) == (Purpose.SERVICE, Priority.URGENT)
    assert (row.staff, row.content) == (by, {"welcome": parcel.pk})
    assert row.stale_at == AT + DAY
    waiting = assisted_messages.open_due(by=by, at=night)
    assert len(waiting) == 4
    assisted_messages.mark_sent(message=waiting[0], by=by, at=night)
    found = results.list_results([parcel, vip, others], by=by)
    assert (found[parcel.pk].sent, found[parcel.pk].waiting) == (1, 0)
    assert (found[others.pk].joins, found[others.pk].waiting) == (1, 1)


def test_rule_that_names_something_gone_keeps_no_other_welcome_waiting(
    shop: Community, by: Staff
) -> None:
    segment = factories.segment(shop, "vip", {"all": []})
    vip = welcome(by, "VIP", rule={"segment": {"any": [segment.key]}})
    welcome(by)
    assert not rule_people.is_broken(vip, AT)
    segment.delete()
    bob = factories.member(shop, "bob").pk
    react()
    assert sent(shop, "bob") == ["Hello friend"]
    assert rule_people.is_broken(vip, AT)
    found = explanations.preview(Wanted(account=bob), by=by, at=AT)
    assert found.lines[0].why_not == str(phrases.BROKEN)


def test_once_per_join_and_year_whatever_happens_in_between(
    shop: Community, by: Staff
) -> None:
    north = factories.group(shop, "north")
    south = factories.group(shop, "south")
    welcome(by, "North", event="group", groups=[north.pk])
    welcome(by, "Rules", event="group", for_each_group=True)
    welcome(by)
    wang = factories.member(shop, "wang").pk
    factories.member(shop, "bob")
    # The community and a group in one go: the first that fits, and only that.
    groups.add_members(group=north, accounts=[wang], by=by, at=AT)
    react()
    assert (sent(shop, "wang"), sent(shop, "bob")) == (
        ["North friend"],
        ["Hello friend"],
    )
    soon = AT + 2 * DAY
    account = account_queries.get(shop, "bob")
    accounts.leave(account=account, by=by, at=soon)
    accounts.rejoin(account=account, by=by, at=soon + HOUR)
    groups.add_members(group=south, accounts=[wang], by=by, at=soon)
    react(soon + HOUR)
    # Back within a year is no newcomer; another group has its own rules.
    assert sent(shop, "bob") == ["Hello friend"]
    assert sent(shop, "wang") == ["North friend", "Rules friend"]
    assert why(shop, by, "bob", soon + HOUR)[0].startswith("Was welcomed before")
    groups.remove_members(group=south, accounts=[wang], by=by, at=soon + DAY)
    groups.add_members(group=south, accounts=[wang], by=by, at=soon + 2 * DAY)
    react(soon + 2 * DAY)
    assert sent(shop, "wang") == ["North friend", "Rules friend"]
    after = AT + 400 * DAY
    account.refresh_from_db()
    accounts.leave(account=account, by=by, at=after)
    accounts.rejoin(account=account, by=by, at=after + HOUR)
    react(after + HOUR)
    assert sent(shop, "bob") == ["Hello friend"] * 2


def test_lists_and_old_joins_never_burst(shop: Community, by: Staff) -> None:
    time_limits.update(community=shop, limits=TimeLimits(within=HOUR), by=by, at=AT)
    welcome(by)
    factories.member(shop, "late", joined_at=AT - 2 * HOUR)
    job = factories.import_job(by, "member_key,group\nold,North\n")
    background_imports.run(str(job.pk), at=AT)
    factories.member(shop, "new")
    react()
    assert [sent(shop, key) for key in ("new", "late", "old")] == [
        ["Hello friend"],
        [],
        [],
    ]
    assert why(shop, by, "late") == ["Became known too late: 2 hours after the join."]
    (imported, _group) = why(shop, by, "old")
    assert imported == "Came with an imported file, whose members are not welcomed."
    # What is not posted in time is skipped, with the reason.
    assisted_messages.skip_stale(at=AT + 2 * HOUR)
    assert why(shop, by, "new", LATER)[0].endswith("it was too late to send it.")


@pytest.mark.usefixtures("fake_channel")
def test_channel_of_the_join_sends_at_once_and_within_its_limit(
    shop: Community, by: Staff
) -> None:
    welcome(by)
    in_time = AT + timedelta(seconds=5)
    for key, at in (("quick", AT), ("slow", AT - MINUTE)):
        factories.member(shop, key, channel="fake", joined_at=at)
    react(in_time)
    assert QueuedJob.objects.filter(job=channel_sending.JOB).count() == 1
    channel_sending.send_channel(f"{shop.key}/fake", at=in_time)
    rows = Message.objects.order_by("target_id").values_list("state", "reason")
    assert list(rows) == [("delivered", ""), ("skipped", "stale")]
    # Not sent in the 20 seconds is not sent at all.
    factories.member(shop, "third", channel="fake", joined_at=in_time)
    react(in_time)
    channel_sending.send_channel(f"{shop.key}/fake", at=in_time + MINUTE)
    assert why(shop, by, "third", LATER)[0].endswith("it was too late to send it.")


@pytest.fixture
def fake_channel() -> Any:
    limit = timedelta(seconds=20)
    channel = FakeChannel(
        capabilities=Capabilities(to_member=True, welcome_within=limit)
    )
    channel_contract.register(channel)
    yield channel
    channel_contract.unregister("fake")


def test_merged_newcomers_get_one_and_erased_ones_leave_nothing(
    shop: Community, by: Staff
) -> None:
    welcome(by)
    ids = factories.members(shop, "a", "b", "c")
    react()
    assert Message.objects.filter(state="planned").count() == 3
    factories.merge(shop, "a", "b")
    react()
    assert sent(shop, "b") == ["Hello friend"]
    assert "Was merged with a member who was welcomed." in why(shop, by, "a")
    people.erase(account=account_queries.get(shop, "c"), by=by, at=AT)
    react()
    left = set(WelcomeDecision.objects.values_list("account_id", flat=True))
    assert left == {ids[0], ids[1]}


def test_staff_in_charge_then_owner_of_the_group_then_the_chosen_posts_it(
    shop: Community, by: Staff
) -> None:
    lan, wei = (factories.staff(shop, "operator", each) for each in ("lan", "wei"))
    north = factories.group(shop, "north")
    groups.update(group=north, owner=wei, by=by, at=AT)
    welcome(by, "North", event="group")
    ids = factories.members(shop, "charged", "grouped")
    welcome(by)
    factories.member(shop, "plain")
    assignments.assign(community=shop, accounts=ids[:1], staff=lan, by=by, at=AT)
    groups.add_members(group=north, accounts=ids, by=by, at=AT)
    react()
    posts = {
        row.target_id: row.staff for row in Message.objects.select_related("staff")
    }
    plain = account_queries.get(shop, "plain").pk
    assert posts == {ids[0]: lan, ids[1]: wei, plain: by}


def test_joins_of_hidden_groups_are_not_told(shop: Community, by: Staff) -> None:
    secret = factories.group(shop, "secret")
    bob, eve = factories.named_members(shop, "bob", "eve")
    groups.add_members(group=secret, accounts=[eve], by=by, at=AT)
    welcome(by, "Secret", event="group", groups=[secret.pk])
    groups.add_members(group=secret, accounts=[bob], by=by, at=AT)
    react()
    limited = factories.staff(shop, "operator", "op")
    limited.groups = ["open"]
    for key, told in (("bob", 2), ("eve", 2)):
        assert len(why(shop, by, key)) == told
        assert len(why(shop, limited, key)) == 1, "that they joined the community"


def test_preview_is_what_really_happens(shop: Community, by: Staff) -> None:
    north = factories.group(shop, "north")
    welcome(by, "Parcel", sources=["parcel"])
    welcome(by, "North", event="group", groups=[north.pk])
    off = welcome(by)
    bob = factories.member(shop, "bob", name="Bob", at=AT - 2 * DAY, source="parcel")
    shown = explanations.preview(Wanted(account=bob.pk, group=north.pk), by=by, at=AT)
    assert [line.why_not for line in shown.lines] == [
        "It is for joining the community.",
        "",
    ]
    assert (shown.text, shown.staff, shown.problem) == ("North Bob", "Ann", "")
    groups.add_members(group=north, accounts=[bob.pk], by=by, at=AT)
    react()
    assert sent(shop, "bob") == [shown.text]
    again = explanations.preview(Wanted(account=bob.pk), by=by, at=AT + DAY)
    assert again.problem == "Was welcomed before, less than 365 days ago."
    welcomes.switch_off(welcome=off, by=by, at=AT)
    nobody = explanations.preview(Wanted(source="street"), by=by, at=AT)
    assert nobody.problem == "No welcome fits, so nothing is sent."
    assert nobody.lines[-1].why_not == "It is switched off."
    assert Message.objects.count() == 1


def test_no_group_is_removed_from_a_welcome_for_all_groups_or_as_its_last(
    shop: Community, by: Staff
) -> None:
    north, south = (factories.group(shop, key) for key in ("north", "south"))
    hello = welcome(by, event=Event.GROUP)
    change: dict[str, Any] = {"welcome": hello, "by": by, "at": AT}
    welcomes.set_group(**change, group=north, included=True)
    with pytest.raises(welcomes.InvalidWelcome, match="newcomers of all groups"):
        welcomes.set_group(**change, group=north, included=False)
    welcomes.update(**change, groups=[north.pk, south.pk])
    welcomes.set_group(**change, group=north, included=False)
    with pytest.raises(welcomes.InvalidWelcome, match="the last group"):
        welcomes.set_group(**change, group=south, included=False)
    assert Welcome.objects.get(pk=hello.pk).groups == [south.pk]


def test_welcome_that_somebody_else_archived_is_not_found(
    shop: Community, by: Staff
) -> None:
    welcome(by, "Others")
    hello = welcome(by, sources=["import"])
    welcomes.archive(welcome=Welcome.objects.get(pk=hello.pk), by=by, at=AT)
    with pytest.raises(welcomes.WelcomeNotFound):
        welcomes.update(welcome=hello, name="Again", by=by, at=AT)
    with pytest.raises(welcomes.WelcomeNotFound):
        welcomes.move(welcome=hello, position=0, by=by, at=AT)
    with pytest.raises(welcomes.WelcomeNotFound):
        welcomes.switch_on(welcome=hello, by=by, at=AT)
