"""Accounts: made, told apart, leaving and coming back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import db, errors, permissions, revisions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts, interned_names
from qunce.core.staff.models import Staff
from qunce.members.accounts import identifiers
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account, Identifier
from qunce.members.people import merges

EDIT = permissions.declare(
    "members.edit", permissions.Role.MANAGER, permissions.Role.OPERATOR
)
DEFAULT_CHANNEL = "import"
SOURCE_NAMESPACE = "source"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberJoined(facts.FactKind):
    kind = "member.joined"
    label = gettext_lazy("joined the community")
    channel: str
    source: str = ""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberChanged(facts.FactKind):
    """`fields` names what changed; the values are in the account alone."""

    kind = "member.changed"
    label = gettext_lazy("changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class IdentifierAdded(facts.FactKind):
    """A phone, an address or an id is known; which one stands with the account."""

    kind = "member.identifier_added"
    label = gettext_lazy("identifier added")
    identifier_kind: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberLeft(facts.FactKind):
    kind = "member.left"
    label = gettext_lazy("left the community")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberRejoined(facts.FactKind):
    kind = "member.rejoined"
    label = gettext_lazy("rejoined the community")


class AccountAlreadyExists(errors.Refused):
    """This channel knows an account of that key already."""


class InvalidAccount(errors.Invalid):
    """An account needs a key."""


class PresenceConflict(errors.Refused):
    """Who has left cannot leave; who is here cannot come back."""


# Checks


def check_key(key: str) -> str:
    key = key.strip()
    if not key or len(key) > 200 or "\0" in key or not _is_text(key):
        raise InvalidAccount(_("A member's key has 1 to 200 characters."))
    return key


def check_name(name: str) -> str:
    """A name as people write it, on one line; what no database keeps is refused."""
    name = " ".join(name.split())
    if len(name) > 200 or "\0" in name or not _is_text(name):
        raise InvalidAccount(
            _("A name can have at most 200 characters and none that cannot be stored.")
        )
    return name


def _is_text(text: str) -> bool:
    """Half a surrogate pair is no character."""
    return not any("\ud800" <= each <= "\udfff" for each in text)


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    key: str,
    by: Staff,
    at: datetime,
    channel: str = DEFAULT_CHANNEL,
    name: str = "",
    joined_at: datetime | None = None,
    source: str = "",
    identifiers: Mapping[str, str] | None = None,
) -> Account:
    """`identifiers` are identifiers such as {"phone": …}; an equal one merges (K1)."""
    permissions.check_may(by, EDIT)
    if account_queries.find(community, [key := check_key(key)], channel):
        raise AccountAlreadyExists(
            _("A member “%(key)s” already exists.") % {"key": key}
        )
    account = Account.objects.create(
        community=community,
        key=key,
        channel=channel,
        name=check_name(name),
        joined_at=joined_at or at,
        source_id=_source_id(community, source),
        rev=_bump(community),
    )
    joining = MemberJoined(channel=channel, source=source)
    _record(joining, account, by, at, account.joined_at)
    for kind, value in (identifiers or {}).items():
        add_identifier(account=account, kind=kind, value=value, by=by, at=at)
    return account


@transaction.atomic
def update(
    *,
    account: Account,
    by: Staff,
    at: datetime,
    name: str | None = None,
    joined_at: datetime | None = None,
    source: str | None = None,
) -> list[str]:
    """Change what is given and differs; returns the names of the changed fields."""
    permissions.check_may(by, EDIT)
    name = None if name is None else check_name(name)
    new: dict[str, object] = {"name": name, "joined_at": joined_at}
    if source is not None:
        new["source_id"] = _source_id(account.community, source)
    changed = {
        field: value
        for field, value in new.items()
        if value is not None and getattr(account, field) != value
    }
    if changed:
        changed["rev"] = _bump(account.community)
        _change(account, **changed)
        event = MemberChanged(account=account.pk, fields=sorted({*changed} - {"rev"}))
        facts.record(event, community=account.community, by=by, at=at)
    return sorted({*changed} - {"rev"})


@transaction.atomic
def add_identifier(
    *, account: Account, kind: str, value: str, by: Staff, at: datetime
) -> bool:
    """Keep a phone, an address or an id; whoever shares it is the same person.

    False when it was known.
    """
    permissions.check_may(by, EDIT)
    _unused, made = Identifier.objects.get_or_create(
        account=account,
        kind=kind,
        value=identifiers.normalise(kind, value),
        defaults={"community_id": account.community_id},
    )
    if made:
        event = IdentifierAdded(account=account.pk, identifier_kind=kind)
        facts.record(event, community=account.community, by=by, at=at)
        merges.merge_by_identifiers(
            community=account.community, accounts=[account.pk], by=by, at=at
        )
    return made


@transaction.atomic
def leave(
    *, account: Account, by: Staff, at: datetime, left_at: datetime | None = None
) -> None:
    """This account is gone. A person has left when all their accounts have."""
    permissions.check_may(by, EDIT)
    _turn(account, present=False, left_at=left_at or at)
    _record(MemberLeft(), account, by, at, left_at or at)


@transaction.atomic
def rejoin(*, account: Account, by: Staff, at: datetime) -> None:
    permissions.check_may(by, EDIT)
    _turn(account, present=True, left_at=None)
    event = MemberRejoined(account=account.pk)
    facts.record(event, community=account.community, by=by, at=at)


def _record(
    event: facts.FactKind, account: Account, by: Staff, at: datetime, moment: datetime
) -> None:
    facts.record_for_accounts(
        event,
        [account.pk],
        community=account.community,
        by=by,
        at=at,
        happened=[moment],
    )


def _turn(account: Account, *, present: bool, left_at: datetime | None) -> None:
    rev = _bump(account.community)
    there = Account.objects.filter(
        pk=account.pk, present=not present, erased_at__isnull=True
    )
    if not there.update(present=present, left_at=left_at, rev=rev):
        text = (
            _("%(name)s is already in the community.")
            if present
            else _("%(name)s is not in the community.")
        )
        raise PresenceConflict(text % {"name": account})
    account.present, account.left_at, account.rev = present, left_at, rev


def _change(account: Account, **values: object) -> None:
    Account.objects.filter(pk=account.pk).update(**values)
    for name, value in values.items():
        setattr(account, name, value)


def _bump(community: Community) -> int:
    return revisions.bump(community.pk, account_models.PRESENCE_REVISION, [0])[0]


def _source_id(community: Community, source: str) -> int | None:
    return (
        interned_names.ensure(SOURCE_NAMESPACE, community.pk, [source])[source]
        if source
        else None
    )


# In bulk, for files and webhooks

INSERT_ACCOUNTS = """
INSERT INTO members_account (community_id, "key", channel, name, joined_at, left_at,
    source_id, present, erased_at, rev)
VALUES {rows}
ON CONFLICT (community_id, "key", channel) DO NOTHING
"""
ROWS_PER_STATEMENT = 1_000


@transaction.atomic
def ensure(
    *,
    community: Community,
    keys: Iterable[str] | Mapping[str, datetime],
    by: Staff,
    at: datetime,
    channel: str = DEFAULT_CHANNEL,
    source: str = "",
) -> dict[str, int]:
    """Key → account id, made where missing, joined at the given moment or now.

    A key that any channel knows is that account; a new one gets `channel`.
    """
    joined = dict(keys) if isinstance(keys, Mapping) else dict.fromkeys(keys, at)
    found = account_queries.find(community, joined)
    if len(found) == len(joined):
        return found
    source_id, rev = _source_id(community, source), _bump(community)
    found = account_queries.find(
        community, joined
    )  # nobody else makes accounts from here on
    missing = [check_key(key) for key in joined if key not in found]
    head = (community.pk, channel, source_id, rev)
    _insert(head, [(key, timestamps.to_micros(joined[key])) for key in missing])
    made = account_queries.find(community, missing, channel)
    event = MemberJoined(channel=channel, source=source)
    accounts, happened = [made[key] for key in missing], [joined[k] for k in missing]
    facts.record_for_accounts(
        event, accounts, community=community, by=by, at=at, happened=happened
    )
    return found | made


def _insert(
    head: tuple[int, str, int | None, int], rows: Sequence[tuple[str, int]]
) -> None:
    community_id, channel, source_id, rev = head
    for chunk in account_queries.chunks(rows, ROWS_PER_STATEMENT):
        values: list[object] = []
        for key, joined in chunk:
            values += [community_id, key, channel, "", joined, None]
            values += [source_id, True, None, rev]
        marks = ", ".join([f"({db.placeholders(10)})"] * len(chunk))
        db.execute(INSERT_ACCOUNTS.format(rows=marks), values)


@transaction.atomic
def add_identifiers(
    *,
    community: Community,
    values: Iterable[tuple[int, str, str]],
    by: Staff,
    at: datetime,
) -> list[merges.Merge]:
    """Keep (account, kind, normalised value) of many, and merge whom they join."""
    rows = [
        Identifier(
            account_id=account, community_id=community.pk, kind=kind, value=value
        )
        for account, kind, value in values
    ]
    Identifier.objects.bulk_create(
        rows, batch_size=ROWS_PER_STATEMENT, ignore_conflicts=True
    )
    accounts = sorted({row.account_id for row in rows})
    return merges.merge_by_identifiers(
        community=community, accounts=accounts, by=by, at=at
    )
