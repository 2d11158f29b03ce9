"""Records facts that programs report, up to a thousand in one transaction.

A fact is recorded once per source and key; equal facts without a key are one. Facts of
kinds with an effect go through their verbs. Unknown members and groups are created,
unless the staff member behind the program sees only part of the community.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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
    ingest,
    interned_names,
    key_hashes,
    reported_facts,
    reported_kinds,
)
from qunce.core.facts.fact_effects import Effect
from qunce.core.staff.models import Staff
from qunce.ingest import reported_texts
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
    permissions.check_community(by, community.pk)
    incoming, texts = reported_texts.take_out(incoming)
    batch = _Batch(community, incoming, by, at, source, texts)
    batch.check(limits or reported_facts.time_limits(at), check_effect)
    batch.prepare()
    with lock or nullcontext(), transaction.atomic():
        # Inside the transaction: if the facts are rejected, no member stays behind that
        # was created for them.
        created = batch.resolve()
        accepted = batch.insert_plain() + batch.apply_effects()
        # Repeated requests that add nothing leave no trace in the audit log.
        if accepted:
            batch.log(accepted)
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
        texts: reported_texts.Texts,
    ) -> None:
        self.community, self.by, self.at = community, by, at
        self.incoming, self.source, self.texts = incoming, source, texts
        self.payloads: list[str | None] = []

    def check(
        self, limits: reported_facts.TimeLimits, check_effect: CheckEffect
    ) -> None:
        """Encode the payloads; raises FactsRejected if any fact is invalid."""
        # A batch has few different kinds, so each is checked once.
        kinds = list(dict.fromkeys(fact.kind for fact in self.incoming))
        kind_errors = {kind: _kind_error(kind) for kind in kinds}
        effects = {kind for kind in kinds if fact_effects.find(kind)}
        self.kind_limits = reported_kinds.KindLimits(self.community.pk, kinds)
        self.has_effect = [fact.kind in effects for fact in self.incoming]
        self.times = [timestamps.to_micros(fact.happened_at) for fact in self.incoming]
        short = reported_facts.short_length()
        try:
            # Encoded before the transaction, so that SQLite's lock is held for the
            # writes only.
            self.payloads = [_dump_payload(f.payload, short) for f in self.incoming]
            if not effects and self._is_valid(kinds, limits):
                return
        except errors.QunceError:
            # Which facts are invalid is found one by one.
            pass
        self._check_each(kind_errors, effects, limits, check_effect)

    def _is_valid(
        self, kinds: Collection[str], limits: reported_facts.TimeLimits
    ) -> bool:
        """Check facts without effects all at once; raises if one of them is invalid."""
        if not self.incoming or any(map(_kind_error, kinds)):
            return False
        limits.check(min(self.times))
        limits.check(max(self.times))
        if any(fact.account or fact.group_id for fact in self.incoming):
            return False
        for kind in kinds:
            own = (f.payload for f in self.incoming if f.payload and f.kind == kind)
            self.kind_limits.check(kind, set().union(*own))
        return True

    def _check_each(
        self,
        kind_errors: Mapping[str, str],
        effects: Collection[str],
        limits: reported_facts.TimeLimits,
        check_effect: CheckEffect,
    ) -> None:
        short = reported_facts.short_length()
        reasons: dict[int, str] = {}
        for index, fact in enumerate(self.incoming):
            try:
                _dump_payload(fact.payload, short)
                _check_values(fact, self.times[index], limits)
                if not kind_errors[fact.kind]:
                    self.kind_limits.check(fact.kind, fact.payload or ())
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
        # All by one statement, as a program that reports single facts waits for each.
        kinds = {fact.kind for fact in self.incoming}
        self._ids = interned_names.find_all(self._names(kinds))

    def _names(self, kinds: Collection[str]) -> set[interned_names.Name]:
        source: interned_names.Name = ("source", self.community.pk, self.source)
        return {source, *(("kind", 0, kind) for kind in (*kinds, INGESTED))}

    def resolve(self) -> int:
        """Find or create members and groups; returns how many members were created."""
        self.accounts = self.members.resolve()
        self.suppressed = self.members.suppressed
        group_ids = resolve_groups(self.community, self.incoming, self.by, self.at)
        self.groups = [group_ids.get(f.group, f.group_id) for f in self.incoming]
        kinds = {self.incoming[i].kind for i in self._choose(has_effect=False)}
        new = self._names(kinds) - self._ids.keys()
        self._ids |= interned_names.ensure_all(new)
        self.source_id = self._ids["source", self.community.pk, self.source]
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
        self._store_texts(set(chosen))
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
                kinds=[self._ids["kind", 0, self.incoming[i].kind] for i in chosen],
                accounts=[self.accounts[i] for i in chosen],
                groups=[self.groups[i] for i in chosen],
                happened_at=[self.times[i] for i in chosen],
                payloads=[self.payloads[i] for i in chosen],
                keys=keys,
                hashes=hashes,
            )
        )

    def _store_texts(self, chosen: set[int]) -> None:
        """Store the texts of messages that are new."""
        texts = {i: text for i, text in self.texts.items() if i in chosen}
        if not texts:
            return
        new = reported_texts.find_new(texts, self.keys, self.source_id)
        reported_texts.store(
            self.community,
            self.source_id,
            {index: texts[index] for index in sorted(new)},
            list(
                zip(self.keys, self.accounts, self.groups, self.incoming, strict=True)
            ),
        )

    def log(self, accepted: int) -> None:
        audit.insert(
            community_id=self.community.pk,
            by=self.by,
            kind_id=self._ids["kind", 0, INGESTED],
            count=accepted,
            at=self.at,
            detail={"source": self.source},
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


def _dump_payload(payload: Mapping[str, Any] | None, short: int) -> str | None:
    if not payload:
        return None
    text = json_values.dump_exactly(dict(payload))
    reported_facts.check_encoded(text, short)
    return text


def _content_key(fact: IncomingFact, member: str, payload: str | None) -> str:
    return reported_facts.content_key(
        kind=fact.kind,
        member=member,
        group=reported_facts.reference({"group_key": fact.group, "id": fact.group_id}),
        micros=timestamps.to_micros(fact.happened_at),
        payload=payload,
    )
