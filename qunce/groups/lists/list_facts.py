"""What happened to the whitelist and the blacklist."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class ListFact(facts.FactKind):
    labels = {
        "entry": gettext_lazy("entry"),
        "list": gettext_lazy("list"),
        "scope": gettext_lazy("scope"),
    }
    instead = gettext_lazy("Edit the lists on their page or through the API.")
    entry: int
    list: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ListEntryAdded(ListFact):
    kind = "lists.added"
    label = gettext_lazy("put on a list")
    scope: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ListEntryExtended(ListFact):
    """The expiry, the groups or the reason of an entry changed."""

    kind = "lists.extended"
    label = gettext_lazy("entry of a list changed")
    scope: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ListEntryRemoved(ListFact):
    kind = "lists.removed"
    label = gettext_lazy("taken off a list")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ListEntryExpired(ListFact):
    kind = "lists.expired"
    label = gettext_lazy("entry of a list expired")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class JoinBlocked(ListFact):
    """Somebody on the blacklist joined a group, or is in one when they are listed."""

    kind = "lists.blocked_join"
    label = gettext_lazy("in a group although on the blacklist")
