"""Settings of a community: its name, clock, currency, language and region.

What a change brings about is said before it is saved, see `list_consequences`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qunce.core import (
    communities,
    errors,
    exchange_rates,
    money,
    names,
    permissions,
    text_validation,
)
from qunce.core.communities import Community, InvalidCommunity
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import identity_settings
from qunce.sales import order_totals

MAX_NAME_LENGTH = 200
FIELDS = ("name", "timezone", "day_start", "currency", "language", "region")
CLOCK = ("timezone", "day_start")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CommunityChanged(facts.FactKind):
    """`before` and `after` have the fields that changed."""

    kind = "community.changed"
    label = gettext_lazy("community settings changed")
    instead = gettext_lazy("Change the community in the settings or through the API.")
    before: dict[str, Any]
    after: dict[str, Any]


# Checks


def check(community: Community, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that differ; raises InvalidCommunity or RegionInUse."""
    values = dict(changes)
    if "name" in values:
        values["name"] = names.clean(values["name"])
    for field in ("currency", "region"):
        if field in values:
            values[field] = values[field].strip().upper()
    after = {name: getattr(community, name) for name in FIELDS} | values
    name = after["name"]
    if not 1 <= len(name) <= MAX_NAME_LENGTH or not text_validation.is_valid(name):
        raise InvalidCommunity(
            _("Give a name of at most %(most)s characters.") % {"most": MAX_NAME_LENGTH}
        )
    communities.check_clock(timezone=after["timezone"], day_start=after["day_start"])
    if after["currency"] not in money.CURRENCIES:
        raise InvalidCommunity(
            _("“%(currency)s” is not a currency. Write a code such as USD.")
            % {"currency": after["currency"]}
        )
    if after["language"] not in dict(settings.LANGUAGES):
        raise InvalidCommunity(
            _("Choose one of these languages: %(languages)s.")
            % {"languages": ", ".join(dict(settings.LANGUAGES))}
        )
    identity_settings.check_region(community, after["region"])
    return {
        field: value
        for field, value in values.items()
        if getattr(community, field) != value
    }


# Verbs


@transaction.atomic
def update(*, community: Community, by: Staff, at: datetime, **changes: Any) -> None:
    """Change any of FIELDS."""
    permissions.check_may(by, permissions.MANAGE_COMMUNITIES)
    if by.community_id != community.pk:
        raise errors.NotFound(_("There is no such community."))
    # Locked, so that two changes at the same time record what each has changed.
    community = Community.objects.select_for_update().get(pk=community.pk)
    values = check(community, changes)
    if not values:
        return
    before = {field: getattr(community, field) for field in values}
    if set(values) & set(CLOCK):
        clock = {field: getattr(community, field) for field in CLOCK} | values
        communities.set_clock(
            community=community,
            timezone=clock["timezone"],
            day_start=clock["day_start"],
        )
    if "currency" in values:
        exchange_rates.remove_all(community=community, by=by, at=at)
    for field, value in values.items():
        setattr(community, field, value)
    community.save(update_fields=list(values))
    fact = CommunityChanged(before=before, after=values)
    facts.record(fact, community=community, by=by, at=at)


# Reads


def list_consequences(
    *, community: Community, changes: Mapping[str, Any], at: datetime
) -> list[str]:
    """Return a sentence on each thing that these changes bring about; maybe none."""
    values = check(community, changes)
    sentences: list[str] = []
    if set(values) & set(CLOCK):
        sentences += [
            _(
                "Days begin at another moment. All counts by day are made again from the "
                "first fact on, which takes a few minutes; until then pages say that "
                "numbers are behind."
            ),
            _(
                "Charts, rules with days and quiet hours follow the new days. Layers and "
                "sizes that were recorded for earlier days stay as they are."
            ),
        ]
    if "currency" in values:
        sentences += _list_consequences_of_currency(community, values["currency"], at)
    if "language" in values:
        sentences.append(
            _(
                "New staff get this language, and so does what Qunce generates from now "
                "on. What exists keeps its names, and staff keep the language that they "
                "chose."
            )
        )
    if "region" in values:
        sentences.append(
            _(
                "Phone numbers without a country code are read as numbers of %(region)s "
                "from now on."
            )
            % {"region": values["region"]}
        )
    return sentences


def _list_consequences_of_currency(
    community: Community, currency: str, at: datetime
) -> list[str]:
    sentences = [
        _(
            "All sums are shown in %(currency)s. Amounts in rules, and limits of layers by "
            "spend, are read in %(currency)s, too: check them."
        )
        % {"currency": currency}
    ]
    for total in order_totals.list_by_currency(community, at=at):
        if total.currency != currency:
            text = ngettext(
                "%(n)s order in %(old)s stays in %(old)s. It is left out of sums until you "
                "enter an exchange rate.",
                "%(n)s orders in %(old)s stay in %(old)s. They are left out of sums until "
                "you enter an exchange rate.",
                total.orders,
            )
            sentences.append(text % {"n": f"{total.orders:,}", "old": total.currency})
    rates = len(exchange_rates.list_all(community))
    if rates:
        text = ngettext(
            "%(n)s exchange rate is removed, as it is a rate to %(old)s.",
            "%(n)s exchange rates are removed, as they are rates to %(old)s.",
            rates,
        )
        sentences.append(text % {"n": rates, "old": community.currency})
    return sentences
