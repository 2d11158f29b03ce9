"""Meet-ups over the API: sign-ups with answers, check-in by code, and cancelling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests import factories
from tests.activities import running
from tests.activities.meetups import builders
from tests.clients import create_client

pytestmark = pytest.mark.django_db


def test_programs_list_check_in_and_cancel() -> None:
    by = factories.staff(factories.community(language="en"))
    at = datetime.now(UTC)
    made = running.open_now(
        by,
        kind="meetup",
        name="Tasting",
        ends_at=at + timedelta(hours=9),
        settings=builders.settings(
            at + timedelta(hours=1), questions=[builders.question("Tea?")]
        ),
    )
    for account in factories.members(by.community, "ann", "bob"):
        assert running.join(made, account, at, said="green").accepted
    api = create_client(by.community)
    root = f"/activities/{made.pk}/sign-ups"
    found = api.get(root).body
    assert found["slots"][0]["taken"] == 2
    ann, bob = found["sign_ups"]
    assert ann["answers"] == [{"question": "Tea?", "answer": "green"}]
    code = {"code": ann["code"]}
    assert api.post(f"{root}/check-in", code).body["state"] == "attended"
    refused = api.post(f"{root}/check-in", code)
    assert refused.status == 409 and "Checked in already" in refused.body["detail"]
    undone = api.post(f"{root}/{ann['id']}/undo-check-in", {}).body
    assert undone["state"] == "seated"
    assert api.post(f"{root}/{bob['id']}/cancel", {}).body["state"] == "cancelled"
    assert api.get(f"/activities/{made.pk + 1}/sign-ups").status == 404
