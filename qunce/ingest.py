"""What happened elsewhere: facts that programs tell, up to a thousand at once.

Each is taken once a source and key. An account or a group that nobody knew is made, but
not for somebody who sees a part of the community only.
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
INGESTED = audit.declare("facts.taken", gettext_lazy("facts reported"))
MAX_FACTS = 1_000
MAX_PAYLOAD_LENGTH = 16_000
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
MAX_CLOCK_SKEW = timedelta(days=1)
"""How far another machine's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class IncomingFact:
    """`member` and `group` are keys, `account` and `group_id` numbers; at most one each."""

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
    """`known` were taken before; `made` are accounts that nobody knew."""

    taken: int
    known: int
    made: int


class FactsRejected(errors.Invalid):
    """Some of these facts cannot be taken, so none was. `faults` says which and why."""

    def __init__(self, faults: Mapping[int, str]) -> None:
        first = min(faults)
        super().__init__(f"{first}: {faults[first]}")
        self.faults = dict(faults)


# Checks


def find_error(told: IncomingFact, at: datetime) -> str:
    """What is wrong with one, nothing if it is well."""
    return _fault_of_kind(told.kind) or _fault_beside_kind(told, at)


def _fault_of_kind(kind: str) -> str:
    known = facts.declared().get(kind)
    if not facts.KIND.fullmatch(kind):
        return _("Write the kind as noun.verb, like page.viewed.")
    if known and not known.reportable:
        return _(
            "“%(kind)s” is recorded by Qunce and cannot be reported from outside."
        ) % {"kind": kind}
    return ""


def _fault_beside_kind(told: IncomingFact, at: datetime) -> str:
    if not EARLIEST <= told.happened_at <= at + MAX_CLOCK_SKEW:
        return _("The time of a fact must be in 1970 or later and not in the future.")
    if (told.member and told.account) or (told.group and told.group_id):
        return _("Give either a key or a number, not both.")
    return ""


def _check(told: Sequence[IncomingFact], at: datetime) -> list[str | None]:
    """The payloads as they are kept; refused if any fact is not well."""
    kinds = {kind: _fault_of_kind(kind) for kind in {one.kind for one in told}}
    faults = {
        n: said
        for n, one in enumerate(told)
        if (said := kinds[one.kind] or _fault_beside_kind(one, at))
    }
    kept = [facts.dump(dict(one.payload)) if one.payload else None for one in told]
    for number, text in enumerate(kept):
        if text and len(text) > MAX_PAYLOAD_LENGTH:
            faults[number] = _("A payload has at most %(n)s characters.") % {
                "n": MAX_PAYLOAD_LENGTH
            }
    if faults:
        raise FactsRejected(faults)
    return kept


# Verbs


def record_facts(
    *,
    community: Community,
    told: Sequence[IncomingFact],
    by: Staff,
    at: datetime,
    source: str = "api",
) -> IngestResult:
    """Record those not known yet, in one transaction; all or none."""
    permissions.check_may(by, WRITE)
    payloads = _check(told, at)
    with transaction.atomic():
        members, made = _accounts(community, told, by, at, source)
        groups = _groups(community, told, by, at)
        batch = _batch(community, told, payloads, members, groups, at, source)
        taken = ingest.insert_new(batch)
        if taken:
            audit.log(kind=INGESTED, community=community, by=by, at=at, count=taken)
    return IngestResult(taken, len(told) - taken, made)


def _accounts(
    community: Community,
    told: Sequence[IncomingFact],
    by: Staff,
    at: datetime,
    source: str,
) -> tuple[dict[str, int], int]:
    """Key → account, and how many were made."""
    first: dict[str, datetime] = {}
    for one in told:
        if one.member:
            first[one.member] = min(
                one.happened_at, first.get(one.member, one.happened_at)
            )
    found = account_queries.find(community, first)
    numbers = {one.account for one in told if one.account is not None}
    if by.scope is not None:
        _check_seen(told, found, by, at)
    people.check(by=by, accounts=numbers, at=at)
    missing = {key: moment for key, moment in first.items() if key not in found}
    if missing:
        found |= accounts.ensure(
            community=community, keys=missing, by=by, at=at, source=source
        )
    return found, len(missing)


def _check_seen(
    told: Sequence[IncomingFact], found: Mapping[str, int], by: Staff, at: datetime
) -> None:
    """Out of sight is as good as unknown, and such a one is not made."""
    heads = account_queries.person_ids(found.values())
    seen = people.only(by=by, accounts=found.values(), at=at)
    there = {key for key, account in found.items() if heads[account] in seen}
    faults = {
        number: _("There is no member “%(key)s”.") % {"key": one.member}
        for number, one in enumerate(told)
        if one.member and one.member not in there
    }
    if faults:
        raise FactsRejected(faults)


def _groups(
    community: Community, told: Sequence[IncomingFact], by: Staff, at: datetime
) -> dict[str, int]:
    keys = {one.group for one in told if one.group}
    numbers = {one.group_id for one in told if one.group_id is not None}
    if not keys and not numbers:
        return {}
    found = group_groups.find(community, keys)
    visibility.check(by=by, groups=numbers | set(found.values()))
    if keys - set(found):
        if by.groups is not None:
            raise group_groups.UnknownGroup(_("There is no such group."))
        found |= group_groups.ensure(community=community, keys=keys, by=by, at=at)
    return found


def _batch(
    community: Community,
    told: Sequence[IncomingFact],
    payloads: list[str | None],
    members: Mapping[str, int],
    groups: Mapping[str, int],
    at: datetime,
    source: str,
) -> ingest.FactBatch:
    source_id = interned_names.ensure("source", community.pk, [source])[source]
    kinds = facts.kind_ids({one.kind for one in told})
    # Who gives no key does not ask to be told apart from others.
    keys = [one.key or f"~{secrets.token_hex(12)}" for one in told]
    return ingest.FactBatch(
        community_id=community.pk,
        source_id=source_id,
        actor_id=None,
        recorded=timestamps.to_micros(at),
        kinds=[kinds[one.kind] for one in told],
        accounts=[members.get(one.member, one.account) for one in told],
        groups=[groups.get(one.group, one.group_id) for one in told],
        happened=[timestamps.to_micros(one.happened_at) for one in told],
        payloads=payloads,
        keys=keys,
        hashes=_hashes(source_id, keys),
    )


def _hashes(source_id: int, keys: list[str]) -> list[int]:
    """PostgreSQL holds the keys apart by an index of its own."""
    if db.is_postgresql():
        return [0] * len(keys)
    return list(ingest.hashes_of(source_id, [key.encode() for key in keys]).tolist())
