"""A program is told of each new report, and gets its text from the API (I10, pushed)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django import Settings

from qunce import reactions
from qunce.channels.webhooks import calls, endpoints
from qunce.core.staff import models as staff_models
from qunce.insight.reports import reports
from qunce.insight.reports.reports import ReportCreated
from tests import factories
from tests.channels.webhooks.receiver import Receiver, serve
from tests.clients import create_client
from tests.insight.findings import planted
from tests.insight.findings.planted import NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with serve() as receiver:
        yield receiver


def test_new_report_is_pushed_and_its_text_can_be_fetched(receiver: Receiver) -> None:
    shop = planted.build().community
    endpoints.create(
        community=shop,
        name="chat robot",
        url=receiver.url,
        kinds=[ReportCreated.kind],
        by=staff_models.system(shop),
        at=NOW - timedelta(days=40),
    )
    reports.create(community=shop, kind="weekly", by=factories.staff(shop), at=NOW)
    reactions.WEBHOOKS.catch_up(at=NOW)
    assert calls.send_due(at=NOW) == 1
    ((_headers, body),) = receiver.requests
    message = json.loads(body)
    assert message["type"] == "report.created"
    assert message["data"]["payload"]["period"] == "weekly"
    number = message["data"]["payload"]["report"]
    text = create_client(shop).get(f"/reports/{number}/text?tone=boss").body["text"]
    assert "Net growth" in text
    # One report a period, and one call.
    reports.create(community=shop, kind="weekly", by=staff_models.system(shop), at=NOW)
    reactions.WEBHOOKS.catch_up(at=NOW)
    assert calls.send_due(at=NOW) == 0
