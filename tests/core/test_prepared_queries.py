"""Prepared queries have the objects of the query set that they are made of."""

from __future__ import annotations

import pytest
from django.db import models

from qunce.core import db
from qunce.core.communities import Community
from qunce.core.prepared_queries import Ids, Param, PreparedQuery
from qunce.core.staff.models import Staff
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
AT = factories.AT


def test_it_answers_for_each_value_like_its_query_set() -> None:
    first, second = factories.community("one"), factories.community("two")
    query = PreparedQuery(lambda: Community.objects.filter(key=Param("key")))

    for row in (first, second):
        (found,) = query.all(key=row.key)
        assert found == Community.objects.get(key=row.key)
        assert found.created_at == row.created_at
        assert found.two_factor_required is False
    assert query.first(key="three") is None


def test_hostile_values_are_values() -> None:
    factories.community("one")
    query = PreparedQuery(lambda: Community.objects.filter(key=Param("key")))

    assert query.all(key="' OR 1=1 --") == []
    assert query.all(key="%s") == []


def test_ids_are_any_number_of_them() -> None:
    rows = [factories.community(key) for key in ("one", "two", "three")]
    query = PreparedQuery(
        lambda: Community.objects.filter(pk__in=Ids("chosen")).order_by("pk")
    )

    assert query.all(chosen=[rows[0].pk, rows[2].pk]) == [rows[0], rows[2]]
    assert query.all(chosen=(rows[1].pk,)) == [rows[1]]
    assert query.all(chosen=[]) == []


def test_related_objects_and_annotations_are_loaded() -> None:
    community = factories.community("one")
    by = factories.staff(community)
    query = PreparedQuery(
        lambda: (
            Staff.objects.select_related("community")
            .filter(pk=Param("pk"))
            .annotate(twice=models.F("pk") * 2)
        )
    )

    found = query.first(pk=by.pk)

    assert found is not None
    assert found.community == community
    assert "community" in found._state.fields_cache
    assert found.twice == 2 * by.pk  # type: ignore[attr-defined]


@pytest.mark.django_db(transaction=True)
def test_what_need_not_be_durable_is_committed_and_the_rest_stays_durable() -> None:
    community = factories.community("one")
    name = "synchronous_commit" if db.is_postgresql() else "synchronous"
    setting = f"{'SHOW' if db.is_postgresql() else 'PRAGMA'} {name}"
    full = "on" if db.is_postgresql() else "2"
    db.execute(f"{'SET' if db.is_postgresql() else 'PRAGMA'} {name} = {full}")
    before = db.rows(setting)
    statement = "UPDATE core_community SET name = %s WHERE id = %s RETURNING id, name"

    found = db.rows_not_durable(statement, ["ours", community.pk])

    assert found == [(community.pk, "ours")]
    community.refresh_from_db()
    assert community.name == "ours"
    assert db.rows(setting) == before
