"""How a filter of facts reads and what it mentions, for clauses over facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import money
from qunce.core.facts import facts
from qunce.sets.rules import base, phrasing, references, times_of_day, weekdays
from qunce.sets.rules.phrasing import Names, Piece, Pieces
from qunce.sets.rules.references import Mention

if TYPE_CHECKING:
    from qunce.core.communities import Community


CURRENCY: Mention = ("currency", "community")
"""Stands for the currency in which amounts of rules are."""


def phrase(args: Mapping[str, Any], names: Names) -> Pieces:
    """A kind of fact, with the conditions on its group and its fields."""
    key = str(args["kind"])
    known = ("kind", key) in names
    kind = (Piece(facts.label_of(key), "value" if known else "unknown"),)
    where = dict(args.get("where") or {})
    conditions = []
    for field, required in where.items():
        if field == "group":
            groups = phrasing.names_of("group", required, names)
            text = phrasing.fill(_("in the group %(groups)s"), groups=groups)
        else:
            wanted = phrase_condition(key, field, required, names)
            template = _("%(field)s: %(wanted)s")
            name = phrasing.value(facts.field_label(key, field))
            text = phrasing.fill(template, field=name, wanted=wanted)
        conditions.append(text)
    if "weekdays" in args:
        conditions.append(weekdays.phrase(args["weekdays"]))
    if "hours" in args:
        conditions.append(times_of_day.phrase(args["hours"]))
    if not conditions:
        return kind
    return phrasing.fill(
        _("%(kind)s [%(where)s]"),
        kind=kind,
        where=phrasing.join(conditions, _("; ")),
    )


def phrase_condition(kind: str, field: str, required: Any, names: Names) -> Pieces:
    """What is required of a field; money is in the community's currency."""
    currency = names.get(CURRENCY) if field in facts.money_fields(kind) else None

    def to_pieces(content: Any) -> Pieces:
        if currency is None:
            return phrasing.literal(content)
        return phrasing.value(money.format_exactly(content, currency))

    if isinstance(required, dict):
        return phrasing.comparison(required, to_pieces)
    return phrasing.join(list(map(to_pieces, phrasing.as_list(required))), _(", "))


def mentions(args: Any) -> Iterator[Mention]:
    # Any JSON may come here, from a URL for example, and must not raise.
    if isinstance(args, dict):
        yield from base.mentions_of("kind", args.get("kind"))
        if facts.money_fields(str(args.get("kind"))):
            yield CURRENCY
        where = args.get("where")
        if isinstance(where, dict):
            yield from base.mentions_of("group", where.get("group"))


def find_kind_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    return {
        key: facts.label_of(key) for key in keys if facts.find_kind(key) is not None
    }


references.register("kind", find_names=find_kind_names)
references.register(
    CURRENCY[0],
    find_names=lambda community, keys: dict.fromkeys(keys, community.currency),
)
