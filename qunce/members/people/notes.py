"""Notes: what staff keep in mind about a member, and what to do next, by when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, text_validation, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

WRITE = permissions.declare(
    "notes.write", permissions.Role.MANAGER, permissions.Role.OPERATOR
)
MAX_LENGTH = 2_000


class Note(models.Model):
    """`account` is the one it was written about; a merged person has all of theirs.

    With a `due_at` it is a follow-up: `staff` does the `next_step` until then.
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
    """The words stand in the note alone, where they can be erased."""

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
    """A note says something; a follow-up says what and when."""


class FollowUpAlreadyDone(errors.Refused):
    """This follow-up is done already."""


# Checks


def check(*, text: str, next_step: str, due_at: datetime | None) -> None:
    if not text and not next_step:
        raise InvalidNote(_("Write a note or a next step."))
    if not text_validation.is_text(text + next_step):
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
    """Others' follow-ups are changed by those who manage."""
    permissions.check_may(by, WRITE)
    if (
        by.pk not in (note.by_id, note.staff_id)
        and by.role == permissions.Role.OPERATOR
    ):
        raise permissions.NotAllowed(
            _("This note belongs to %(name)s. A manager can change it.")
            % {"name": note.staff or note.by}
        )


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
    """Without a `staff` a follow-up is the writer's own."""
    permissions.check_may(by, WRITE)
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
    """New words, another time (put off), somebody else's: what is given and differs."""
    check_may_edit(note, by)
    note.text = note.text if text is None else text.strip()
    note.due_at, note.staff = due_at or note.due_at, staff or note.staff
    check(text=note.text, next_step=note.next_step, due_at=note.due_at)
    note.save(update_fields=["text", "due_at", "staff"])
    _record(NoteChanged(account=note.account_id, note=note.pk), note, by, at)
    return note


@transaction.atomic
def complete(*, note: Note, by: Staff, at: datetime) -> None:
    check_may_edit(note, by)
    still = Note.objects.filter(pk=note.pk, due_at__isnull=False, done_at__isnull=True)
    if not still.update(done_at=at, done_by=by):
        raise FollowUpAlreadyDone(_("This follow-up is already done."))
    note.refresh_from_db(fields=["done_at", "done_by"])
    _record(FollowUpCompleted(account=note.account_id, note=note.pk), note, by, at)


@transaction.atomic
def reopen(*, note: Note, by: Staff, at: datetime) -> None:
    check_may_edit(note, by)
    done = Note.objects.filter(pk=note.pk, done_at__isnull=False)
    if done.update(done_at=None, done_by=None):
        note.refresh_from_db(fields=["done_at", "done_by"])
        event = FollowUpReopened(account=note.account_id, note=note.pk)
        _record(event, note, by, at)


def _record(event: facts.FactKind, note: Note, by: Staff, at: datetime) -> None:
    facts.record(event, community=note.community, by=by, at=at)


def erase(accounts: Iterable[int]) -> None:
    """Of who is erased nothing stays written."""
    Note.objects.filter(account_id__in=list(accounts)).delete()


# Reads


def get(*, by: Staff, pk: int, at: datetime) -> Note:
    rows = Note.objects.filter(community=by.community, pk=pk)
    note = rows.select_related("community", "account", "by", "staff").first()
    if note is None or not visibility.filter_visible(
        by=by, accounts=[note.account_id], at=at
    ):
        raise NoteNotFound(_("There is no such note."))
    return note


def list_of_person(accounts: Iterable[int]) -> list[Note]:
    """All notes about one person: open follow-ups, the longest due first, then the newest."""
    rows = Note.objects.filter(account_id__in=list(accounts))
    found = list(rows.select_related("by", "staff", "done_by").order_by("-at", "-pk"))
    open_ = [note for note in found if note.due_at and not note.done_at]
    rest = [note for note in found if note not in open_]
    return sorted(open_, key=lambda note: (note.due_at, note.pk)) + rest


def list_due(*, by: Staff, at: datetime, limit: int = 200) -> list[Note]:
    """The operator's own follow-ups that are due, the longest due first."""
    return list_open_until(by=by, until=at, at=at, limit=limit)


def list_open_until(
    *, by: Staff, until: datetime, at: datetime, limit: int = 200
) -> list[Note]:
    rows = Note.objects.filter(
        staff=by, done_at__isnull=True, due_at__lte=timestamps.to_micros(until)
    )
    found = list(rows.select_related("account").order_by("due_at", "pk")[:limit])
    accounts = [note.account_id for note in found]
    seen, heads = (
        visibility.filter_visible(by=by, accounts=accounts, at=at),
        account_queries.person_ids(accounts),
    )
    return [note for note in found if heads[note.account_id] in seen]
