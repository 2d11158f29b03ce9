"""Accounts: creating, editing and identifying them, leaving and rejoining."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import (
    db,
    errors,
    names,
    permissions,
    revisions,
    text_validation,
    timestamps,
)
from qunce.core.communities import Community
from qunce.core.facts import facts, interned_names
from qunce.core.staff import api_keys
from qunce.core.staff.models import Staff
from qunce.members.accounts import identifiers as identifier_forms
from qunce.members.accounts import models as account_models
from qunce.members.accounts import placeholders, suppression
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account, Identifier
from qunce.members.people import identifier_merges, visibility

EDIT = permissions.declare(
    "members.edit",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("add members and mark them as left or returned"),
)
DEFAULT_CHANNEL = "import"
PLAIN_KEY = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,199}")
"""Keys without anything to normalise."""
SOURCE_NAMESPACE = "source"
"""Namespace of the interned names that `Account.source_id` refers to."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberJoined(facts.FactKind):
    kind = "member.joined"
    label = gettext_lazy("joined the community")
    labels = {"channel": gettext_lazy("channel"), "source": gettext_lazy("source")}
    channel: str
    source: str = ""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberChanged(facts.FactKind):
    """`fields` names the changed fields; their values are stored in the account only."""

    kind = "member.changed"
    label = gettext_lazy("changed")
    instead = gettext_lazy(
        "Import the members instead, or change them through the API."
    )
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class IdentifierAdded(facts.FactKind):
    """`identifier_kind` is phone, email or the like; the value is stored with the account."""

    kind = "member.identifier_added"
    label = gettext_lazy("identifier added")
    instead = gettext_lazy(
        "Import the members instead, or change them through the API."
    )
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
    """An account with this key already exists in this channel."""


class InvalidAccount(errors.Invalid):
    """An account needs a key."""


class PresenceConflict(errors.Refused):
    """A member who left cannot leave again, and one who is present cannot rejoin."""


# Checks


def check_may_add(by: Staff) -> None:
    """Raise ScopeTooNarrow if `by` sees only some of the members.

    A member or an identifier that they add may turn out to be somebody else's, who would
    be merged into what they see.
    """
    permissions.check_may(by, EDIT)
    # A key for orders or facts makes no members by naming unknown ones.
    api_keys.check_scope_of(by, "members:write")
    if by.scope is not None:
        raise permissions.ScopeTooNarrow(
            _(
                "%(name)s sees only part of the community and cannot add members or"
                " identifiers."
            )
            % {"name": by.name}
        )


def may_add(by: Staff) -> bool:
    try:
        check_may_add(by)
    except permissions.NotAllowed:
        return False
    return True


def check_may_edit(account: Account, *, by: Staff, at: datetime) -> None:
    """Raise NotAllowed, or MemberNotFound if `by` does not see the member."""
    permissions.check_may(by, EDIT)
    visibility.check_visible(by=by, accounts=[account.pk], at=at)


def check_key(community: Community, key: str) -> str:
    """The key in its normal form; raises InvalidAccount."""
    return _normalise_key(placeholders.reader_of(community), key)


def _normalise_key(reader: identifier_forms.Reader, key: str) -> str:
    # Most keys are in their normal form already.
    if PLAIN_KEY.fullmatch(key) and key.casefold() not in reader.placeholders:
        return key
    if not text_validation.is_valid(key) or not identifier_forms.clean(key):
        raise InvalidAccount(_("A member's key has 1 to 200 characters."))
    try:
        return reader.require(identifier_forms.KEY, key)
    except identifier_forms.InvalidIdentifier as error:
        raise InvalidAccount(str(error)) from None


def check_name(name: str) -> str:
    """The cleaned name; raises InvalidAccount."""
    name = names.clean(name)
    if len(name) > 200 or not text_validation.is_valid(name):
        raise InvalidAccount(
            _("A name can have at most 200 characters and none that cannot be stored.")
        )
    return name


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
    """Create an account. `identifiers` maps kinds such as "phone" to values.

    An account that shares an identifier with another one is merged with it. Raises
    PersonErased for the key or an identifier of somebody who was erased.
    """
    check_may_add(by)
    reader = placeholders.reader_of(community)
    key = _normalise_key(reader, key)
    values = [
        (kind, reader.require(kind, value))
        for kind, value in (identifiers or {}).items()
    ]
    suppression.check(community, [(identifier_forms.KEY, key), *values])
    if account_queries.find(community, [key], channel):
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
        rev=_bump_presence(community),
    )
    fact = MemberJoined(channel=channel, source=source)
    _record(fact, account, by, at, happened_at=account.joined_at)
    for kind, value in values:
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
    """Change the fields that are not None and differ; returns their names, sorted."""
    check_may_edit(account, by=by, at=at)
    name = None if name is None else check_name(name)
    new: dict[str, object] = {"name": name, "joined_at": joined_at}
    if source is not None:
        new["source_id"] = _source_id(account.community, source)
    changed = {
        field: value
        for field, value in new.items()
        if value is not None and getattr(account, field) != value
    }
    if not changed:
        return []
    fields = sorted(changed)
    # The table of accounts that rules use is cached by this revision, so a new source
    # has to raise it, too.
    changed["rev"] = _bump_presence(account.community)
    # Only the changed columns: the account may have left or been erased in the meantime.
    Account.objects.filter(pk=account.pk).update(**changed)
    for field, value in changed.items():
        setattr(account, field, value)
    fact = MemberChanged(account=account.pk, fields=fields)
    facts.record(fact, community=account.community, by=by, at=at)
    return fields


@transaction.atomic
def add_identifier(
    *, account: Account, kind: str, value: str, by: Staff, at: datetime
) -> bool:
    """Add a phone, address or id, and merge the account with those that share it.

    False if the account already had it. Raises InvalidIdentifier for a placeholder, and
    PersonErased for what belongs to somebody who was erased.
    """
    check_may_add(by)
    visibility.check_visible(by=by, accounts=[account.pk], at=at)
    community = account.community
    text = placeholders.reader_of(community).require(kind, value)
    suppression.check(community, [(kind, text)])
    _identifier, created = Identifier.objects.get_or_create(
        account=account,
        kind=kind,
        value=text,
        defaults={"community_id": account.community_id},
    )
    if created:
        fact = IdentifierAdded(account=account.pk, identifier_kind=kind)
        facts.record(fact, community=community, by=by, at=at)
        identifier_merges.merge(
            community=community, accounts=[account.pk], by=by, at=at
        )
    return created


@transaction.atomic
def leave(
    *, account: Account, by: Staff, at: datetime, left_at: datetime | None = None
) -> None:
    """Mark the account as left. A person has left when all their accounts have."""
    check_may_edit(account, by=by, at=at)
    _set_presence(account, present=False, left_at=left_at or at)
    _record(MemberLeft(), account, by, at, happened_at=left_at or at)


@transaction.atomic
def rejoin(
    *, account: Account, by: Staff, at: datetime, happened_at: datetime | None = None
) -> None:
    """Mark an account that left as present again."""
    check_may_edit(account, by=by, at=at)
    # The latest of these, since from then on the population is that of now, whatever
    # order the times of leaving and rejoining have.
    times = (happened_at or at, account.left_at, account.rejoined_at)
    rejoined_at = max(time for time in times if time is not None)
    _set_presence(account, present=True, left_at=None, rejoined_at=rejoined_at)
    _record(MemberRejoined(), account, by, at, happened_at=happened_at or at)


def _record(
    fact: facts.FactKind,
    account: Account,
    by: Staff,
    at: datetime,
    *,
    happened_at: datetime,
) -> None:
    facts.record_for_accounts(
        fact,
        [account.pk],
        community=account.community,
        by=by,
        at=at,
        happened_at=[happened_at],
    )


def _set_presence(
    account: Account, *, present: bool, left_at: datetime | None, **others: datetime
) -> None:
    rev = _bump_presence(account.community)
    # Guarded UPDATE: of two concurrent calls one finds no row and is refused.
    rows = Account.objects.filter(
        pk=account.pk, present=not present, erased_at__isnull=True
    )
    if not rows.update(present=present, left_at=left_at, rev=rev, **others):
        text = (
            _("%(name)s is already in the community.")
            if present
            else _("%(name)s is not in the community.")
        )
        raise PresenceConflict(text % {"name": account})
    account.present, account.left_at, account.rev = present, left_at, rev
    account.rejoined_at = others.get("rejoined_at", account.rejoined_at)


def _bump_presence(community: Community) -> int:
    return revisions.bump(community.pk, account_models.PRESENCE_REVISION, [0])[0]


def _source_id(community: Community, source: str) -> int | None:
    if not source:
        return None
    return interned_names.ensure(SOURCE_NAMESPACE, community.pk, [source])[source]


# Many accounts at once, for files and webhooks

INSERT_ACCOUNTS = """
INSERT INTO members_account (community_id, "key", channel, name, joined_at, left_at,
    source_id, present, erased_at, rev) VALUES
"""
LEAVE_KNOWN = 'ON CONFLICT (community_id, "key", channel) DO NOTHING'
INSERT_IDENTIFIERS = """
INSERT INTO members_identifier (account_id, community_id, kind, value, job_id) VALUES
"""


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
    """Key → account id, creating the missing accounts.

    A mapping gives the time at which each key joined; otherwise it is `at`. A key that
    exists in any channel is that account; new accounts are created in `channel`. Keys
    are normalised, and the answer has them as they were given. Raises PersonErased if
    one of the missing keys belonged to somebody who was erased.
    """
    permissions.check_community(by, community.pk)
    if by.scope is not None:
        # The answer would show which keys are those of hidden members.
        check_may_add(by)
    given = dict(keys) if isinstance(keys, Mapping) else dict.fromkeys(keys, at)
    reader = placeholders.reader_of(community)
    normal = {key: _normalise_key(reader, key) for key in given}
    joined_at: dict[str, datetime] = {}
    for key, moment in given.items():
        earlier = joined_at.get(normal[key], moment)
        joined_at[normal[key]] = min(moment, earlier)
    ids = _ensure(community, joined_at, by, at, channel, source)
    return {key: ids[normal[key]] for key in given}


def _ensure(
    community: Community,
    joined_at: Mapping[str, datetime],
    by: Staff,
    at: datetime,
    channel: str,
    source: str,
) -> dict[str, int]:
    existing = account_queries.find(community, joined_at)
    # The usual case takes no lock: most keys of a webhook or a file are known.
    if len(existing) == len(joined_at):
        return existing
    unknown = [key for key in joined_at if key not in existing]
    check_may_add(by)
    suppression.check(community, [(identifier_forms.KEY, key) for key in unknown])
    source_id, rev = _source_id(community, source), _bump_presence(community)
    # The bump holds the lock: from here on nobody else creates accounts.
    existing = account_queries.find(community, joined_at)
    missing = [key for key in unknown if key not in existing]
    moments = [timestamps.to_micros(joined_at[key]) for key in missing]
    rows = [
        (community.pk, key, channel, "", joined, None, source_id, True, None, rev)
        for key, joined in zip(missing, moments, strict=True)
    ]
    db.insert(INSERT_ACCOUNTS, rows, on_conflict=LEAVE_KNOWN)
    # Read back, as RETURNING gives ids in no certain order.
    created = account_queries.find(community, missing, channel)
    facts.record_for_accounts(
        MemberJoined(channel=channel, source=source),
        [created[key] for key in missing],
        community=community,
        by=by,
        at=at,
        happened_at=[joined_at[key] for key in missing],
    )
    return existing | created


@transaction.atomic
def add_identifiers(
    *,
    community: Community,
    values: Iterable[tuple[int, str, str]],
    by: Staff,
    at: datetime,
    job_id: int | None = None,
) -> identifier_merges.Joins:
    """Store (account, kind, normalised value) rows; returns the merges they cause.

    Values of erased people are left out. `job_id` is the import that brings them.
    """
    given = list(values)
    suppressed = suppression.find(community, {row[1:] for row in given})
    rows = [
        (account, community.pk, kind, value, job_id)
        for account, kind, value in given
        if (kind, value) not in suppressed
    ]
    db.insert(INSERT_IDENTIFIERS, rows, on_conflict="ON CONFLICT DO NOTHING")
    # All of them, as a stored identifier may not have been merged yet when it was
    # imported.
    accounts = sorted({account for account, *_others in rows})
    return identifier_merges.merge(
        community=community, accounts=accounts, by=by, at=at, job_id=job_id
    )
