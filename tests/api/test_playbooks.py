"""Playbooks through the API (P7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from qunce.core.communities import Community
from qunce.outreach.playbooks import advancing, run_entries, versions
from qunce.outreach.playbooks.models import Playbook
from qunce.sets.mirror import deriver
from tests import factories
from tests.clients import ApiClient, create_client

WAIT = {"id": "w", "kind": "wait", "delay": {"minutes": 600}}
TAG = {"id": "t", "kind": "tag", "tag": "new"}
DEFINITION: dict[str, Any] = {
    "entry": {"on": "fact", "fact": "order.paid"},
    "steps": [WAIT, TAG],
}


def test_a_playbook_is_created_run_and_stopped(shop: Community, api: ApiClient) -> None:
    versions.forget()
    now = datetime.now(UTC)
    bob = factories.member(shop, "bob").pk
    factories.order(shop, "bob", paid_at=now - timedelta(hours=20), at=now)
    deriver.catch_up()
    wrong = api.post("/playbooks", {"name": "First", "definition": {"steps": []}})
    assert wrong.status == 422
    created = api.post("/playbooks", {"name": "First", "definition": DEFINITION})
    assert created.status == 201, created.body
    path = f"/playbooks/{created.body['id']}"
    (problem,) = api.get(f"{path}/problems").body
    assert problem == {
        "step": "t",
        "text": "Step 2 (Tag) names the tag “new”, which does not exist.",
    }
    assert api.post(f"{path}/start", {}).status == 422
    factories.tag(shop, "new")
    span = f"since={(now - timedelta(days=2)).isoformat()}&until={now.isoformat()}"
    found = api.get(f"{path}/rehearsal?{span.replace('+', '%2B')}").body
    assert (found["runs"], found["messages"]) == (1, 0), found
    preview = api.get(f"{path}/start-preview?existing=now").body
    assert (preview["begin"], preview["runs"]) == (1, 1)
    seen = {"existing": "now", "digest": preview["digest"]}
    refused = api.post(f"{path}/start", {**seen, "existing": "nobody"})
    assert refused.status == 409
    assert "differs from what the review showed" in refused.body["detail"]
    assert api.post(f"{path}/start", seen).body["runs"] == 1
    playbook = Playbook.objects.get()
    run_entries.let_in(playbook, now + timedelta(minutes=1))
    assert api.get(path).body["state"] == "running"
    numbers = api.get(f"{path}/numbers").body
    assert (numbers["started"], numbers["live"]) == (1, 1)
    (run,) = api.get(f"{path}/runs?state=live").body
    assert (run["target_id"], run["step"]) == (bob, "w")
    assert run["sentence"].startswith("In it since")
    answer = api.get(f"{path}/members/{bob}").body
    assert answer["is_in"] and answer["sentences"] == [run["sentence"]]
    changed = {**DEFINITION, "steps": [{**WAIT, "delay": {"minutes": 0}}, TAG]}
    assert api.patch(path, {"definition": changed}).status == 200
    # Due a moment after the run began, which is past.
    assert api.post(f"{path}/publish", {"in_flight": "move"}).body["runs"] in (0, 1)
    api.post(f"{path}/stale-runs", {"choice": "go_on"})
    assert api.post(f"{path}/pause", {}).body["state"] == "paused"
    assert api.delete(f"{path}/pause").body["state"] == "running"
    assert api.post(f"{path}/stop", {"runs": "new"}).body["runs"] == 1
    assert api.post(f"{path}/stop", {"runs": "all"}).body["runs"] == 1
    assert api.delete(path).status == 409
    assert create_client(shop, "viewer").post(f"{path}/start", {}).status == 403
    assert advancing.advance_all(at=now) == 0
