"""Runs go on after an upgrade, as they follow stored definitions (row 27)."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from qunce.outreach.playbooks import advancing, definitions, results, versions
from qunce.outreach.playbooks.models import Playbook, PlaybookVersion, Run, RunState
from qunce.outreach.playbooks.names import NOTHING
from qunce.outreach.playbooks.steps import base
from tests import factories
from tests.factories import AT
from tests.outreach.playbooks.worker import DAY, Worker

STORED = Path(__file__).parent / "definitions_format_1.json"
"""Definitions as the release of November 2026 stored them. Never change this file: add
another one for the next format, and keep reading this one."""


def stored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", sorted(stored()))
def test_every_stored_definition_is_read_as_it_was_written(name: str) -> None:
    value = stored()[name]
    definition = definitions.parse(value)
    written = definition.to_json()
    # A later release may add fields, and none of the old ones may get lost.
    assert {key: written[key] for key in value if key != "steps"} == {
        key: value[key] for key in value if key != "steps"
    }
    for old, step in zip(value["steps"], written["steps"], strict=True):
        assert {key: step[key] for key in old} == old
    assert all(step.phrase(NOTHING) for step in definition.walk())


def test_the_stored_definitions_have_every_kind_of_step() -> None:
    kinds = {
        step.kind
        for value in stored().values()
        for step in definitions.parse(value).walk()
    }
    assert kinds == set(base.kinds())


def wait_in(worker: Worker, definition: Any) -> Run:
    """The rows of a run that has waited since its 90-day wait began, as SQL wrote them."""
    (bob,) = worker.members("bob")
    playbook = Playbook.objects.create(
        community=worker.shop,
        key="old",
        name="Old",
        state="running",
        draft=definition,
        version=1,
        created_at=AT,
        changed_at=AT,
        started_at=AT,
        by=worker.by,
    )
    version = PlaybookVersion.objects.create(
        playbook=playbook, number=1, definition=definition, created_at=AT, by=worker.by
    )
    return Run.objects.create(
        playbook=playbook,
        version=version,
        target_id=bob,
        run_key="fact:1",
        number=1,
        state=RunState.WAITING,
        step="w90",
        triggered_at=AT,
        started_at=AT,
        since=AT,
        due_at=AT + 90 * DAY,
    )


def test_a_run_that_waits_90_days_goes_on_after_releases(worker: Worker) -> None:
    factories.tag(worker.shop, "vip")
    wait_in(worker, stored()["long wait"])
    worker.tick(AT + 90 * DAY - timedelta(minutes=1))
    assert worker.steps("bob") == []
    worker.tick(AT + 90 * DAY)
    assert worker.steps("bob") == ["a", "t"] and worker.runs("bob") == ["done"]


def test_runs_of_an_unknown_format_are_held_and_reported(worker: Worker) -> None:
    wait_in(worker, {**stored()["long wait"], "format": 2, "stages": []})
    versions.forget()
    # Only what is due is looked at, so that nothing else is held up.

    advancing.advance_all(at=AT + 90 * DAY)
    run = Run.objects.get()
    assert (run.state, run.held_for) == ("held", "format")
    (troubled,) = results.list_troubled(by=worker.by)
    assert troubled.reason == "format"
    with pytest.raises(definitions.UnknownFormat, match=r"has the format 2, but"):
        definitions.parse({"format": 2})
