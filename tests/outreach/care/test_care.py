"""E14: birthdays, anniversaries, festivals and surprises, once and within the budget."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from qunce import reactions
from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.people import people
from qunce.outreach import opt_outs
from qunce.outreach.campaigns import approvals
from qunce.outreach.care import budgets, claims, days, forecast, results, rules
from qunce.outreach.care.models import CareDay, CareOccasion, CareRule
from qunce.outreach.contact_budget import policies
from qunce.outreach.sending import assisted_messages
from qunce.outreach.sending.ledger import Message
from qunce.outreach.tasks import outcomes, requests
from qunce.outreach.tasks.staff_tasks import StaffTask, TaskTarget
from qunce.sets.bitmaps import bitmaps
from qunce.sets.mirror import deriver
from tests import factories, threads
from tests.factories import AT, HOUR

pytestmark = pytest.mark.both_databases
DAY = timedelta(days=1)
NINE = datetime(2026, 3, 6, 1, tzinfo=UTC)
"""09:00 in Shanghai on the day after AT."""


def define(by: Staff, name: str, type_: str) -> None:
    attributes.define(
        community=by.community, name=name, label=name, type=type_, by=by, at=AT
    )


def set_value(
    by: Staff, name: str, *values: tuple[int, str], at: datetime = AT
) -> None:
    attribute = attributes.get(by.community, name)
    for account, value in values:
        attributes.set_values(
            attribute=attribute, values={account: value}, by=by, at=at
        )


def care(by: Staff, occasion: dict[str, Any], **fields: Any) -> CareRule:
    values = {"name": "Care", "text": "For {name|you}", "staff": by, **fields}
    rule = rules.create(
        community=by.community, occasion=occasion, by=by, at=AT, **values
    )
    rules.start(rule=rule, by=by, at=AT)
    return rule


def birthdays(by: Staff, **fields: Any) -> CareRule:
    return care(by, {"on": "birthday", "attributes": ["lunar", "born"]}, **fields)


@pytest.fixture
def dated(shop: Community, by: Staff) -> list[int]:
    """Bob and Eve have their birthday on 6 March, Eve by the lunar calendar, Kim on the 7th."""
    people = factories.named_members(shop, "bob", "eve", "kim")
    define(by, "born", "date")
    define(by, "lunar", "lunar")
    bob, eve, kim = people
    # Eve's solar birthday does not count, as she has a lunar one.
    set_value(by, "born", (bob, "1990-03-06"), (eve, "1991-03-07"), (kim, "1992-03-07"))
    # 6 March 2026 is the 18th day of the first lunar month.
    set_value(by, "lunar", (eve, "1990-01-18"))
    return people


def sent_to(rule: CareRule) -> list[int]:
    rows = Message.objects.filter(origin="care", state="planned")
    mine = CareOccasion.objects.filter(rule=rule).values("pk")
    return sorted(rows.filter(origin_id__in=mine).values_list("target_id", flat=True))


def test_birthdays_of_both_calendars_are_counted_ahead_and_sent_once(
    shop: Community, by: Staff, dated: list[int]
) -> None:
    bob, eve, kim = dated
    rule = birthdays(by)
    coming = forecast.list_coming(by=by, at=AT)
    assert [
        (each.day, one.count, one.lunar) for each in coming for one in each.occasions
    ] == [(date(2026, 3, 6), 2, 1), (date(2026, 3, 7), 1, 0)]
    (following,) = forecast.list_next(accounts=[eve], by=by, at=AT)
    assert following.day == date(2026, 3, 6)
    days.poll_all(at=NINE - HOUR)
    assert sent_to(rule) == []
    for minutes in (0, 1, 5):
        days.poll_all(at=NINE + minutes * HOUR / 60)
    assert sent_to(rule) == [bob, eve]
    assert [row.text for row in assisted_messages.list_open(by=by, at=NINE + HOUR)] == [
        "For Bob",
        "For Eve",
    ]
    days.poll_all(at=NINE + DAY)
    assert sent_to(rule) == [bob, eve, kim]
    recorded = factories.recorded_facts(shop, "care.planned")
    assert [account for account, _payload in recorded] == [bob, eve, kim]


def test_person_of_two_accounts_gets_one_wish_a_year(
    shop: Community, by: Staff, dated: list[int]
) -> None:
    bob, _eve, kim = dated
    rule = birthdays(by)
    days.poll_all(at=NINE)
    # Kim turns out to be Bob, who had his wish; a corrected birthday gives no second one.
    factories.merge(shop, "bob", "kim", at=NINE)
    set_value(by, "born", (bob, "1990-04-01"), at=NINE)
    for later in range(1, 40):
        days.poll_all(at=NINE + later * DAY)
    assert sent_to(rule).count(bob) == 1
    assert kim not in sent_to(rule)
    years = [NINE.replace(year=2027), NINE.replace(year=2027, month=4, day=1)]
    days.poll(rule, at=years[0] - HOUR)
    for moment in years:
        days.poll_all(at=moment - HOUR)
        days.poll_all(at=moment)
    assert CareOccasion.objects.filter(account_id=bob, state="planned").count() == 2


def test_after_an_outage_only_what_is_not_too_late_is_made_up_for(
    shop: Community, by: Staff, dated: list[int]
) -> None:
    _bob, _eve, kim = dated
    rule = birthdays(by, late_hours=12)
    days.poll_all(at=NINE + DAY + 11 * HOUR)
    assert sent_to(rule) == [kim]
    # A clock that is set back looks for nothing twice.
    days.poll_all(at=NINE)
    assert sent_to(rule) == [kim]


@pytest.mark.django_db(transaction=True)
def test_anniversaries_festivals_and_first_orders_come_on_their_day(
    shop: Community, by: Staff
) -> None:
    bob, eve = factories.members(shop, "bob", "eve")
    factories.order(shop, eve, paid_at=AT - 400 * DAY)
    deriver.catch_up()
    service = {"purpose": "service"}
    factories.segment(shop, "nobody", {"not": {"all": []}})
    joined = care(by, {"on": "joined", "unit": "days", "numbers": [1, 100]}, **service)
    ordered = care(
        by, {"on": "first_order", "unit": "days", "numbers": [401]}, **service
    )
    festival = care(
        by, {"on": "festival", "days": {"festivals": ["womens_day"]}}, **service
    )
    nobody = care(
        by,
        {"on": "joined", "unit": "days", "numbers": [1]},
        audience={"segment": {"any": ["nobody"]}},
    )
    for ahead in range(4):
        days.poll_all(at=NINE + ahead * DAY)
    assert sent_to(joined) == sent_to(festival) == [bob, eve]
    assert sent_to(ordered) == [eve]
    assert sent_to(nobody) == []
    assert {str(each.day) for each in CareDay.objects.filter(rule=festival)} == {
        "2026-03-08"
    }
    found = forecast.list_next(accounts=[eve], by=by, at=AT)
    assert [(each.rule, f"{each.day}") for each in found] == [
        (joined, "2026-03-06"),
        (ordered, "2026-03-06"),
        (festival, "2026-03-08"),
    ]


def test_wish_comes_at_the_time_of_the_member_who_has_a_zone(
    shop: Community, by: Staff, dated: list[int]
) -> None:
    bob, eve, _kim = dated
    define(by, "zone", "text")
    set_value(by, "zone", (bob, "America/Los_Angeles"), (eve, "Mars/Olympus"))
    policies.set_zone_attribute(community=shop, attribute="zone", by=by, at=AT)
    rule = birthdays(by, member_clock=True)
    days.poll_all(at=NINE)
    assert sent_to(rule) == [eve]
    days.poll_all(at=NINE + 15 * HOUR)
    assert sent_to(rule) == [eve]
    days.poll_all(at=NINE + 16 * HOUR)
    assert sent_to(rule) == [bob, eve]


def test_draw_takes_as_many_whatever_clocks_the_members_have(
    shop: Community, by: Staff
) -> None:
    people = factories.members(shop, "a", "b", "c", "d")
    define(by, "zone", "text")
    policies.set_zone_attribute(community=shop, attribute="zone", by=by, at=AT)
    set_value(by, "zone", *((pk, "Asia/Tokyo") for pk in people[:2]))
    budgets.set_amount(community=shop, amount=1_000, by=by, at=AT)
    drawn = {"on": "surprise", "members": 1, "month_day": 6}
    rule = care(by, drawn, amount=100, action="task", text="Tea", member_clock=True)
    days.poll_all(at=NINE)
    assert CareDay.objects.filter(rule=rule).count() == 2, "an hour apart"
    assert results.count(rule=rule, by=by).planned == 1


def test_draw_is_recorded_and_never_spends_more_than_the_budget(
    shop: Community, by: Staff
) -> None:
    people = factories.members(shop, *(f"m{n}" for n in range(30)))
    opt_outs.opt_out(community=shop, accounts=people[:10], by=by, at=AT)
    surprise = {"on": "surprise", "members": 5, "month_day": 6}
    with pytest.raises(errors.Invalid, match="Set the budget of care"):
        care(by, surprise, amount=300, action="task", text="Tea")
    budgets.set_amount(community=shop, amount=2_500, by=by, at=AT)
    rule = CareRule.objects.get()
    rules.start(rule=rule, by=by, at=AT)
    other = care(by, surprise, amount=400, action="task", text="Cup")
    days.poll_all(at=NINE)
    state = budgets.get(shop, NINE)
    # Five at 3.00 leave 10.00, which is enough for two at 4.00.
    assert (state.spent, state.left) == (5 * 300 + 2 * 400, 200)
    assert results.count(rule=other, by=by).planned == 2
    day = CareDay.objects.get(rule=rule)
    order = claims.draw_order(
        bitmaps.from_bytes(bytes(day.candidates or b"")), day.seed
    )
    drawn = [person for person in order if person not in people[:10]][:5]
    targets = TaskTarget.objects.filter(task__request=day.request)
    assert sorted(drawn) == sorted(targets.values_list("target_id", flat=True))
    assert StaffTask.objects.get(request=day.request).staff == by
    skipped = results.count(rule=rule, by=by).skipped
    assert set(skipped) <= {"opted_out"}
    # What was not given can be spent again, by the same month.
    occasion = CareOccasion.objects.filter(rule=rule, state="planned").first()
    assert occasion is not None
    budgets.release(occasion=occasion, by=by, at=NINE)
    assert budgets.get(shop, NINE).left == 500
    with pytest.raises(errors.Refused, match="any more"):
        budgets.release(occasion=occasion, by=by, at=NINE)


def test_nobody_gets_two_surprises_in_a_quarter(shop: Community, by: Staff) -> None:
    people = factories.members(shop, "ann", "bob", "bobby", "cy")
    factories.merge(shop, "bob", "bobby")
    surprise = {"on": "surprise", "members": 1, "month_day": 6}
    budgets.set_amount(community=shop, amount=10_000, by=by, at=AT)
    first = care(by, surprise, amount=100, action="task", text="Tea")
    second = care(by, surprise, amount=100, action="task", text="Cup")
    drawn: list[int | None] = []
    for month in (3, 4, 5, 6):
        days.poll_all(at=NINE.replace(month=month))
    for rule in (first, second):
        rows = CareOccasion.objects.filter(rule=rule, state="planned")
        drawn += rows.values_list("account_id", flat=True)
    of_march = CareOccasion.objects.filter(state="planned", month="2026-03")
    assert of_march.count() == 2
    # In April to June each of the three people once, though two are drawn each month.
    later = CareOccasion.objects.filter(state="planned").exclude(month="2026-03")
    persons = account_queries.person_ids(
        account for account in later.values_list("account_id", flat=True) if account
    )
    assert len(drawn) == 5
    assert len(set(persons.values())) == later.count() == 3
    assert set(persons.values()) <= set(people)


@pytest.mark.django_db(transaction=True)
def test_money_of_a_message_that_is_not_sent_can_be_spent_again(
    shop: Community, by: Staff
) -> None:
    ann, bob, cat, dan = factories.members(shop, "ann", "bob", "cat", "dan")
    budgets.set_amount(community=shop, amount=1_000, by=by, at=AT)
    rule = care(by, {"on": "joined", "unit": "days", "numbers": [1]}, amount=100)
    days.poll_all(at=NINE)
    assert budgets.get(shop, NINE).spent == 400
    opt_outs.opt_out(community=shop, accounts=[ann], by=by, at=NINE)
    at = NINE + HOUR
    to_post = {row.target_id: row for row in assisted_messages.open_due(by=by, at=at)}
    assert sorted(to_post) == [bob, cat, dan]
    assisted_messages.mark_failed(message=to_post[bob], reason="blocked", by=by, at=at)
    assisted_messages.mark_sent(message=to_post[cat], by=by, at=at)
    reactions.CONSUMER.catch_up(at=at)
    assert budgets.get(shop, NINE).spent == 200
    # Nobody posts the last one in time.
    assisted_messages.skip_stale(at=NINE + 2 * DAY)
    reactions.CONSUMER.catch_up(at=NINE + 2 * DAY)
    found = results.count(rule=rule, by=by)
    assert (found.planned, found.released, found.spent) == (1, 3, 100)
    released = factories.recorded_facts(shop, "care.released")
    assert [account for account, _payload in released] == [ann, bob, dan]
    assert {payload["amount"] for _account, payload in released} == {100}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("is_finished", "spent"), [(True, 200), (False, 100)])
def test_money_of_a_gift_that_is_not_given_can_be_spent_again(
    shop: Community, by: Staff, is_finished: bool, spent: int
) -> None:
    ann, bob, cat = factories.members(shop, "ann", "bob", "cat")
    budgets.set_amount(community=shop, amount=1_000, by=by, at=AT)
    gift: dict[str, Any] = {"amount": 100, "action": "task", "text": "Tea"}
    care(by, {"on": "joined", "unit": "days", "numbers": [1]}, **gift)
    days.poll_all(at=NINE)
    assert budgets.get(shop, NINE).spent == 300
    task = StaffTask.objects.select_related("request__community").get()
    outcomes.record(task=task, account=ann, outcome="given", by=by, at=NINE)
    outcomes.record(task=task, account=bob, outcome="cannot", by=by, at=NINE)
    if is_finished:
        outcomes.record(task=task, account=cat, outcome="given", by=by, at=NINE)
        outcomes.finish(task=task, by=by, at=NINE)
    else:
        requests.cancel(request=task.request, by=by, at=NINE)
    reactions.CONSUMER.catch_up(at=NINE)
    assert budgets.get(shop, NINE).spent == spent


def test_task_with_thousands_of_results_releases_the_money_of_each_member(
    shop: Community, by: Staff
) -> None:
    people = factories.members(shop, "ann", "bob", "cat")
    budgets.set_amount(community=shop, amount=1_000, by=by, at=AT)
    gift: dict[str, Any] = {"amount": 100, "action": "task", "text": "Tea"}
    care(by, {"on": "joined", "unit": "days", "numbers": [1]}, **gift)
    days.poll_all(at=NINE)
    task = StaffTask.objects.get()
    payload = {"request": task.request_id, "task_kind": "gift", "outcome": "cannot"}
    # SQLite evaluates no condition of a thousand alternatives.
    given = [
        dataclasses.replace(
            factories.recorded_fact(shop, "staff_task.outcome", account),
            payload=payload,
        )
        for account in [*people[:2], *range(people[2] + 1, people[2] + 1_500)]
    ]
    budgets.release_not_given(community=shop, facts=given, at=NINE)
    assert budgets.get(shop, NINE).spent == 100


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_not_spend_the_same_money(shop: Community, by: Staff) -> None:
    factories.members(shop, *(f"m{n}" for n in range(6)))
    budgets.set_amount(community=shop, amount=1_000, by=by, at=AT)
    service: dict[str, Any] = {"purpose": "service", "amount": 150}
    joined = {"on": "joined", "unit": "days", "numbers": [1]}
    made = [care(by, joined, name=f"C{n}", **service) for n in range(2)]

    def work(order: list[CareRule]) -> None:
        for rule in order:
            days.poll_rule(str(rule.pk), at=NINE)

    threads.run(*(partial(work, each) for each in (made, made[::-1], made)))
    planned = CareOccasion.objects.filter(state="planned")
    assert (planned.count(), budgets.get(shop, NINE).spent) == (6, 900)
    assert CareOccasion.objects.count() == 12
    assert CareDay.objects.filter(unclaimed_count__gt=0).count() == 0


def test_whoever_is_erased_is_forgotten_and_the_money_stays_counted(
    shop: Community, by: Staff
) -> None:
    bob, eve = factories.members(shop, "bob", "eve")
    budgets.set_amount(community=shop, amount=1_000, by=by, at=AT)
    care(by, {"on": "joined", "unit": "days", "numbers": [1]}, amount=100)
    days.poll_all(at=NINE)
    fact = factories.recorded_fact(shop, "member.erased", bob)
    claims.clear_erased(community=shop, facts=[fact], at=NINE)
    assert set(CareOccasion.objects.values_list("account_id", flat=True)) == {None, eve}
    assert budgets.get(shop, NINE).spent == 200
    assert claims.clear_erased in reactions.CLEARING


@pytest.mark.django_db(transaction=True)
def test_money_of_a_gift_to_an_erased_member_stays_counted_when_the_task_is_cancelled(
    shop: Community, by: Staff
) -> None:
    bob, _eve = factories.members(shop, "bob", "eve")
    budgets.set_amount(community=shop, amount=1_000, by=by, at=AT)
    gift: dict[str, Any] = {"amount": 100, "action": "task", "text": "Tea"}
    care(by, {"on": "joined", "unit": "days", "numbers": [1]}, **gift)
    days.poll_all(at=NINE)
    task = StaffTask.objects.select_related("request__community").get()
    outcomes.record(task=task, account=bob, outcome="given", by=by, at=NINE)
    erased = account_queries.get(shop, "bob")
    people.erase(account=erased, by=staff_models.system(shop), at=NINE)
    reactions.CONSUMER.catch_up(at=NINE)
    requests.cancel(request=task.request, by=by, at=NINE)
    reactions.CONSUMER.catch_up(at=NINE)
    assert budgets.get(shop, NINE).spent == 100


def test_rule_that_cannot_work_is_refused(shop: Community, by: Staff) -> None:
    born = {"on": "birthday", "attributes": ["born"]}
    joined = {"on": "joined"}
    for fields, sentence in (
        ({"occasion": born}, "not an attribute of type date"),
        ({"occasion": joined, "text": ""}, "Write the text"),
        ({"occasion": joined, "text": "{cat}"}, "cat"),
        ({"occasion": joined, "staff": None}, "Choose who does it"),
        ({"occasion": joined, "minute": 1440}, "0 to 1439"),
        ({"occasion": joined, "late_hours": 0}, "1 to 72"),
        ({"occasion": joined, "action": "task", "text": "{name}"}, "name"),
        ({"occasion": {"on": "surprise", "members": 1}}, "the cost of a surprise"),
        ({"occasion": joined, "amount": 10**10}, "costs per member"),
    ):
        values: dict[str, Any] = {"name": "x", "text": "Hi", "staff": by, **fields}
        with pytest.raises(errors.Invalid, match=sentence):
            rules.create(community=shop, by=by, at=AT, **values)


def test_where_campaigns_need_an_approval_care_is_no_way_around_it(
    shop: Community, by: Staff
) -> None:
    approvals.set_from_size(community=shop, from_size=1, by=by, at=AT)
    operator = factories.staff(shop, "operator", "wang", name="Wang")
    everyone = {"on": "festival", "days": {"dates": ["2026-03-06"]}}
    with pytest.raises(approvals.ApprovalNeeded):
        care(operator, everyone)
    rule = care(by, everyone)
    with pytest.raises(approvals.ApprovalNeeded):
        rules.update(rule=rule, by=operator, at=AT, text="Buy now")
    care(operator, everyone, action="task", text="Call them")


def test_rules_about_hidden_groups_say_nothing_on_the_pages_of_members(
    shop: Community, by: Staff
) -> None:
    (bob,) = factories.named_members(shop, "bob")
    factories.group(shop, "secret", bob)
    about = {"group": {"any": ["secret"]}}
    care(by, {"on": "joined", "numbers": [1]}, audience=about)
    deriver.catch_up()
    limited = factories.staff(shop, "operator", "op")
    limited.groups = ["open"]
    assert len(forecast.list_next(accounts=[bob], by=by, at=AT)) == 1
    assert forecast.list_next(accounts=[bob], by=limited, at=AT) == []


def test_archiving_twice_is_recorded_once(shop: Community, by: Staff) -> None:
    rule = care(by, {"on": "joined", "unit": "days", "numbers": [1]})
    rules.stop(rule=rule, by=by, at=AT)
    for _time in range(2):
        rules.archive(rule=rule, by=by, at=AT)
    for _time in range(2):
        rules.restore(rule=rule, by=by, at=AT)
    states = [
        payload["state"]
        for _account, payload in factories.recorded_facts(shop, "care.rule_switched")
    ]
    assert states[-2:] == ["archived", "restored"] and len(states) == 4
