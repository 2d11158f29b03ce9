"""Keys of facts that two writers bring at the same time."""

from __future__ import annotations

import threading

import pytest
from django.db import transaction

from qunce.core import db, timestamps
from qunce.core.facts import facts, ingest, interned_names
from qunce.core.facts.facts import Fact
from tests import factories, threads
from tests.factories import AT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres_only]


def test_key_of_two_writers_at_the_same_time_is_stored_once() -> None:
    shop = factories.community()
    source = interned_names.ensure("source", shop.pk, ["chat"])["chat"]
    kind = facts.ensure_kinds(["message.posted"])["message.posted"]
    written, pause = threading.Event(), threading.Event()

    def insert(*keys: str) -> int:
        rows = len(keys)
        return ingest.insert_new(
            ingest.FactBatch(
                community_id=shop.pk,
                source_id=source,
                actor_id=None,
                recorded_at=timestamps.to_micros(AT),
                kinds=[kind] * rows,
                accounts=[None] * rows,
                groups=[None] * rows,
                happened_at=[timestamps.to_micros(AT)] * rows,
                payloads=[None] * rows,
                keys=list(keys),
                hashes=[0] * rows,
            )
        )

    def first() -> int:
        with transaction.atomic():
            inserted = insert("k1", "k2")
            written.set()
            # The other has looked up its keys by the time it waits for this commit.
            while not db.rows("SELECT 1 FROM pg_locks WHERE NOT granted"):
                assert not pause.wait(0.01)
            return inserted

    def second() -> int:
        assert written.wait(threads.SECONDS)
        try:
            with transaction.atomic():
                return insert("k2", "k3")
        finally:
            pause.set()

    assert threads.run(first, second) == [2, 1]
    stored = Fact.objects.order_by("key").values_list("key", flat=True)
    assert list(stored) == ["k1", "k2", "k3"]
