"""Thresholds in words: beside the rule, told to whom does not meet it, moved from groups."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.entry import gates
from qunce.groups.entry.models import EntryGate, EntryRequest
from qunce.outreach import entry_messages
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db


def test_refusal_says_the_threshold_in_words(shop: Community, by: Staff) -> None:
    """V1, V10"""
    north = factories.group(shop, "north")
    request = EntryRequest(group=north, community=shop, state="refused")
    request.reason = "threshold"
    assert "meet its conditions." in entry_messages.refusal_text(request)
    gates.configure(group=north, note="  bought   once ", by=by, at=AT)
    assert "its conditions: bought once" in entry_messages.refusal_text(request)
    assert gates.notes_of([north.pk]) == {north.pk: "bought once"}
    for note in ("x" * 201, None, "\0"):
        with pytest.raises(errors.Invalid, match="threshold in words"):
            gates.configure(group=north, note=note, by=by, at=AT)


def test_texts_of_groups_move_to_their_gates(shop: Community, by: Staff) -> None:
    """The migration keeps what a gate asks, and makes gates that are off."""
    old, new, none = (factories.group(shop, key) for key in ("old", "new", "none"))
    gates.configure(group=old, keywords=["tea"], by=by, at=AT)
    texts = {old.pk: "bought once", new.pk: "lives nearby", none.pk: ""}
    rows = [
        SimpleNamespace(
            pk=group.pk,
            threshold=texts[group.pk],
            community_id=shop.pk,
            created_at=AT,
            by_id=by.pk,
        )
        for group in (old, new, none)
    ]

    class OldGroups:
        """The groups as they were before the migration."""

        def exclude(self, threshold: str) -> OldGroups:
            self.rows = [row for row in rows if row.threshold != threshold]
            return self

        def order_by(self, _name: str) -> list[Any]:
            return self.rows

    models = {
        "Group": SimpleNamespace(objects=OldGroups()),
        "EntryGate": apps.get_model("entry", "EntryGate"),
    }
    migration = import_module("qunce.groups.entry.migrations.0002_threshold_in_words")
    registry = SimpleNamespace(get_model=lambda _app, name: models[name])
    migration.move_texts(registry, None)
    moved = EntryGate.objects.order_by("group_id")
    assert list(moved.values_list("group_id", "note", "is_on", "keywords")) == [
        (old.pk, "bought once", False, ["tea"]),
        (new.pk, "lives nearby", False, []),
    ]
