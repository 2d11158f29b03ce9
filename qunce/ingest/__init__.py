"""Records facts that programs report, up to a thousand in one transaction.

A fact is recorded once per source and key; equal facts without a key are one. Facts of
kinds with an effect go through their verbs. Unknown members and groups are created,
unless the staff member behind the program sees only part of the community.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import db, errors, json_values, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import (
    audit,
    fact_effects,
    facts,
    ingest,
    interned_names,
    key_hashes,
    reported_facts,
    reported_kinds,
)
from qunce.core.facts.fact_effects import Effect
from qunce.core.staff.models import Staff
from qunce.ingest.fact_references import FactMembers, resolve_groups
from qunce.ingest.incoming_facts import FactsRejected, IncomingFact

WRITE = reported_facts.WRITE
INGESTED = audit.declare("facts.ingested", gettext_lazy("facts reported"))
MAX_FACTS = 1_000


@dataclass(frozen=True)
class IngestResult:
    """`duplicates` are facts that were recorded before.

    `suppressed` are facts of people who were erased; nothing of them is stored.
    """

    accepted: int
    duplicates: int
    accounts_created: int
    suppressed: int = 0


CheckEffect = Callable[[Effect], None]
"""Raises unless the program may report facts with this effect."""


# Checks


def find_error(
    fact: IncomingFact, limits: reported_facts.TimeLimits, check_effect: CheckEffect
) -> str:
    """Return why this fact cannot be recorded, or an empty string."""
    try:
        reported_facts.check_kind(fact.kind)
        _check_values(fact, timestamps.to_micros(fact.happened_at), limits)
        _check_effect(fact, check_effect)
    except errors.QunceError as error:
        return str(error)
    return ""


def _check_values(
    fact: IncomingFact, micros: int, limits: reported_facts.TimeLimits
) -> None:
    limits.check(micros)
    is_named = fact.member or fact.phone or fact.email or fact.unionid
    if (is_named and fact.account) or (fact.group and fact.group_id):
        raise errors.Invalid(_("Give either a key or a number, not both."))


def _check_effect(fact: IncomingFact, check: CheckEffect) -> None:
    effect = fact_effects.find(fact.kind)
    if effect is None:
        return
    check(effect)
    fact_effects.check(
        fact.kind,
        has_member=bool(fact.references or fact.account),
        has_group=bool(fact.group or fact.group_id),
        payload=fact.payload or {},
    )


def allow_all(effect: Effect) -> None:
    """Allow every effect; its verb checks the permissions of the staff member."""


# Verbs


def record_facts(
    *,
    community: Community,
    incoming: Sequence[IncomingFact],
    by: Staff,
    at: datetime,
    source: str = "api",
    limits: reported_facts.TimeLimits | None = None,
    check_effect: CheckEffect = allow_all,
    lock: AbstractContextManager[object] | None = None,
) -> IngestResult:
    """Record the facts that are new, in one transaction.

    The transaction happens inside of `lock`, and the checks before it. Raises
    FactsRejected if any fact is invalid; then none is recorded.
    """
    permissions.check_may(by, WRITE)
    batch = _Batch(community, incoming, by, at, source)
    batch.check(limits or reported_facts.time_limits(at), check_effect)
    batch.prepare()
    with lock or nullcontext(), transaction.atomic():
        # Inside the transaction: if the facts are rejected, no member stays behind that
        # was created for them.
        created = batch.resolve()
        accepted = batch.insert_plain() + batch.apply_effects()
        # Repeated requests that add nothing leave no trace in the audit log.
        if accepted:
            detail = {"source": source}
            audit.log(
                kind=INGESTED,
                community=community,
                by=by,
                at=at,
                count=accepted,
                detail=detail,
            )
    suppressed = len(batch.suppressed)
    duplicates = len(incoming) - accepted - suppressed
    return IngestResult(accepted, duplicates, created, suppressed)


class _Batch:
    """The facts of one call, on their way from the check to the log."""

    def __init__(
        self,
        community: Community,
        incoming: Sequence[IncomingFact],
        by: Staff,
        at: datetime,
        source: str,
    ) -> None:
        self.community, self.by, self.at = community, by, at
        self.incoming, self.source = incoming, source
        self.payloads: list[str | None] = []
        self.times: list[int] = []
        self.has_effect: list[bool] = []

    def check(
        self, limits: reported_facts.TimeLimits, check_effect: CheckEffect
    ) -> None:
        """Encode the payloads; raises FactsRejected if any fact is invalid."""
        # A batch has few different kinds, so each is checked once.
        kinds = {fact.kind for fact in self.incoming}
        kind_errors = {kind: _kind_error(kind) for kind in kinds}
        effects = {kind for kind in kinds if fact_effects.find(kind)}
        self.kind_limits = reported_kinds.KindLimits(self.community.pk, kinds)
        reasons: dict[int, str] = {}
        for index, fact in enumerate(self.incoming):
            self.has_effect.append(fact.kind in effects)
            micros = timestamps.to_micros(fact.happened_at)
            self.times.append(micros)
            try:
                # Encoded before the transaction, so that SQLite's lock is held for the
                # writes only.
                self.payloads.append(_dump_payload(fact.payload))
                _check_values(fact, micros, limits)
                if not kind_errors[fact.kind]:
                    self.kind_limits.check(fact.kind, (fact.payload or {}).keys())
                if fact.kind in effects:
                    _check_effect(fact, check_effect)
                    self._check_scope(fact)
                reason = kind_errors[fact.kind]
            except errors.QunceError as error:
                reason = kind_errors[fact.kind] or str(error)
            if reason:
                reasons[index] = reason
        if reasons:
            raise FactsRejected(reasons)

    def _check_scope(self, fact: IncomingFact) -> None:
        effect = fact_effects.find(fact.kind)
        if effect and effect.needs_unscoped and self.by.scope is not None:
            # An order of a member whom they do not see may have the same number.
            raise errors.Invalid(
                _("Your scope covers only some of the members. Use the orders instead.")
            )

    def prepare(self) -> None:
        """Do what needs no lock; raises FactsRejected."""
        self.members = FactMembers(
            self.community, self.incoming, self.by, self.at, self.source
        )
        self.members.normalise()
        self.keys = [
            fact.key or _content_key(fact, name, payload)
            for fact, name, payload in zip(
                self.incoming, self.members.names, self.payloads, strict=True
            )
        ]

    def resolve(self) -> int:
        """Find or create members and groups; returns how many members were created."""
        self.accounts = self.members.resolve()
        self.suppressed = self.members.suppressed
        group_ids = resolve_groups(self.community, self.incoming, self.by, self.at)
        self.groups = [group_ids.get(f.group, f.group_id) for f in self.incoming]
        names = interned_names.ensure("source", self.community.pk, [self.source])
        self.source_id = names[self.source]
        return self.members.created

    def _choose(self, *, has_effect: bool) -> list[int]:
        return [
            index
            for index, has in enumerate(self.has_effect)
            if has == has_effect and index not in self.suppressed
        ]

    def insert_plain(self) -> int:
        """Insert the facts without an effect; returns how many are new."""
        chosen = self._choose(has_effect=False)
        self.kind_limits.save()
        kind_ids = facts.ensure_kinds({self.incoming[i].kind for i in chosen})
        keys = [self.keys[i] for i in chosen]
        # PostgreSQL has a unique index on the keys themselves.
        hashes = [0] * len(keys)
        if not db.is_postgresql():
            hashed = key_hashes.hashes_of(
                self.source_id, [key.encode() for key in keys]
            )
            hashes = hashed.tolist()
        return ingest.insert_new(
            ingest.FactBatch(
                community_id=self.community.pk,
                source_id=self.source_id,
                actor_id=self.by.pk,
                recorded_at=timestamps.to_micros(self.at),
                kinds=[kind_ids[self.incoming[i].kind] for i in chosen],
                accounts=[self.accounts[i] for i in chosen],
                groups=[self.groups[i] for i in chosen],
                happened_at=[self.times[i] for i in chosen],
                payloads=[self.payloads[i] for i in chosen],
                keys=keys,
                hashes=hashes,
            )
        )

    def apply_effects(self) -> int:
        """Let the others take effect in the order of time; returns how many are new."""
        chosen = self._choose(has_effect=True)
        chosen.sort(key=lambda i: self.incoming[i].happened_at)
        reporter = fact_effects.Reporter(
            community=self.community,
            by=self.by,
            at=self.at,
            source=self.source,
            source_id=self.source_id,
            currency=self.community.currency,
        )
        count = 0
        for index in chosen:
            fact = self.incoming[index]
            reported = fact_effects.ReportedFact(
                kind=fact.kind,
                happened_at=fact.happened_at,
                account=self.accounts[index],
                group=self.groups[index],
                payload=fact.payload or {},
                key=self.keys[index],
            )
            try:
                count += fact_effects.apply(reported, reporter)
            except errors.QunceError as error:
                raise FactsRejected({index: str(error)}) from error
        return count


def _kind_error(kind: str) -> str:
    try:
        reported_facts.check_kind(kind)
    except reported_facts.NotReportable as error:
        return str(error)
    return ""


def _dump_payload(payload: Mapping[str, Any] | None) -> str | None:
    if not payload:
        return None
    text = json_values.dump_exactly(dict(payload))
    reported_facts.check_encoded(text)
    return text


def _content_key(fact: IncomingFact, member: str, payload: str | None) -> str:
    return reported_facts.content_key(
        kind=fact.kind,
        member=member,
        group=reported_facts.reference({"group_key": fact.group, "id": fact.group_id}),
        micros=timestamps.to_micros(fact.happened_at),
        payload=payload,
    )
