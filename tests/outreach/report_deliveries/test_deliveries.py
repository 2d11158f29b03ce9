"""Subscribers get each report once, as a task that is done when they open it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from qunce import reactions
from qunce.console.today import items, report_providers
from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.insight.reports import reports, subscribers
from qunce.insight.reports.models import Report
from qunce.outreach.report_deliveries import deliveries
from qunce.outreach.report_deliveries.models import ReportDelivery, State
from qunce.outreach.tasks import kinds, outcomes, requests, staff_tasks
from qunce.outreach.tasks.staff_tasks import StaffTask
from qunce.sets.mirror import deriver
from tests import clients, factories
from tests.insight.findings.planted import NOW

pytestmark = pytest.mark.django_db(transaction=True)
assert report_providers.new_reports in items.PROVIDERS
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def shop() -> Community:
    community = factories.community(timezone="UTC", language="en", at=NOW - 50 * DAY)
    factories.group(community, "tea", factories.member(community, "ann").pk)
    deriver.catch_up()
    return community


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def operator(shop: Community, owner: Staff) -> Staff:
    """An operator who is limited to a group and gets the weekly report."""
    operator = factories.staff(
        shop, permissions.Role.OPERATOR, "ben", groups=["tea"], name="Ben"
    )
    subscribe(owner, staff=[operator])
    reports.create(community=shop, kind="weekly", by=operator, at=NOW)
    return operator


def subscribe(by: Staff, *, kind: str = "weekly", staff: list[Staff]) -> None:
    subscribers.set_subscribers(
        community=by.community,
        kind=kind,
        roles=[],
        staff=[each.pk for each in staff],
        by=by,
        at=NOW,
    )


def states(of: Staff) -> list[str]:
    rows = ReportDelivery.objects.filter(staff=of).order_by("kind", "first")
    return list(rows.values_list("state", flat=True))


def titles(of: Staff) -> list[str]:
    found = items.list_items(of, at=NOW)
    return [f"{item.section} {item.text}" for item in found if "report" in item.key]


@pytest.mark.both_databases
def test_report_is_a_task_until_it_is_opened(
    shop: Community, owner: Staff, operator: Staff
) -> None:
    """I10"""
    for minute in range(3):
        deliveries.deliver_due(at=NOW + minute * MINUTE)
    (task,) = staff_tasks.list_open(operator)
    assert task.request.title == "Weekly report, 2026-08-17 – 2026-08-23"
    assert titles(operator) == [f"do {task.request.title}"]
    # It is theirs alone: nobody oversees it, asks for one, or takes it over.
    assert not staff_tasks.list_visible(owner).exists()
    assert kinds.get("report") not in kinds.list_requestable()
    draft = requests.Draft(kind="report", title="Read", staff=[owner.pk])
    with pytest.raises(kinds.UnknownKind):
        requests.create(draft=draft, by=owner, at=NOW)
    with pytest.raises(errors.Refused, match="theirs alone"):
        outcomes.hand_over(task=task, to=owner, by=operator, at=NOW)
    (report,) = reports.list_visible(operator)
    browser = clients.browser(operator)
    address = browser.get(f"/outreach/tasks/other/{task.pk}/")
    assert address["Location"] == f"/insight/reports/{report.pk}/"
    assert states(operator) == [State.OPEN]
    assert browser.get(address["Location"]).status_code == 200
    assert states(operator) == [State.OPENED]
    assert (titles(operator), staff_tasks.list_open(operator)) == ([], [])
    task.refresh_from_db()
    assert task.state == "done"
    browser.get(address["Location"])
    deliveries.deliver_due(at=NOW + DAY)
    reactions.CONSUMER.catch_up(at=NOW)
    for kind in ("report.delivered", "report.opened", "staff_task.finished"):
        assert len(factories.recorded_facts(shop, kind)) == 1
    assert StaffTask.objects.count() == 1


def test_staff_without_tasks_have_it_on_today(shop: Community, owner: Staff) -> None:
    viewer = factories.staff(shop, permissions.Role.VIEWER, "cat")
    subscribe(owner, staff=[viewer])
    # Nothing is printed yet, so nothing is delivered and nothing has failed.
    deliveries.deliver_due(at=NOW)
    assert states(viewer) == []
    report = reports.create(community=shop, kind="weekly", by=owner, at=NOW)
    deliveries.deliver_due(at=NOW)
    assert titles(viewer) == ["changed Weekly report, 2026-08-17 – 2026-08-23"]
    assert not StaffTask.objects.exists()
    # Somebody who has not got it opens it without a trace.
    clients.browser(owner).get(f"/insight/reports/{report.pk}/")
    assert states(viewer) == [State.OPEN]
    clients.browser(viewer).get(f"/insight/reports/{report.pk}/")
    assert (titles(viewer), states(viewer)) == ([], [State.OPENED])


def test_later_report_takes_the_place_of_one_that_nobody_opened(
    shop: Community, owner: Staff, operator: Staff
) -> None:
    deliveries.deliver_due(at=NOW)
    (task,) = staff_tasks.list_open(operator)
    week = NOW + 7 * DAY
    reports.create(community=shop, kind="weekly", by=operator, at=week)
    deliveries.deliver_due(at=week)
    assert states(operator) == [State.CLOSED, State.OPEN]
    task.refresh_from_db()
    assert task.state == "cancelled"
    assert [each.request.title for each in staff_tasks.list_open(operator)] == [
        "Weekly report, 2026-08-24 – 2026-08-30"
    ]
    # Who is no subscriber any more has nothing left to do, and is never asked again.
    subscribe(owner, staff=[])
    deliveries.deliver_due(at=week)
    subscribe(owner, staff=[operator])
    deliveries.deliver_due(at=week)
    assert states(operator) == [State.CLOSED, State.CLOSED]
    assert staff_tasks.list_open(operator) == []
    # Opened after all, late.
    old = reports.list_visible(operator).earliest("first")
    deliveries.mark_opened(report=old, by=operator, at=week)
    assert states(operator) == [State.OPENED, State.CLOSED]


@pytest.mark.both_databases
def test_delivery_that_is_broken_off_is_made_once(
    shop: Community, operator: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server stops after the task is made and before the delivery is recorded."""

    def stop(*_args: object, **_fields: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(facts, "record", stop)
        with pytest.raises(SystemExit):
            deliveries.deliver_due(at=NOW)
    assert not StaffTask.objects.exists()
    assert not ReportDelivery.objects.exists()
    deliveries.deliver_due(at=NOW)
    deliveries.deliver_due(at=NOW)
    assert StaffTask.objects.count() == 1
    row = ReportDelivery.objects.get()
    # Two processes at the same moment cannot make two either.
    row.pk = row.task = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_failure_is_shown_and_tried_again(shop: Community, owner: Staff) -> None:
    now = datetime.now(UTC)
    segment = factories.segment(shop, "regulars", {"group": {"any": ["tea"]}})
    lost = factories.staff(
        shop,
        permissions.Role.OPERATOR,
        "dan",
        scope={"segment": {"any": ["regulars"]}},
        name="Dan",
    )
    subscribe(owner, staff=[lost, owner])
    reports.create(community=shop, kind="weekly", by=owner, at=now)
    reports.create(community=shop, kind="weekly", by=lost, at=now)
    key = segment.key
    type(segment).objects.filter(pk=segment.pk).update(key="gone")
    deliveries.deliver_due(at=now)
    found = {each.staff.name: each for each in deliveries.list_latest(by=owner, at=now)}
    assert (found["Dan"].state, found[owner.name].state) == (State.FAILED, State.OPEN)
    assert "regulars" in found["Dan"].reason
    page = clients.browser(owner).get("/insight/reports/settings/").content.decode()
    assert "not delivered" in page
    assert clients.create_client(shop).get("/reports/deliveries").body[0] == {
        "kind": "weekly",
        "first": found["Dan"].first.isoformat(),
        "staff": "dan",
        "report_id": None,
        "state": "failed",
        "reason": found["Dan"].reason,
        "as_task": False,
    }
    type(segment).objects.filter(pk=segment.pk).update(key=key)
    deliveries.deliver_due(at=now + MINUTE)
    assert states(lost) == [State.OPEN]
    assert StaffTask.objects.count() == 2


def test_task_that_is_finished_elsewhere_counts_as_opened(
    shop: Community, operator: Staff
) -> None:
    deliveries.deliver_due(at=NOW)
    (task,) = staff_tasks.list_open(operator)
    outcomes.finish(task=task, by=operator, at=NOW)
    reactions.CONSUMER.catch_up(at=NOW)
    assert states(operator) == [State.OPENED]
    assert titles(operator) == []


def test_deleted_report_takes_its_delivery_with_it(
    shop: Community, owner: Staff, operator: Staff
) -> None:
    deliveries.deliver_due(at=NOW)
    Report.objects.all().delete()
    assert states(operator) == []
    given: dict[str, Any] = {"by": owner, "at": NOW}
    assert deliveries.list_latest(**given) == []
