"""What facts that are reported from outside do: joins, leaves, opt-outs and orders.

A domain registers one Effect per kind. A reported fact of that kind goes through the
domain's verb, which changes the state and records the fact, so that a claim never shows
on a timeline without having happened.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.core import db, errors, timestamps
from qunce.core.facts import facts

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


class ReportedKey(models.Model):
    """The key of a reported fact that took effect.

    The facts of verbs have no key, so the keys are kept here, as a digest of the source
    and the key: 128 bits do not collide and hold no personal data.
    """

    digest = models.CharField(max_length=32, primary_key=True)
    recorded_at = timestamps.TimestampField()

    class Meta:
        db_table = "core_reported_key"

    def __str__(self) -> str:
        return self.digest


@dataclass(frozen=True, kw_only=True)
class Reporter:
    """The staff member and the source that report facts at one time. Amounts are in `currency`."""

    community: Community
    by: Staff
    at: datetime
    source: str
    source_id: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class ReportedFact:
    kind: str
    happened_at: datetime
    account: int | None
    group: int | None
    payload: Mapping[str, Any]
    key: str


class InvalidReport(errors.Invalid):
    """A reported fact lacks what its effect needs."""


class Effect(ABC):
    """What reported facts of one kind do."""

    kind: ClassVar[str]
    description: ClassVar[str]
    """For the reference, in English."""
    fields: ClassVar[Mapping[str, type]] = {}
    """The payload fields and their types."""
    required: ClassVar[Sequence[str]] = ()
    needs_member: ClassVar[bool] = True
    needs_group: ClassVar[bool] = False
    scope: ClassVar[str]
    """The scope that an API key needs besides that for facts."""
    needs_unscoped: ClassVar[bool] = False
    """Whether only staff who see the whole community may report it."""

    def check(self, payload: Mapping[str, Any]) -> None:  # noqa: B027 - may do nothing
        """Raise errors.Invalid if the payload, whose types are right, is not valid."""

    @abstractmethod
    def apply(self, fact: ReportedFact, reporter: Reporter) -> bool:
        """Change the state; returns whether anything was new.

        Call it in a transaction, in the order of time.
        """


_effects: dict[str, Effect] = {}


def register(effect: Effect) -> None:
    _effects[effect.kind] = effect


def registered() -> dict[str, Effect]:
    return dict(_effects)


def find(kind: str) -> Effect | None:
    return _effects.get(kind)


# Checks


def check(
    kind: str, *, has_member: bool, has_group: bool, payload: Mapping[str, Any]
) -> None:
    """Raise errors.Invalid if a fact with an effect is incomplete, or has more fields."""
    effect = _effects[kind]
    if effect.needs_member and not has_member:
        raise InvalidReport(_("“%(kind)s” needs a member.") % {"kind": kind})
    if effect.needs_group and not has_group:
        raise InvalidReport(_("“%(kind)s” needs a group.") % {"kind": kind})
    for name in effect.required:
        if name not in payload:
            raise InvalidReport(
                _("“%(kind)s” needs the field “%(name)s” in its payload.")
                % {"kind": kind, "name": name}
            )
    for name, value in payload.items():
        _check_field(effect, name, value)
    effect.check(payload)


def _check_field(effect: Effect, name: str, value: Any) -> None:
    wanted = effect.fields.get(name)
    if wanted is None:
        # Verbs have no place for it, and nothing is dropped silently.
        known = ", ".join(effect.fields) or "–"
        raise InvalidReport(
            _("“%(kind)s” has no field “%(name)s” in its payload, only: %(known)s.")
            % {"kind": effect.kind, "name": name, "known": known}
        )
    is_right = isinstance(value, wanted) and not isinstance(value, bool)
    if wanted is list:
        is_right = is_right and all(isinstance(entry, str) for entry in value)
    if is_right:
        return
    if wanted is int:
        # 12.50 may be meant in yuan or in fen, so neither is assumed.
        raise InvalidReport(
            _(
                "“%(name)s” must be a whole number; amounts are in the currency's"
                " smallest unit, 1250 for 12.50."
            )
            % {"name": name}
        )
    if wanted is list:
        raise InvalidReport(_("“%(name)s” must be a list of texts.") % {"name": name})
    raise InvalidReport(_("“%(name)s” must be a text.") % {"name": name})


# Verbs


@transaction.atomic
def apply(fact: ReportedFact, reporter: Reporter) -> bool:
    """Let a checked fact take effect, once per source and key; returns if it was new.

    Raises what the domain's verb raises; then nothing has changed.
    """
    if not _claim_key(fact, reporter):
        return False
    return _effects[fact.kind].apply(fact, reporter)


INSERT_KEY = """
INSERT INTO core_reported_key (digest, recorded_at) VALUES (%s, %s)
ON CONFLICT (digest) DO NOTHING
"""


def _claim_key(fact: ReportedFact, reporter: Reporter) -> bool:
    salt = reporter.source_id.to_bytes(16, "little")
    digest = hashlib.blake2b(fact.key.encode(), digest_size=16, salt=salt).hexdigest()
    values = [digest, timestamps.to_micros(reporter.at)]
    return bool(db.execute(INSERT_KEY, values))


def record(event: facts.FactKind, fact: ReportedFact, reporter: Reporter) -> None:
    """Record an event at the time of the reported fact, without a verb of the domain."""
    facts.record_many(
        [event],
        community=reporter.community,
        by=reporter.by,
        at=reporter.at,
        happened_at=[fact.happened_at],
    )
