"""Homework over the API: submissions with reviews, decisions, comments and results."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from qunce.activities.homework.models import Homework
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities import running
from tests.activities.homework import builders
from tests.clients import create_client, create_token

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def export(by: Staff, path: str) -> str:
    headers = {"authorization": f"Bearer {create_token(by)}"}
    return Client().get(f"/api/v1{path}", headers=headers).content.decode()


def test_programs_read_decide_and_publish() -> None:
    by = factories.staff(factories.community(language="en"))
    at = datetime.now(UTC)
    made = running.open_now(
        by,
        kind="homework",
        ends_at=at + 200 * HOUR,
        settings=builders.settings(at + 24 * HOUR, reviewers=0),
    )
    (ann,) = factories.members(by.community, "ann")
    assert running.join(made, ann, at, said="Grass\nhttps://example.org/a").accepted
    Homework.objects.update(due_at=at - HOUR)
    api = create_client(by.community)
    root = f"/activities/{made.pk}/submissions"
    (row,) = api.get(root).body["submissions"]
    assert (row["text"], row["link"]) == ("Grass", "https://example.org/a")
    assert (row["how"], row["score"]) == ("to_decide", None)
    refused = api.post(f"{root}/publish-results", {})
    assert refused.status == 409 and "Decide about 1" in refused.body["detail"]
    own = f"{root}/{row['id']}"
    wrong = api.post(f"{own}/decide", {"score": 99, "reason": "x"})
    assert "from 1 to 10" in wrong.body["detail"]
    old = {"score": 8, "reason": "Good", "version": row["version"] + 1}
    assert api.post(f"{own}/decide", old).status == 409
    truth = {"score": True, "reason": "Good"}
    assert api.post(f"{own}/decide", truth).status == 422
    read = {"score": 8, "reason": "Good", "version": row["version"]}
    decided = api.post(f"{own}/decide", read).body
    assert (decided["how"], decided["score"]) == ("decided", "8")
    comment = api.post(f"{own}/comments", {"text": "Which tea?"}).body
    assert comment["by_staff"]
    assert [each["text"] for each in api.get(f"{own}/comments").body] == ["Which tea?"]
    assert api.post(f"{root}/publish-results", {}).body == {"published": 1}
    assert api.get(root).body["submissions"][0]["passed"] is True
    assert api.get(f"/activities/{made.pk + 1}/submissions").status == 404
    assert "Grass" in export(by, f"{root}.csv")
