"""The doctor's check that everyone is in one layer of the newest run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core.staff import models as staff_models
from qunce.members.layers import layers
from qunce.members.layers.models import LayerSet
from qunce.members.people.merges import Merge
from qunce.sets.bitmaps import bitmaps
from qunce.sets.doctor import doctor
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
HOUR = timedelta(hours=1)
TAGGED = {"key": "vip", "rule": {"tag": {"any": ["vip"]}}}
SPEC = {"by": "rules", "layers": [TAGGED, {"key": "rest"}]}


def check() -> list[str]:
    deriver.catch_up()
    return [finding.text for finding in doctor.run_checks(only="layers")]


def test_what_an_import_records_with_the_time_of_its_start_is_no_fault() -> None:
    shop = factories.community(at=AT - HOUR)
    factories.members(shop, "ann", "bob", "cat", at=AT - HOUR)
    factories.merge(shop, "bob", "cat", at=AT - HOUR)
    factories.tag(shop, "vip")
    by = staff_models.system(shop)
    layering = layers.create(community=shop, key="value", spec=SPEC, by=by, at=AT)
    run = layers.recompute(layering=layering, by=by, at=AT)
    assert sum(layers.sizes(run).values()) == 2
    # Both began before the run and were committed after it.
    factories.members(shop, "dan", at=AT - HOUR)
    factories.unmerge(shop, "bob", "cat", at=AT - HOUR)
    assert Merge.objects.get().undone_at == AT - HOUR
    assert check() == []
    stored = LayerSet.objects.get(run=run, layer="rest")
    stored.blob, stored.size = bitmaps.to_bytes(bitmaps.EMPTY), 0
    stored.save()
    assert ["1 members are in no layer" in text for text in check()] == [True]
