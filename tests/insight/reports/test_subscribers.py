"""Subscribers of reports, by role and by person, and what is new for each of them."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight.reports import reports, sections, subscribers
from qunce.insight.reports.reports import InvalidPeriod
from qunce.insight.reports.subscribers import InvalidSubscriber
from qunce.sets.mirror import deriver
from tests import clients, factories
from tests.cli.runner import in_this_process
from tests.insight.findings.planted import NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Community:
    community = factories.community(timezone="UTC", language="en")
    factories.group(community, "tea", factories.member(community, "ann").pk)
    deriver.catch_up()
    return community


def titles(by: Staff) -> list[str]:
    return [sections.title(each) for each in subscribers.list_new(by=by, at=NOW)]


@pytest.mark.both_databases
def test_roles_and_persons_get_the_report_of_what_they_see(shop: Community) -> None:
    """I10"""
    owner = factories.staff(shop)
    limited = factories.staff(shop, permissions.Role.OPERATOR, "ben", groups=["tea"])
    viewer = factories.staff(shop, permissions.Role.VIEWER, "cat")
    for by in (owner, limited):
        reports.create(community=shop, kind="weekly", by=by, at=NOW)
    assert titles(owner) == []
    given: dict[str, Any] = {"community": shop, "by": owner, "at": NOW}
    subscribers.set_subscribers(
        kind="weekly", roles=["operator"], staff=[viewer.pk], **given
    )
    assert titles(owner) == []
    assert titles(viewer) == ["Weekly report, 2026-08-17 – 2026-08-23"]
    (own,) = subscribers.list_new(by=limited, at=NOW)
    assert own.result["groups"]["rows"][0]["key"] == "tea"
    assert own not in subscribers.list_new(by=viewer, at=NOW)
    subscribers.set_subscribers(kind="weekly", roles=[], staff=[], **given)
    assert titles(viewer) == []
    with pytest.raises(InvalidSubscriber, match="cook"):
        subscribers.set_subscribers(kind="weekly", roles=["cook"], staff=[], **given)
    for unknown in (9_999, 10**30):
        with pytest.raises(InvalidSubscriber, match=str(unknown)):
            subscribers.set_subscribers(
                kind="weekly", roles=[], staff=[unknown], **given
            )
    with pytest.raises(InvalidPeriod):
        subscribers.set_subscribers(kind="yearly", roles=[], staff=[], **given)


def test_page_api_and_command_set_the_same_subscribers(
    shop: Community, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = factories.staff(shop)
    browser = clients.browser(owner)
    answer = browser.post(
        "/insight/reports/subscribers/daily/",
        {"daily-roles": ["manager"], "daily-staff": [str(owner.pk)]},
    )
    assert answer.status_code == 303
    assert "checked" in browser.get("/insight/reports/settings/").content.decode()
    api = clients.create_client(shop)
    (daily, *_others) = api.get("/reports/subscribers").body
    assert daily == {"kind": "daily", "roles": ["manager"], "staff": [owner.pk]}
    run = in_this_process(capsys, "--community", shop.key)
    shown = run("reports", "subscribers", "daily", "--json").json
    assert (shown["roles"], shown["staff"]) == (["manager"], [owner.login])
    run("reports", "subscribers", "daily", "--role", "viewer")
    (daily, *_others) = api.get("/reports/subscribers").body
    assert (daily["roles"], daily["staff"]) == (["viewer"], [])
    body = {"roles": [], "staff": [owner.pk]}
    assert api.request("PUT", "/reports/subscribers/daily", body).body["staff"] == [
        owner.pk
    ]
    assert "names" not in api.get("/reports/new").body
