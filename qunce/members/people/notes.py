"""Notes of staff about members, and follow-ups: a next step with a due date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, personal_texts, text_validation, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

WRITE = permissions.declare(
    "notes.write",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("write notes and follow-ups"),
)
MAX_LENGTH = 2_000


@personal_texts.erased_in(sentences=("text", "next_step"))
class Note(models.Model):
    """A note about an account; a merged person has the notes of all their accounts.

    With a `due_at` it is a follow-up, in which `staff` does the `next_step` by then.
    """

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    account = models.ForeignKey(
        account_models.Account, models.PROTECT, related_name="+"
    )
    text = models.TextField(default="", blank=True)
    next_step = models.CharField(max_length=200, default="", blank=True)
    due_at = timestamps.TimestampField(null=True)
    staff = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", db_index=False
    )
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)
    done_at = timestamps.TimestampField(null=True)
    done_by = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["staff", "due_at"],
                condition=models.Q(done_at__isnull=True, due_at__isnull=False),
                name="open_follow_ups",
            )
        ]

    def __str__(self) -> str:
        return self.next_step or self.text


@facts.declare
@dataclass(frozen=True, kw_only=True)
class NoteCreated(facts.FactKind):
    """The text is stored in the note only, where it can be erased."""

    kind = "note.created"
    label = gettext_lazy("note written")
    note: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class NoteChanged(facts.FactKind):
    kind = "note.changed"
    label = gettext_lazy("note changed")
    note: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FollowUpCompleted(facts.FactKind):
    kind = "note.completed"
    label = gettext_lazy("follow-up done")
    note: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FollowUpReopened(facts.FactKind):
    kind = "note.reopened"
    label = gettext_lazy("follow-up reopened")
    note: int


class NoteNotFound(errors.NotFound):
    """There is no such note."""


class InvalidNote(errors.Invalid):
    """A note needs a text; a follow-up needs a next step and a due date."""


class FollowUpAlreadyDone(errors.Refused):
    """This follow-up is already done."""


# Checks


def check(*, text: str, next_step: str, due_at: datetime | None) -> None:
    """Raises InvalidNote unless a note may have these contents."""
    if not text and not next_step:
        raise InvalidNote(_("Write a note or a next step."))
    if not text_validation.is_valid(text + next_step):
        raise InvalidNote(_("This contains characters that cannot be stored."))
    if len(text) > MAX_LENGTH or len(next_step) > 200:
        raise InvalidNote(
            _(
                "A note can have at most %(most)s characters, and a next step at most 200."
            )
            % {"most": MAX_LENGTH}
        )
    if bool(next_step) != (due_at is not None):
        raise InvalidNote(_("A follow-up needs both a next step and a due date."))


def check_may_edit(note: Note, by: Staff) -> None:
    """Raises NotAllowed for an operator who neither wrote the note nor has to do it."""
    permissions.check_may(by, WRITE)
    if (
        by.pk not in (note.by_id, note.staff_id)
        and permissions.role_of(by) == permissions.Role.OPERATOR
    ):
        raise permissions.NotAllowed(
            _("This note belongs to %(name)s. A manager can change it.")
            % {"name": note.staff or note.by}
        )


def check_change(note: Note, by: Staff, at: datetime) -> None:
    """Raise NoteNotFound for a note about a hidden member, or NotAllowed."""
    check_visible(note, by=by, at=at)
    check_may_edit(note, by)


def check_visible(note: Note, *, by: Staff, at: datetime) -> None:
    """Raise NoteNotFound if `by` does not see the member whom the note is about."""
    if note.community_id != by.community_id or not visibility.filter_visible(
        by=by, accounts=[note.account_id], at=at
    ):
        raise NoteNotFound(_("There is no such note."))


def may_edit(note: Note, by: Staff) -> bool:
    try:
        check_may_edit(note, by)
    except errors.Refused:
        return False
    return True


# Verbs


@transaction.atomic
def create(
    *,
    account: account_models.Account,
    by: Staff,
    at: datetime,
    text: str = "",
    next_step: str = "",
    due_at: datetime | None = None,
    staff: Staff | None = None,
) -> Note:
    """Create a note. A follow-up without `staff` is assigned to `by`."""
    permissions.check_may(by, WRITE)
    visibility.check_visible(by=by, accounts=[account.pk], at=at)
    text, next_step = text.strip(), next_step.strip()
    check(text=text, next_step=next_step, due_at=due_at)
    note = Note.objects.create(
        community=account.community,
        account=account,
        text=text,
        next_step=next_step,
        due_at=due_at,
        staff=(staff or by) if due_at else None,
        at=at,
        by=by,
    )
    _record(NoteCreated(account=account.pk, note=note.pk), note, by, at)
    return note


@transaction.atomic
def update(
    *,
    note: Note,
    by: Staff,
    at: datetime,
    text: str | None = None,
    due_at: datetime | None = None,
    staff: Staff | None = None,
) -> Note:
    """Change the text, due date or assignee; None leaves each as it is."""
    check_change(note, by, at)
    note.text = note.text if text is None else text.strip()
    note.due_at, note.staff = due_at or note.due_at, staff or note.staff
    check(text=note.text, next_step=note.next_step, due_at=note.due_at)
    note.save(update_fields=["text", "due_at", "staff"])
    _record(NoteChanged(account=note.account_id, note=note.pk), note, by, at)
    return note


@transaction.atomic
def complete(*, note: Note, by: Staff, at: datetime) -> None:
    check_change(note, by, at)
    # Of two people who complete it at the same time only one records the fact.
    rows = Note.objects.filter(pk=note.pk, due_at__isnull=False, done_at__isnull=True)
    if not rows.update(done_at=at, done_by=by):
        raise FollowUpAlreadyDone(_("This follow-up is already done."))
    note.refresh_from_db(fields=["done_at", "done_by"])
    _record(FollowUpCompleted(account=note.account_id, note=note.pk), note, by, at)


@transaction.atomic
def reopen(*, note: Note, by: Staff, at: datetime) -> None:
    check_change(note, by, at)
    rows = Note.objects.filter(pk=note.pk, done_at__isnull=False)
    if rows.update(done_at=None, done_by=None):
        note.refresh_from_db(fields=["done_at", "done_by"])
        _record(FollowUpReopened(account=note.account_id, note=note.pk), note, by, at)


def _record(fact: facts.FactKind, note: Note, by: Staff, at: datetime) -> None:
    facts.record(fact, community=note.community, by=by, at=at)


def erase(accounts: Iterable[int]) -> None:
    """Delete all notes about erased accounts."""
    Note.objects.filter(account_id__in=list(accounts)).delete()


# Reads


def get(*, by: Staff, pk: int, at: datetime) -> Note:
    """A note about a visible member; raises NoteNotFound."""
    rows = Note.objects.filter(community=by.community, pk=pk)
    note = rows.select_related("community", "account", "by", "staff").first()
    if note is None:
        raise NoteNotFound(_("There is no such note."))
    check_visible(note, by=by, at=at)
    return note


def list_of_person(accounts: Iterable[int]) -> list[Note]:
    """All notes about one person's accounts.

    Open follow-ups come first, the earliest due date first, then the newest notes.
    """
    rows = Note.objects.filter(account_id__in=list(accounts))
    notes = list(rows.select_related("by", "staff", "done_by").order_by("-at", "-pk"))
    follow_ups = [note for note in notes if note.due_at and not note.done_at]
    rest = [note for note in notes if note not in follow_ups]
    return sorted(follow_ups, key=lambda note: (note.due_at, note.pk)) + rest


def list_open_until(
    *, by: Staff, until: datetime, at: datetime, limit: int = 200
) -> list[Note]:
    """Open follow-ups assigned to `by` that are due by `until`, the earliest first.

    They are about visible members.
    """
    rows = Note.objects.filter(
        staff=by, done_at__isnull=True, due_at__lte=timestamps.to_micros(until)
    )
    notes = list(rows.select_related("account").order_by("due_at", "pk")[:limit])
    accounts = [note.account_id for note in notes]
    visible = visibility.filter_visible(by=by, accounts=accounts, at=at)
    people = account_queries.person_ids(accounts)
    return [note for note in notes if people[note.account_id] in visible]
