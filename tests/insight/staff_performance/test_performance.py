"""Staff performance: what counts for whom, who sees it, and that its parts add up (I9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import permissions
from qunce.core.staff import units
from qunce.insight import identities, metrics
from qunce.insight.first_answers import working_time
from qunce.insight.identities import Question
from qunce.insight.staff_performance import lists, performance, visibility
from qunce.insight.staff_performance.performance import Performance, StaffRow
from qunce.insight.subjects import sales
from qunce.members.accounts.models import Account
from qunce.members.people import people
from qunce.members.staff_in_charge import assignments
from qunce.outreach.campaigns import launch
from qunce.outreach.sending import assisted_outcomes, assisted_sending
from qunce.outreach.tasks import outcomes, requests, staff_tasks
from tests import factories
from tests.insight.staff_performance import chats
from tests.insight.staff_performance.chats import AT, DAY, MINUTE, SPAN, START, World

pytestmark = [pytest.mark.django_db]
HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    return chats.create()


def compute(by: Any, **params: Any) -> Performance:
    chats.derive()
    return performance.compute(by=by, at=params.pop("at", AT), **{**SPAN, **params})


def row_of(found: Performance, login: str) -> StaffRow:
    return next(row for row in found.rows if row.staff and row.staff.login == login)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_first_message_of_staff_answers_what_a_member_opened(world: World) -> None:
    world.say("bob", START)
    world.say("cyd", START + MINUTE)  # still the same conversation
    world.say("wang-wx", START + 4 * MINUTE)
    world.say("xu-wx", START + 5 * MINUTE)
    world.say("bob", START + 6 * MINUTE)
    world.say("xu-wx", START + 50 * MINUTE)
    world.say("bob", START, "south")  # nobody answers within three days
    world.say("wang-wx", START + 3 * DAY, "south")
    found = compute(world.by)
    assert found.outcome is not None
    assert (found.outcome.opened, found.outcome.answered) == (3, 2)
    assert (found.outcome.waiting, found.outcome.unanswered) == (0, 1)
    wang, xu = row_of(found, "wang"), row_of(found, "xu")
    assert (wang.answers.answered, wang.answers.within_five_minutes) == (1, 1)
    assert (xu.answers.answered, xu.answers.within_five_minutes) == (1, 0)
    assert xu.answers.within_hour == xu.answers.same_day == 1
    assert (wang.messages, wang.groups, xu.messages, xu.groups) == (2, 2, 2, 1)
    assert wang.answers.median is None
    assert found.total.answers.answered == 2
    # Half a day after the question in the other group, it could still be answered.
    early = performance.compute(
        by=world.by, at=START + 12 * HOUR, first=START.date(), last=START.date()
    )
    assert early.outcome is not None
    assert (early.outcome.waiting, early.outcome.unanswered) == (1, 0)


def test_times_need_thirty_answers_and_count_working_hours(world: World) -> None:
    for number in range(30):
        opened = START + timedelta(hours=number * 10)
        world.say("bob", opened)
        world.say("wang-wx", opened + timedelta(minutes=1 + number))
    found = compute(world.by, hours=working_time.parse("09:00-18:00"))
    answers = row_of(found, "wang").answers
    assert (answers.answered, answers.median, answers.ninety) == (30, 15 * 60, 27 * 60)
    # About a third of the questions comes in working hours; the others cost no time.
    assert answers.working_median == 0
    assert 0 < (answers.working_ninety or 0) < 27 * 60
    counted = metrics.count_span(
        community=world.shop, by=world.by, at=AT, group="north", **SPAN
    )
    assert counted.numbers["first_answer_time"] == answers.median
    assert counted.ratios["answered_share"].text == "100.0 %"


def test_marked_messages_answer_direct_chats(world: World) -> None:
    (bob,) = factories.account_ids(world.shop, ("bob",))
    world.say("bob", AT - 2 * DAY, None)
    campaign = factories.campaign(
        world.by, rule={"members": {"keys": ["bob"]}}, staff=[world.wang.pk]
    )
    chats.derive()
    launch.start(campaign=campaign, by=world.by, at=AT - DAY)
    task = factories.task(campaign, world.wang)
    (row,) = assisted_sending.open_next(task=task, by=world.wang, at=AT - DAY)
    assisted_sending.mark_sent(
        task=task, target=row.target_id, by=world.wang, at=AT - DAY
    )
    assisted_outcomes.record_final_marks(at=AT)
    found = compute(world.by, last=AT.date())
    wang = row_of(found, "wang")
    assert (wang.answers.answered, wang.messages) == (1, 0)
    work = performance.load(by=world.by, at=AT, first=SPAN["first"], last=AT.date())
    (line,) = lists.list_conversations(
        work, kind=lists.Kind.ANSWERED, staff=[world.wang.pk]
    )
    assert (line.group, line.opener, line.seconds) == (None, bob, 86_400)


def test_merged_accounts_are_one_person_and_erased_members_are_gone(
    world: World,
) -> None:
    factories.members(world.shop, "bob2", "wang-tg", joined_at=START - 60 * DAY)
    world.ask(0, by="bob2", answered_by="wang-tg")
    world.ask(4, by="cyd", answered_by="wang-wx")
    factories.merge(world.shop, "wang-wx", "wang-tg")
    factories.merge(world.shop, "bob", "bob2")
    found = compute(world.by)
    assert row_of(found, "wang").answers.answered == 2
    people.erase(account=Account.objects.get(key="cyd"), by=world.by, at=AT)
    found = compute(world.by)
    assert row_of(found, "wang").answers.answered == 1
    (bob,) = factories.account_ids(world.shop, ("bob",))
    work = performance.load(by=world.by, at=AT, **SPAN)
    lines = lists.list_conversations(work, kind="opened", staff=[])
    assert [line.opener for line in lines] == [bob]


def test_accounts_of_nobody_known_have_a_row(world: World) -> None:
    world.ask(0, answered_by="warm")
    found = compute(world.by)
    assert [row.staff for row in found.rows][-1] is None
    assert found.rows[-1].answers.answered == found.total.answers.answered == 1
    assert compute(world.wang).total.answers.answered == 0


def ask_staff(world: World, title: str, *, at: Any, due_at: Any = None) -> Any:
    draft = requests.Draft(
        kind="comment",
        staff=[world.wang.pk],
        title=title,
        text="Hello",
        due_at=due_at,
        rule={"members": {"keys": ["bob"]}},
    )
    chats.derive()
    request = requests.create(draft=draft, by=world.by, at=at)
    return staff_tasks.list_visible(world.wang).get(request=request)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_tasks_are_in_one_ending_each(world: World) -> None:
    (bob,) = factories.account_ids(world.shop, ("bob",))
    when = START + DAY
    common: dict[str, Any] = {"by": world.wang, "at": when + HOUR}
    done = ask_staff(world, "Done", at=when, due_at=when + DAY)
    outcomes.record(task=done, account=bob, outcome="done", **common)
    outcomes.finish(task=done, **common)
    ask_staff(world, "Late", at=when, due_at=when + DAY)
    ask_staff(world, "Open", at=when)
    withdrawn = ask_staff(world, "Withdrawn", at=when)
    requests.cancel(request=withdrawn.request, by=world.by, at=when)
    ask_staff(world, "Before", at=START - 5 * DAY)
    campaign = factories.campaign(
        world.by, rule={"members": {"keys": ["bob"]}}, staff=[world.wang.pk]
    )
    launch.start(campaign=campaign, by=world.by, at=when)
    share = factories.task(campaign, world.wang)
    assisted_sending.open_next(task=share, by=world.wang, at=when)
    assisted_sending.mark_failed(
        task=share, target=bob, reason="blocked", by=world.wang, at=when
    )
    found = compute(world.by)
    counts = row_of(found, "wang").tasks
    assert counts is not None
    assert counts.assigned == 5
    assert (counts.done, counts.could_not, counts.open) == (1, 1, 1)
    assert (counts.overdue, counts.cancelled) == (1, 1)
    assert (counts.due, counts.on_time, counts.on_time_percent) == (2, 1, None)
    assert found.total.tasks == counts
    work = performance.load(by=world.by, at=AT, **SPAN)
    for name in ("assigned", "done", "could_not", "open", "overdue", "on_time"):
        listed = lists.list_tasks(work, ending=name, staff=[world.wang.pk])
        assert len(listed) == getattr(counts, name), name


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_members_in_charge_are_those_of_other_pages(world: World) -> None:
    factories.members(world.shop, "new", joined_at=START + DAY)
    of_wang = factories.account_ids(world.shop, ("bob", "new", "cyd"))
    assignments.assign(
        community=world.shop, accounts=of_wang, staff=world.wang, by=world.by, at=START
    )
    factories.leave(world.shop, "cyd", at=START + 2 * DAY)
    factories.order(world.shop, of_wang[0], 1000, START + DAY)
    factories.order(world.shop, of_wang[1], 500, START + 3 * DAY)
    found = compute(world.by)
    members = row_of(found, "wang").members
    assert members is not None
    assert (members.members, members.opening, members.kept) == (2, 2, 1)
    assert (members.joined, members.left, members.kept_percent) == (1, 1, None)
    assert (members.orders, members.sales) == (2, 1500)
    assert members.members == assignments.count_members(
        staff=world.wang, by=world.by, at=AT
    )
    counted = metrics.count_span(
        community=world.shop, by=world.by, at=AT, names=("net_sales", "orders"), **SPAN
    )
    assert counted.numbers == {"orders": 2, "net_sales": 1500}
    assert sales.PAID_KINDS


def test_staff_see_themselves_and_managers_their_units(world: World) -> None:
    world.ask(0, answered_by="wang-wx")
    world.ask(4, answered_by="xu-wx", group="south")
    own = compute(world.wang)
    assert [row.staff for row in own.rows] == [world.wang]
    assert (own.outcome, own.total.answers.answered) == (None, 1)
    with pytest.raises(visibility.StaffNotFound):
        lists.find_staff(str(world.xu.pk), by=world.wang)
    with pytest.raises(lists.NoSuchList):
        lists.list_conversations(
            performance.load(by=world.wang, at=AT, **SPAN), kind="opened", staff=[]
        )
    branch = units.create(
        community=world.shop, name="East", kind="local", by=world.by, at=START
    )
    desk = units.create(
        community=world.shop,
        name="Desk",
        kind="front",
        parent=branch,
        by=world.by,
        at=START,
    )
    manager = factories.staff(world.shop, "manager", "mia", name="Mia")
    manager.unit = branch
    manager.save(update_fields=["unit"])
    world.xu.unit = desk
    world.xu.save(update_fields=["unit"])
    assert [row.staff.login for row in compute(manager).rows if row.staff] == [
        "mia",
        "xu",
    ]
    assert permissions.may(manager, visibility.VIEW)


def test_scope_hides_other_members_and_groups(world: World) -> None:
    world.ask(0, by="bob", answered_by="wang-wx")
    world.ask(4, by="cyd", answered_by="wang-wx")
    world.ask(8, by="bob", answered_by="wang-wx", group="south")
    narrow = factories.staff(
        world.shop,
        "manager",
        "nia",
        scope={"members": {"keys": ["bob"]}},
        groups=["north"],
    )
    found = compute(narrow)
    assert row_of(found, "wang").answers.answered == 1
    assert row_of(found, "wang").messages == 2
    assert row_of(compute(world.by), "wang").answers.answered == 3


def test_identities_hold_and_notice_a_difference(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_staff(world, "Done", at=AT - 2 * DAY)
    world.say("bob", AT - 3 * DAY)
    world.say("wang-wx", AT - 3 * DAY + MINUTE)
    chats.derive()
    question = Question(community=world.shop, by=world.by, at=AT)
    by_key = {each.key: each for each in identities.list_all()}
    for key in ("answers", "staff performance"):
        checked = identities.check(by_key[key], question, is_time_up=lambda: False)
        assert checked.holds
        assert checked.compared > 2
    assert next(by_key["answers"].compare(question)).left == 1
    assert {each.left for each in by_key["staff performance"].compare(question)} > {1}


@pytest.mark.parametrize("days", [(3, 1), (0, 400), (0, 40)])
def test_spans_are_checked(world: World, days: tuple[int, int]) -> None:
    first, last = (START.date() + timedelta(days=day) for day in days)
    with pytest.raises(performance.InvalidSpan):
        performance.load(by=world.by, at=AT, first=first, last=last)
