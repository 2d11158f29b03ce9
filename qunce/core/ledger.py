"""A ledger: entries are added, never changed; a mistake is reversed by another entry."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, models, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from qunce.core import errors, instants
from qunce.core.communities import Community
from qunce.core.operators import Operator


class Entry(models.Model):
    """`book` is a kind of value (points, commission …); triggers refuse UPDATE and DELETE.

    `key` names the reason within its book, so the same reason is entered once.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    book = models.CharField(max_length=40)
    account_id = models.BigIntegerField()
    amount = models.BigIntegerField()
    key = models.CharField(max_length=200)
    at = instants.InstantField()
    by = models.ForeignKey(Operator, models.PROTECT, related_name="+")
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="reversal"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "book", "key"], name="one_entry_a_reason"
            ),
            models.CheckConstraint(
                condition=~models.Q(amount=0), name="an_entry_changes_something"
            ),
        ]
        indexes = [
            models.Index(fields=["account_id", "book"], name="entry_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.book} {self.amount:+}"


class EmptyEntry(errors.Invalid):
    """An entry has to change something."""


class AlreadyReversed(errors.Refused):
    """An entry can be reversed once, and a reversal not at all."""


def check_amount(amount: int) -> None:
    if not amount:
        raise EmptyEntry(_("An entry of nothing changes nothing."))


def post(
    *,
    community: Community,
    book: str,
    account: int,
    amount: int,
    key: str,
    by: Operator,
    at: datetime,
) -> Entry:
    """Enter `amount` for a reason; the same key again returns the first entry."""
    check_amount(amount)
    found = Entry.objects.filter(community=community, book=book, key=key)
    try:
        with transaction.atomic():
            return (
                found.get()
                if found.exists()
                else Entry.objects.create(
                    community=community,
                    book=book,
                    account_id=account,
                    amount=amount,
                    key=key,
                    by=by,
                    at=at,
                )
            )
    except IntegrityError:
        return found.get()


def reverse(*, entry: Entry, by: Operator, at: datetime) -> Entry:
    if entry.reverses_id or Entry.objects.filter(reverses=entry).exists():
        raise AlreadyReversed(_("This entry is reversed already."))
    try:
        with transaction.atomic():
            return Entry.objects.create(
                community=entry.community,
                book=entry.book,
                account_id=entry.account_id,
                amount=-entry.amount,
                key=f"reversal of {entry.pk}",
                by=by,
                at=at,
                reverses=entry,
            )
    except IntegrityError:
        raise AlreadyReversed(_("This entry is reversed already.")) from None


def balance(*, community: Community, book: str, accounts: list[int]) -> int:
    entries = Entry.objects.filter(
        community=community, book=book, account_id__in=accounts
    )
    return entries.aggregate(total=Sum("amount"))["total"] or 0
