"""Records facts that programs report, up to a thousand in one transaction.

A fact with a key is recorded once per source and key. Unknown members and groups are
created, unless the staff member behind the program sees only part of the community.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import db, errors, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import audit, facts, ingest, interned_names
from qunce.core.staff.models import Staff
from qunce.groups import groups as group_groups
from qunce.groups import visibility
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility as people

WRITE = permissions.declare(
    "facts.write", permissions.Role.MANAGER, permissions.Role.OPERATOR
)
INGESTED = audit.declare("facts.ingested", gettext_lazy("facts reported"))
MAX_FACTS = 1_000
MAX_PAYLOAD_LENGTH = 16_000
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
MAX_CLOCK_SKEW = timedelta(days=1)
"""Facts may be dated this far ahead, as the clocks of other machines differ."""


@dataclass(frozen=True, slots=True)
class IncomingFact:
    """A fact as a program reports it.

    Give the member as a key (`member`) or as an account id (`account`), not both; the
    same holds for `group` and `group_id`.
    """

    kind: str
    happened_at: datetime
    member: str = ""
    account: int | None = None
    group: str = ""
    group_id: int | None = None
    payload: Mapping[str, Any] | None = None
    key: str = ""


@dataclass(frozen=True)
class IngestResult:
    """`duplicates` are facts that were recorded before."""

    accepted: int
    duplicates: int
    accounts_created: int


class FactsRejected(errors.Invalid):
    """Some of these facts are invalid, so none was recorded."""

    def __init__(self, reasons: Mapping[int, str]) -> None:
        """`reasons` by the index of the invalid fact."""
        first = min(reasons)
        super().__init__(f"{first}: {reasons[first]}")
        self.reasons = dict(reasons)


# Checks


def find_error(fact: IncomingFact, at: datetime) -> str:
    """Return why this fact cannot be recorded, or an empty string."""
    return _kind_error(fact.kind) or _value_error(fact, at)


def _kind_error(kind: str) -> str:
    declared = facts.declared().get(kind)
    if not facts.KIND_PATTERN.fullmatch(kind):
        return _("Write the kind as noun.verb, like page.viewed.")
    if declared and not declared.reportable:
        return _(
            "“%(kind)s” is recorded by Qunce and cannot be reported from outside."
        ) % {"kind": kind}
    return ""


def _value_error(fact: IncomingFact, at: datetime) -> str:
    if not EARLIEST <= fact.happened_at <= at + MAX_CLOCK_SKEW:
        return _("The time of a fact must be in 1970 or later and not in the future.")
    if (fact.member and fact.account) or (fact.group and fact.group_id):
        return _("Give either a key or a number, not both.")
    return ""


def _check(incoming: Sequence[IncomingFact], at: datetime) -> list[str | None]:
    """Return the payloads as JSON; raises FactsRejected if any fact is invalid."""
    # A batch has few different kinds, so each is checked once.
    kind_errors = {kind: _kind_error(kind) for kind in {fact.kind for fact in incoming}}
    reasons: dict[int, str] = {}
    payloads: list[str | None] = []
    for index, fact in enumerate(incoming):
        # Encoded before the transaction, so that SQLite's lock is held for the writes
        # only.
        payload = facts.dump(dict(fact.payload)) if fact.payload else None
        payloads.append(payload)
        reason = kind_errors[fact.kind] or _value_error(fact, at)
        if payload and len(payload) > MAX_PAYLOAD_LENGTH:
            reason = _("A payload has at most %(n)s characters.") % {
                "n": MAX_PAYLOAD_LENGTH
            }
        if reason:
            reasons[index] = reason
    if reasons:
        raise FactsRejected(reasons)
    return payloads


# Verbs


def record_facts(
    *,
    community: Community,
    incoming: Sequence[IncomingFact],
    by: Staff,
    at: datetime,
    source: str = "api",
) -> IngestResult:
    """Record the facts that are new, in one transaction.

    Raises FactsRejected if any of them is invalid; then none is recorded.
    """
    permissions.check_may(by, WRITE)
    payloads = _check(incoming, at)
    with transaction.atomic():
        # Inside the transaction: if the facts are rejected, no member stays behind that
        # was created for them.
        account_ids, created = _resolve_members(community, incoming, by, at, source)
        group_ids = _resolve_groups(community, incoming, by, at)
        source_id = interned_names.ensure("source", community.pk, [source])[source]
        kind_ids = facts.ensure_kinds({fact.kind for fact in incoming})
        # Two facts without a key are never duplicates of each other.
        keys = [fact.key or f"~{secrets.token_hex(12)}" for fact in incoming]
        # PostgreSQL has a unique index on the keys themselves.
        hashes = [0] * len(keys)
        if not db.is_postgresql():
            hashed = ingest.hashes_of(source_id, [key.encode() for key in keys])
            hashes = hashed.tolist()
        accepted = ingest.insert_new(
            ingest.FactBatch(
                community_id=community.pk,
                source_id=source_id,
                actor_id=None,
                recorded_at=timestamps.to_micros(at),
                kinds=[kind_ids[fact.kind] for fact in incoming],
                accounts=[
                    account_ids.get(fact.member, fact.account) for fact in incoming
                ],
                groups=[group_ids.get(fact.group, fact.group_id) for fact in incoming],
                happened_at=[
                    timestamps.to_micros(fact.happened_at) for fact in incoming
                ],
                payloads=payloads,
                keys=keys,
                hashes=hashes,
            )
        )
        # Repeated requests that add nothing leave no trace in the audit log.
        if accepted:
            audit.log(kind=INGESTED, community=community, by=by, at=at, count=accepted)
    return IngestResult(accepted, len(incoming) - accepted, created)


def _resolve_members(
    community: Community,
    incoming: Sequence[IncomingFact],
    by: Staff,
    at: datetime,
    source: str,
) -> tuple[dict[str, int], int]:
    """Return account ids by member key, and the number of accounts created."""
    first_seen: dict[str, datetime] = {}
    for fact in incoming:
        if fact.member:
            first_seen[fact.member] = min(
                fact.happened_at, first_seen.get(fact.member, fact.happened_at)
            )
    account_ids = account_queries.find(community, first_seen)
    # Without a scope, unknown members are created below.
    if by.scope is not None:
        _check_visible(incoming, account_ids, by, at)
    given_ids = {fact.account for fact in incoming if fact.account is not None}
    people.check_visible(by=by, accounts=given_ids, at=at)
    missing = {
        key: moment for key, moment in first_seen.items() if key not in account_ids
    }
    if missing:
        account_ids |= accounts.ensure(
            community=community, keys=missing, by=by, at=at, source=source
        )
    return account_ids, len(missing)


def _check_visible(
    incoming: Sequence[IncomingFact],
    account_ids: Mapping[str, int],
    by: Staff,
    at: datetime,
) -> None:
    """Reject facts about members outside the scope, as if those were unknown.

    Unknown members are rejected too: an answer that differs would reveal who exists.
    """
    person_ids = account_queries.person_ids(account_ids.values())
    visible = people.filter_visible(by=by, accounts=account_ids.values(), at=at)
    visible_keys = {
        key for key, account in account_ids.items() if person_ids[account] in visible
    }
    reasons = {
        index: _("There is no member “%(key)s”.") % {"key": fact.member}
        for index, fact in enumerate(incoming)
        if fact.member and fact.member not in visible_keys
    }
    if reasons:
        raise FactsRejected(reasons)


def _resolve_groups(
    community: Community, incoming: Sequence[IncomingFact], by: Staff, at: datetime
) -> dict[str, int]:
    """Return group ids by group key."""
    keys = {fact.group for fact in incoming if fact.group}
    given_ids = {fact.group_id for fact in incoming if fact.group_id is not None}
    if not keys and not given_ids:
        return {}
    group_ids = group_groups.find(community, keys)
    # Before any group is created, so that a refusal changes nothing.
    visibility.check(by=by, groups=given_ids | set(group_ids.values()))
    if keys - set(group_ids):
        if by.groups is not None:
            raise group_groups.GroupNotFound(_("There is no such group."))
        group_ids |= group_groups.ensure(community=community, keys=keys, by=by, at=at)
    return group_ids
