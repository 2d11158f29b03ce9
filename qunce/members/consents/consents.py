"""Consents: what a member agreed to, when and how, and what they withdrew.

Each statement is a row of its own and is never changed, so that the record shows what
held at any moment. Of a person's statements about a purpose, the latest counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import (
    errors,
    permissions,
    personal_texts,
    text_validation,
    timestamps,
)
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import models as account_models
from qunce.members.people import visibility

RECORD = permissions.declare(
    "members.record_consent",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("record consents"),
)
MAX_EVIDENCE_LENGTH = 200


class Purpose(models.TextChoices):
    DATA = "data", gettext_lazy("storing personal data")
    MARKETING = "marketing", gettext_lazy("marketing messages")
    PROFILING = "profiling", gettext_lazy("profiles and recommendations")
    SHARING = "sharing", gettext_lazy("passing data on to partners")


@personal_texts.erased_in(sentences=("evidence",))
class Consent(models.Model):
    """One statement of a member; `evidence` is how they made it."""

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    account = models.ForeignKey(
        account_models.Account, models.PROTECT, related_name="+"
    )
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    is_given = models.BooleanField()
    evidence = models.CharField(max_length=MAX_EVIDENCE_LENGTH, default="", blank=True)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)

    def __str__(self) -> str:
        return f"{self.purpose} of {self.account_id}"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ConsentGiven(facts.FactKind):
    """The evidence is stored in the row only, where it can be erased."""

    kind = "consent.given"
    label = gettext_lazy("consent given")
    instead = gettext_lazy("Record the consent on the member's page.")
    purpose: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ConsentWithdrawn(facts.FactKind):
    kind = "consent.withdrawn"
    label = gettext_lazy("consent withdrawn")
    instead = gettext_lazy("Record the withdrawal on the member's page.")
    purpose: str


class InvalidConsent(errors.Invalid):
    """The purpose is unknown, or the evidence cannot be stored."""


# Checks


def check(purpose: str, evidence: str) -> None:
    """Raises InvalidConsent unless a statement may have these contents."""
    if purpose not in Purpose.values:
        raise InvalidConsent(_("There is no such purpose."))
    is_valid = text_validation.is_valid(evidence)
    if len(evidence) > MAX_EVIDENCE_LENGTH or not is_valid:
        raise InvalidConsent(
            _("The evidence can have at most %(most)s characters.")
            % {"most": MAX_EVIDENCE_LENGTH}
        )


# Verbs


@transaction.atomic
def record(
    *,
    account: account_models.Account,
    purpose: str,
    is_given: bool,
    by: Staff,
    at: datetime,
    evidence: str = "",
) -> Consent:
    """Record that a member agreed to a purpose, or took it back."""
    permissions.check_may(by, RECORD)
    visibility.check_visible(by=by, accounts=[account.pk], at=at)
    evidence = " ".join(evidence.split())
    check(purpose, evidence)
    consent = Consent.objects.create(
        community=account.community,
        account=account,
        purpose=purpose,
        is_given=is_given,
        evidence=evidence,
        at=at,
        by=by,
    )
    kind = ConsentGiven if is_given else ConsentWithdrawn
    fact = kind(account=account.pk, purpose=purpose)
    facts.record(fact, community=account.community, by=by, at=at)
    return consent


def erase(accounts: Iterable[int]) -> None:
    """Delete all statements of erased accounts."""
    Consent.objects.filter(account_id__in=list(accounts)).delete()


# Reads


def list_of_person(accounts: Sequence[int]) -> list[Consent]:
    """All statements of one person, the latest first."""
    rows = Consent.objects.filter(account_id__in=list(accounts))
    return list(rows.select_related("by").order_by("-at", "-pk"))


def current(statements: Iterable[Consent]) -> dict[str, Consent]:
    """Purpose → the latest statement, from a list that begins with the latest."""
    latest: dict[str, Consent] = {}
    for statement in statements:
        latest.setdefault(statement.purpose, statement)
    return latest
