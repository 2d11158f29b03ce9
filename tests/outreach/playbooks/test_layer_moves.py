"""K9: a member who rises into a layer begins a playbook and gets a tag."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.facts import committed_facts
from qunce.members.layers import layers
from qunce.members.tags import assignments, deepening, library, person_tags
from tests import factories
from tests.factories import AT
from tests.outreach.playbooks.worker import DAY, HOUR, Worker

RULES: list[Any] = [{"tag": {"any": ["vip"]}}, {"all": []}]
SPECS: list[dict[str, Any]] = [
    {"by": "rules", "layers": [{"key": "high", "rule": rule}, {"key": "rest"}]}
    for rule in RULES
]
MOVED = "member.layer_changed"


@pytest.mark.parametrize(
    "entry",
    [
        {"on": "layer", "layering": "worth", "layer": "high"},
        {"on": "fact", "fact": MOVED, "where": {"layering": "worth", "to": "high"}},
    ],
    ids=lambda entry: str(entry["on"]),
)
def test_a_member_who_rises_begins_a_playbook_and_is_tagged(
    worker: Worker, entry: dict[str, Any]
) -> None:
    ann, bob, _cyd = worker.members("ann", "bob", "cyd")
    factories.tag(worker.shop, "vip")
    factories.tag(worker.shop, "risen")
    loyal = factories.tag(worker.shop, "loyal")
    about: dict[str, Any] = {"by": worker.by, "at": AT}
    factories.apply_tag(worker.shop, "vip", bob)
    layering = layers.create(community=worker.shop, key="worth", spec=SPECS[0], **about)
    layers.recompute(layering=layering, **about)
    worker.playbook({"id": "t", "kind": "tag", "tag": "risen"}, entry=entry)
    # Bob falls, and Ann rises on the next day; the first run moved nobody.
    next_day: dict[str, Any] = {"by": worker.by, "at": AT + DAY}
    factories.apply_tag(worker.shop, "vip", ann, at=AT + DAY)
    vip = library.get(worker.shop, "vip")
    assignments.remove(tag=vip, accounts=[bob], **next_day)
    layers.recompute(layering=layering, **next_day)
    worker.tick(AT + DAY + HOUR)
    assert [worker.runs(key) for key in ("ann", "bob", "cyd")] == [["done"], [], []]
    assert list(person_tags.depths_of_person([ann])) == ["risen", "vip"]
    # The facts deepen tags, too: those of both who moved.
    deepening.set_kinds(tag=loyal, kinds=[MOVED], **about)
    moved = committed_facts.list_after(
        after=0, kinds=[MOVED], community_id=worker.shop.pk
    )
    deepening.react(community=worker.shop, facts=moved, at=AT + DAY + HOUR)
    assert person_tags.depths_of_person([bob]) == {"loyal": 1}
    # Everybody is high when the layering is changed, which nobody did.
    two_days: dict[str, Any] = {"by": worker.by, "at": AT + 2 * DAY}
    layers.update(layering=layering, spec=SPECS[1], **two_days)
    run = layers.recompute(layering=layering, **two_days)
    assert run.moved == 2
    worker.tick(AT + 2 * DAY + HOUR)
    assert [worker.runs(key) for key in ("ann", "bob", "cyd")] == [["done"], [], []]
