"""K11 · follow-up notes with next step and date."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import erasure
from qunce.members.accounts import queries as account_queries
from qunce.members.people import notes, people
from tests import factories
from tests.factories import AT, LATER

DUE: dict[str, Any] = {"next_step": "call back", "due_at": LATER}


def test_note_is_created_and_recorded(shop: Community, by: Staff) -> None:
    ann = factories.member(shop, "ann")
    note = notes.create(account=ann, text=" likes tea ", by=by, at=AT)
    assert (note.text, note.staff) == ("likes tea", None)
    assert factories.recorded_facts(shop, "note.created") == [
        (ann.pk, {"note": note.pk})
    ]


@pytest.mark.parametrize(
    "given",
    [{}, {"text": "  "}, {"next_step": "call"}, {"text": "a", "due_at": LATER}],
)
def test_follow_up_needs_a_next_step_and_a_due_date(
    shop: Community, by: Staff, given: dict[str, Any]
) -> None:
    ann = factories.member(shop, "ann")
    with pytest.raises(notes.InvalidNote):
        notes.create(account=ann, by=by, at=AT, **given)


@pytest.mark.both_databases
def test_due_follow_ups_are_own_and_about_visible_members(
    shop: Community, by: Staff
) -> None:
    ann, bob = factories.member(shop, "ann"), factories.member(shop, "bob")
    other = factories.staff(shop, "operator", login="olga")
    mine = notes.create(account=ann, by=by, at=AT, **DUE)
    notes.create(account=ann, by=by, at=AT, staff=other, **DUE)
    assert notes.list_open_until(by=by, until=AT, at=AT) == []
    assert notes.list_open_until(by=by, until=LATER, at=LATER) == [mine]
    notes.complete(note=mine, by=by, at=LATER)
    assert notes.list_open_until(by=by, until=LATER, at=LATER) == []
    with pytest.raises(notes.FollowUpAlreadyDone):
        notes.complete(note=mine, by=by, at=LATER)
    notes.reopen(note=mine, by=by, at=LATER)
    notes.update(note=mine, due_at=LATER + timedelta(hours=1), by=by, at=LATER)
    assert notes.list_open_until(by=by, until=LATER, at=LATER) == []
    other.scope = {"members": {"keys": ["bob"]}}
    assert notes.list_open_until(by=other, until=LATER, at=LATER) == []
    with pytest.raises(notes.NoteNotFound):
        notes.get(by=other, pk=mine.pk, at=LATER)
    theirs = notes.create(account=bob, by=other, at=AT, **DUE)
    assert notes.list_open_until(by=other, until=LATER, at=LATER) == [theirs]


def test_only_managers_change_notes_of_others(shop: Community, by: Staff) -> None:
    note = notes.create(account=factories.member(shop, "ann"), by=by, at=AT, **DUE)
    stranger = factories.staff(shop, "operator", login="olga")
    assert not notes.may_edit(note, stranger)
    with pytest.raises(permissions.NotAllowed):
        notes.complete(note=note, by=stranger, at=LATER)
    boss = factories.staff(shop, "manager", login="max")
    notes.update(note=note, staff=stranger, by=boss, at=LATER)
    assert notes.may_edit(note, stranger)
    viewer = factories.staff(shop, "viewer", login="vic")
    with pytest.raises(permissions.NotAllowed):
        notes.create(account=note.account, text="no", by=viewer, at=AT)


@pytest.mark.both_databases
def test_person_has_the_notes_of_all_accounts_until_erased(
    shop: Community, by: Staff
) -> None:
    ann, too = factories.member(shop, "ann"), factories.member(shop, "too")
    plain = notes.create(account=ann, text="one", by=by, at=LATER)
    late = {**DUE, "due_at": LATER + timedelta(hours=1)}
    later = notes.create(account=too, by=by, at=LATER, **late)
    open_ = notes.create(account=too, by=by, at=AT, **DUE)
    people.merge(left=ann, right=too, by=by, at=AT)
    assert notes.list_of_person(account_queries.account_ids_of_person(ann.pk)) == [
        open_,
        later,
        plain,
    ]
    head = people.erase(account=too, by=by, at=LATER)
    erasure.scrub(str(head), at=LATER)
    assert not notes.Note.objects.exists()
    system = staff_models.system(shop)
    assert notes.list_open_until(by=system, until=LATER, at=LATER) == []
