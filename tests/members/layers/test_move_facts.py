"""K9: a fact for each member who moves, in short transactions that survive a crash."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.layers import layers, move_facts
from qunce.members.tags import assignments
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT, LATER

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
DAY = timedelta(days=1)
SPEC: dict[str, Any] = {
    "by": "rules",
    "layers": [{"key": "high", "rule": {"tag": {"any": ["vip"]}}}, {"key": "rest"}],
}


class Killed(Exception):
    pass


def rises(ids: list[int]) -> list[tuple[int, dict[str, Any]]]:
    return [
        (pk, {"layering": "worth", "from": "rest", "to": "high"}) for pk in sorted(ids)
    ]


def test_facts_are_written_in_chunks_and_a_crash_loses_and_doubles_none(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(move_facts, "FACTS_PER_TRANSACTION", 2)
    ids = factories.members(shop, *"abcde")
    vip = factories.tag(shop, "vip")
    layering = layers.create(community=shop, key="worth", spec=SPEC, by=by, at=AT)
    layers.recompute(layering=layering, by=by, at=AT)
    assert factories.recorded_facts(shop, "member.layer_changed") == []
    assignments.apply(tag=vip, accounts=ids, by=by, at=LATER)
    write = facts.insert_rows
    written: list[Any] = []

    def die_in_the_second_chunk(rows: Any) -> None:
        write(rows)
        written.extend(row for row in rows if row[2] in ids)
        if len(written) == 4:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(facts, "insert_rows", die_in_the_second_chunk)
        with pytest.raises(Killed):
            layers.recompute(layering=layering, by=by, at=LATER)
    # The run is there, with the facts of the first chunk.
    run = layers.latest_run(layering)
    assert run is not None
    assert (layers.sizes(run), run.moved) == ({"high": 5, "rest": 0}, 5)
    assert factories.recorded_facts(shop, "member.layer_changed") == rises(ids[:2])
    later = LATER + timedelta(minutes=1)
    layers.start_day(community=shop, at=later)
    assert factories.recorded_facts(shop, "member.layer_changed") == rises(ids)
    fact = facts.Fact.objects.filter(account_id=ids[4]).latest("pk")
    assert (fact.happened_at, fact.recorded_at) == (LATER, later)
    layers.start_day(community=shop, at=later)
    assert len(factories.recorded_facts(shop, "member.layer_changed")) == 5


def test_days_without_a_server_stay_without_a_run(shop: Community, by: Staff) -> None:
    (ann,) = factories.members(shop, "ann")
    vip = factories.tag(shop, "vip")
    layering = layers.create(community=shop, key="worth", spec=SPEC, by=by, at=AT)
    layers.start_day(community=shop, at=AT)
    assignments.apply(tag=vip, accounts=[ann], by=by, at=AT + DAY)
    for at in (AT + 4 * DAY, AT + 4 * DAY):
        layers.start_day(community=shop, at=at)
    first = shop.day(AT)
    assert layers.sizes_by_day(layering) == {
        first: {"high": 0, "rest": 1},
        first + 4: {"high": 1, "rest": 0},
    }
    assert factories.recorded_facts(shop, "member.layer_changed") == rises([ann])
    moved = {"did": {"kind": "member.layer_changed", "where": {"to": "high"}}}
    deriver.catch_up()
    assert factories.matching_keys(shop, moved, at=AT + 4 * DAY) == ["ann"]
