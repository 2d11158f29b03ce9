"""Exchange rates: what one unit of a currency is worth in the community's own, by day.

Orders keep the currency in which they were paid. Sums convert each order at the latest
rate on or before the day of its payment, when they are asked for. What has no rate is
never added up; it is shown apart, by currency.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import (
    community_days,
    decimals,
    errors,
    money,
    permissions,
    revisions,
)
from qunce.core.communities import Community
from qunce.core.facts import facts

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MANAGE = permissions.declare(
    "settings.exchange_rates",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("set exchange rates"),
)
REVISION = "exchange_rate"
"""The revision kind that is raised when a rate of the community changes; its ref is 0."""
DECIMAL_PLACES = 10
MAX_RATE = Decimal(10) ** 7


class ExchangeRate(models.Model):
    """From `since` on, one unit of `currency` is worth `rate` of the community's."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    since = models.DateField()
    rate = models.DecimalField(max_digits=18, decimal_places=DECIMAL_PLACES)

    class Meta:
        db_table = "core_exchange_rate"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "currency", "since"], name="one_rate_per_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.since}: {self.rate}"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ExchangeRateSet(facts.FactKind):
    kind = "exchange_rate.set"
    label = gettext_lazy("exchange rate set")
    currency: str
    since: str
    rate: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ExchangeRateRemoved(facts.FactKind):
    kind = "exchange_rate.removed"
    label = gettext_lazy("exchange rate removed")
    currency: str
    since: str


class InvalidRate(errors.Invalid):
    """The currency is unknown or the community's own, or the rate is not above zero."""


class RateNotFound(errors.NotFound):
    """There is no rate of this currency since this day."""


def check_rate(community: Community, currency: str, rate: Decimal) -> None:
    if currency not in money.CURRENCIES:
        raise InvalidRate(
            _("“%(currency)s” is not a currency. Write a code such as USD.")
            % {"currency": currency}
        )
    if currency == community.currency:
        raise InvalidRate(
            _("%(currency)s is the currency of this community and needs no rate.")
            % {"currency": currency}
        )
    if not 0 < rate < MAX_RATE or rate != round(rate, DECIMAL_PLACES):
        raise InvalidRate(
            _("A rate is a number above zero with at most 10 decimals, such as 7.18.")
        )


def parse_rate(text: str) -> Decimal:
    """`"7.18"` → Decimal; raises InvalidRate."""
    try:
        return decimals.parse(text)
    except decimals.NotADecimal:
        raise InvalidRate(
            _("A rate is a number above zero with at most 10 decimals, such as 7.18.")
        ) from None


def parse_day(text: str) -> date:
    """`"2026-03-05"` → date; raises InvalidRate."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidRate(_("Write the day like 2026-03-05.")) from None


# Verbs


@transaction.atomic
def set_rate(
    *,
    community: Community,
    currency: str,
    since: date,
    rate: Decimal,
    by: Staff,
    at: datetime,
) -> ExchangeRate:
    """Set the rate from a day on; a rate of the same day is replaced."""
    permissions.check_may(by, MANAGE)
    check_rate(community, currency, rate)
    row, _created = ExchangeRate.objects.update_or_create(
        community=community, currency=currency, since=since, defaults={"rate": rate}
    )
    event = ExchangeRateSet(
        currency=currency, since=since.isoformat(), rate=format_rate(rate)
    )
    _record(community, event, by, at)
    return row


@transaction.atomic
def remove(
    *, community: Community, currency: str, since: date, by: Staff, at: datetime
) -> None:
    permissions.check_may(by, MANAGE)
    rows = ExchangeRate.objects.filter(
        community=community, currency=currency, since=since
    )
    deleted, _rows = rows.delete()
    if not deleted:
        raise RateNotFound(
            _("There is no rate of %(currency)s since %(day)s.")
            % {"currency": currency, "day": since.isoformat()}
        )
    event = ExchangeRateRemoved(currency=currency, since=since.isoformat())
    _record(community, event, by, at)


def remove_all(*, community: Community, by: Staff, at: datetime) -> None:
    """Remove every rate, as the community gets another currency."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    for row in list_all(community):
        remove(
            community=community, currency=row.currency, since=row.since, by=by, at=at
        )
    # Also without a rate: what was of the own currency is not any more.
    revisions.bump(community.pk, REVISION, [0])


def _record(
    community: Community, event: facts.FactKind, by: Staff, at: datetime
) -> None:
    # Sets that were computed with the old rates are computed again.
    revisions.bump(community.pk, REVISION, [0])
    facts.record(event, community=community, by=by, at=at)


# Reads


def list_all(community: Community) -> list[ExchangeRate]:
    """Return the rates by currency, the newest first."""
    rows = ExchangeRate.objects.filter(community=community)
    return list(rows.order_by("currency", "-since"))


def format_rate(rate: Decimal) -> str:
    """`Decimal("7.1800000000")` → `"7.18"`."""
    text = format(rate, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class Factor:
    """What the smallest unit of a currency is worth in that of the community.

    It holds for payments from the microsecond `begin` up to before `end`.
    """

    currency: str
    begin: int
    end: int
    factor: Decimal


NEVER_ENDS = 2**62


def list_factors(community: Community) -> list[Factor]:
    """Return the factors of all currencies with a rate, in order of time for each."""
    zone, start = community.timezone, community.day_start
    shift = money.decimal_places(community.currency)
    factors: list[Factor] = []
    for row in ExchangeRate.objects.filter(community=community).order_by(
        "currency", "-since"
    ):
        later = (
            factors[-1] if factors and factors[-1].currency == row.currency else None
        )
        day = community_days.from_date(row.since)
        begin = community_days.start_of(zone, start, day)
        places = shift - money.decimal_places(row.currency)
        factors.append(
            Factor(
                row.currency,
                begin,
                later.begin if later else NEVER_ENDS,
                round(row.rate.scaleb(places), DECIMAL_PLACES),
            )
        )
    return sorted(factors, key=lambda factor: (factor.currency, factor.begin))


def convert(
    parts: Iterable[tuple[int, Decimal]],
) -> int:
    """Return the sum of amounts by their factors, rounded once, half to even."""
    total = sum((amount * factor for amount, factor in parts), Decimal(0))
    return round(total)
