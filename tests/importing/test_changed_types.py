"""Imports before and after the type of an attribute is changed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.attributes import attributes, type_changes
from qunce.members.people import people
from tests.factories import LATER
from tests.importing import helpers, test_undo

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
CHANGED_AT = LATER + timedelta(minutes=30)


def value_of(shop: Community, key: str) -> str:
    return people.get(shop, key).attributes["score"].text


def change(shop: Community, kind: str, by: Staff) -> None:
    score = attributes.get(shop, "score")
    type_changes.change_type(attribute=score, type=kind, by=by, at=CHANGED_AT)


def test_later_file_is_read_as_the_new_type(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    helpers.run(shop, helpers.write(tmp_path, "key,score\na,5\nb,12\n"), "members")
    change(shop, "text", by)
    later = helpers.write(tmp_path, "key,score\na,010020\nc,none given\n")
    assert not helpers.run(shop, later, "members").problems
    assert [value_of(shop, key) for key in "abc"] == ["010020", "12", "none given"]
    assert attributes.get(shop, "score").type == "text"


def test_undo_leaves_values_whose_type_was_changed_since(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    test_undo.run(by, "key,name,score\na,Ann,5\nb,Bob,12\n", tmp_path, "members")
    second = "key,name,score\na,Anna,7\n"
    job = test_undo.run(by, second, tmp_path, "members", LATER)
    change(shop, "text", by)
    done = test_undo.undo(job, by)
    assert people.get(shop, "a").name == "Ann"
    assert (value_of(shop, "a"), done.remainder_count) == ("7", 1)
