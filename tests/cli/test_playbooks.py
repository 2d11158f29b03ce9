"""`qunce playbooks`."""

from __future__ import annotations

import json

import pytest

from qunce.core.communities import Community
from qunce.outreach.playbooks import versions
from tests import factories
from tests.cli.runner import Run

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_playbook_is_created_rehearsed_switched_on_and_stopped(
    run: Run, shop: Community
) -> None:
    versions.forget()
    factories.staff(shop, "owner", "boss")
    steps = [
        {"id": "a", "kind": "send", "text": "Hi", "staff": "boss", "purpose": "service"}
    ]
    definition = {"entry": {"on": "fact", "fact": "member.joined"}, "steps": steps}
    created = run("playbooks", "create", "Hello", json.dumps(definition), "--json").json
    assert (created["key"], created["state"]) == ("Hello", "draft")
    assert "1 Send “Hi”" in run("playbooks", "show", "Hello").output
    since = ("--since", "2026-03-01T00:00")
    found = run("playbooks", "rehearse", "Hello", *since, "--json").json
    assert (found["messages"], found["recipients"]) == (4, 4)
    begun = run("playbooks", "start", "Hello", "--existing", "now", "--json").json
    assert (begun["state"], begun["begun"]) == ("running", 4)
    why = run("playbooks", "why", "Hello", "ann", "--json").json
    assert not why["is_in"] and "to be let in" in why["sentences"][0]
    assert (
        run("playbooks", "pause", "Hello", "--drop", "--json").json["state"] == "paused"
    )
    assert run("playbooks", "resume", "Hello", "--json").json["state"] == "running"
    assert run("playbooks", "publish", "Hello", "--json").json["stale"] == 0
    stopped = run("playbooks", "stop", "Hello", "--all", "--json").json
    assert (stopped["state"], stopped["runs"]) == ("stopped", 0)
    assert "Hello  stopped" in run("playbooks", "list").output
    assert run("playbooks", "show", "Nothing").code != 0
    draft = run("playbooks", "create", "Recall", "template:recall")
    assert "needs a member of staff" in draft.output
    assert run("playbooks", "create", "X", "template:none").code != 0
