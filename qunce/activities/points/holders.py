"""A person whose points change: locked, with their lots, and what was decided written.

All verbs of points go through here, in the order lock, read, decide, write. The rows of
`point_account` are the lock of a person; lots and sums change by conditional statements
besides, and the tables refuse what would be below zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext as _

from qunce.activities.points import lot_rows, point_facts
from qunce.activities.points.models import (
    MAX_KEY,
    MAX_POINTS,
    MAX_REASON,
    EntryKind,
    PointAccount,
    PointEntry,
    PointReason,
)
from qunce.core import db, errors, lots, permissions, text_validation
from qunce.core.facts import facts
from qunce.core.lots import Case, Lot, Restored, Use
from qunce.core.prepared_queries import Param, PreparedQuery
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

ENSURE = "INSERT INTO point_account (account_id, community_id, owed) VALUES"


class InvalidPoints(errors.Invalid):
    """An amount, a key or a reason that points cannot have."""


class KeyUsedAgain(errors.Refused):
    """The key was used for something else before."""


# Checks


def check_amount(amount: int) -> None:
    if not 1 <= amount <= MAX_POINTS:
        raise InvalidPoints(
            _("Points must be a whole number from 1 to %(most)s; this is %(n)s.")
            % {"most": f"{MAX_POINTS:,}", "n": f"{amount:,}"}
        )


def clean_key(key: str) -> str:
    key = key.strip()
    # Keys get a prefix where they are stored.
    if not key or len(key) > MAX_KEY - 30 or not text_validation.is_valid(key):
        raise InvalidPoints(
            _("“Key” must have 1 to %(most)s characters.") % {"most": MAX_KEY - 30}
        )
    return key


def clean_reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if len(reason) > MAX_REASON or not text_validation.is_valid(reason):
        raise InvalidPoints(
            _("“Reason” can have at most %(most)s characters; it has %(n)s.")
            % {"most": MAX_REASON, "n": f"{len(reason):,}"}
        )
    return reason


def check_may_adjust(by: Staff | None, account: Account, at: datetime) -> None:
    """Raise NotAllowed, or MemberNotFound for whom `by` does not see; no `by` is the system."""
    if by is None:
        return
    permissions.check_may(by, point_facts.ADJUST)
    visibility.check_visible(by=by, accounts=[account.pk], at=at)


_ACCOUNT = PreparedQuery(
    lambda: Account.objects.select_related("community").filter(
        pk=Param("pk"), erased_at__isnull=True
    )
)


def get_account(account_id: int, by: Staff | None = None) -> Account:
    """The account, unless it is erased or in another community than `by`."""
    account = _ACCOUNT.first(pk=min(account_id, account_queries.MAX_ID))
    is_foreign = by is not None and account and account.community_id != by.community_id
    if account is None or is_foreign:
        raise account_queries.MemberNotFound(
            _("There is no member with the number %(id)s.") % {"id": account_id}
        )
    return account


# Locks


def lock(community: Community, accounts: Iterable[int]) -> dict[int, int]:
    """Lock these accounts until the commit; returns what each of them owes."""
    ids = sorted(set(accounts))
    db.insert(
        ENSURE,
        [(account, community.pk, 0) for account in ids],
        on_conflict="ON CONFLICT DO NOTHING",
    )
    rows = PointAccount.objects.filter(account_id__in=db.id_list(ids))
    locked = rows.order_by("account_id").select_for_update()
    return dict(locked.values_list("account_id", "owed"))


def lock_person(community: Community, account: int) -> tuple[list[int], dict[int, int]]:
    """Lock all accounts of a person, also if accounts are merged during the wait."""
    while True:
        own = account_queries.account_ids_of_person(account)
        owed = lock(community, own)
        if account_queries.account_ids_of_person(account) == own:
            return own, owed


@dataclass
class Holder:
    """A person, locked, with what they have on the day of `at`."""

    community: Community
    account: int
    by: Staff | None
    at: datetime
    accounts: list[int] = field(init=False)
    owed: dict[int, int] = field(init=False)
    day: int = field(init=False)
    cases: list[Case] = field(init=False)
    held: dict[int, Lot] = field(init=False)
    _facts: list[facts.FactKind] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.accounts, self.owed = lock_person(self.community, self.account)
        self.day = self.community.day(self.at)
        self.cases = lot_rows.load_cases(self.community, self.accounts)
        self.reload()

    @property
    def person(self) -> int:
        return self.accounts[0]

    @property
    def lots(self) -> list[Lot]:
        return list(self.held.values())

    def reload(self) -> None:
        self.held = {lot.id: lot for lot in lot_rows.load(self.accounts)}

    def add_entry(
        self,
        kind: EntryKind,
        amount: int,
        key: str,
        *,
        account: int | None = None,
        rule: int = 0,
        owed: int = 0,
        of: int = 0,
        reason: str = "",
    ) -> PointEntry:
        entry = PointEntry.objects.create(
            community_id=self.community.pk,
            account_id=account or self.account,
            person_id=self.person,
            kind=kind,
            rule_id=rule,
            key=key,
            amount=amount,
            owed=owed,
            of_id=of,
            day=self.day,
            at=self.at,
            by_id=self.by.pk if self.by else None,
        )
        if reason:
            PointReason.objects.create(
                community_id=self.community.pk, entry=entry, text=reason
            )
        return entry

    def take(self, entry: PointEntry, uses: Sequence[Use]) -> None:
        lot_rows.take(self.community.pk, uses, self.held)
        add_uses(entry, uses)
        self.reload()

    def give_back(self, entry: PointEntry, restored: Sequence[Restored]) -> None:
        known = lot_rows.get_many(each.lot for each in restored)
        lot_rows.give_back(self.community.pk, restored, known)
        add_uses(entry, [Use(each.lot, each.amount) for each in restored])
        self.reload()

    def expire(self, among: Iterable[int], *, after: PointEntry | None = None) -> None:
        """Write off what has expired of these lots, if wanted `after` an entry gave it."""
        chosen = set(among)
        uses = lots.expire(
            [lot for lot in self.lots if lot.id in chosen], self.day, self.cases
        )
        for use in uses:
            entry = self.add_entry(
                EntryKind.EXPIRE,
                use.amount,
                f"expire/{use.lot}/{self.held[use.lot].last_day}"
                + (f"/{after.pk}" if after else ""),
                account=self.held[use.lot].account,
            )
            self.take(entry, [use])
            self.note(
                point_facts.PointsExpired(
                    account=entry.account_id, points=use.amount, entry=entry.pk
                )
            )

    def owe(self, amount: int) -> None:
        """Let the account owe more."""
        rows = PointAccount.objects.filter(account_id=self.account)
        rows.update(owed=models.F("owed") + amount)
        self.owed[self.account] = self.owed.get(self.account, 0) + amount

    def settle(self) -> None:
        """Pay what is owed from what is usable."""
        for account in sorted(self.owed):
            uses = lots.take(self.lots, self.owed[account], self.day, self.cases)
            paid = sum(use.amount for use in uses)
            if not paid:
                continue
            number = PointEntry.objects.filter(
                account_id=account, kind=EntryKind.PAY
            ).count()
            key = f"pay/{account}/{number + 1}"
            entry = self.add_entry(EntryKind.PAY, paid, key, account=account)
            self.take(entry, uses)
            changed = PointAccount.objects.filter(
                account_id=account, owed__gte=paid
            ).update(owed=models.F("owed") - paid)
            if not changed:
                raise lot_rows.LotsChanged(str(account))
            self.owed[account] -= paid

    def note(self, fact: facts.FactKind) -> None:
        self._facts.append(fact)

    def record(self) -> None:
        """Record the facts of all changes; the last step of each verb."""
        if self._facts:
            facts.record_many(
                self._facts, community=self.community, by=self.by, at=self.at
            )
            self._facts.clear()


def record_fact(
    fact: facts.FactKind, community: Community, by: Staff | None, at: datetime
) -> None:
    facts.record(fact, community=community, by=by, at=at)


def add_uses(entry: PointEntry, uses: Sequence[Use]) -> None:
    db.insert(
        "INSERT INTO point_use (entry_id, lot_id, amount) VALUES",
        [(entry.pk, use.lot, use.amount) for use in uses],
    )
