"""Definitions of funnels: what a funnel counts, as JSON.

    {"steps": [{"kind": "send.delivered"}, {"kind": "order.paid"}],
     "order": "strict", "within": "7d", "during": {"within": "90d"}}

A step is a `kind` with `where` and `hours` as in the clause `did`. In the order `strict`
each step is later than the one before; in `loose` they come in any order. `within` limits
the time from the first to the last step, and `during` when all of it happened.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import errors, timestamps
from qunce.sets.rules import base, fact_queries, time_windows
from qunce.sets.rules.base import RuleError, RulePath
from qunce.sets.step_funnels import Definition

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MIN_STEPS, MAX_STEPS = 2, 6
MAX_SIZE = 20_000
"""Characters of a definition."""
STRICT, LOOSE = "strict", "loose"
FIELDS = ("steps", "order", "within", "during")


class InvalidFunnel(errors.Invalid):
    """The definition or the name of a funnel is not valid."""


def parse(definition: Any, by: Staff) -> Definition:
    """The definition with its names resolved; raises InvalidFunnel if that fails.

    Groups that `by` does not see are unknown.
    """
    try:
        return _parse(definition, RulePath.for_staff(by.community, by))
    except RuleError as error:
        raise InvalidFunnel(str(error)) from None


def _parse(definition: Any, path: RulePath) -> Definition:
    base.check_fields(definition, path, FIELDS)
    if len(json.dumps(definition, default=str)) > MAX_SIZE:
        path.fail(_("A funnel can have at most %(n)s characters.") % {"n": MAX_SIZE})
    order = definition.get("order", STRICT)
    if order not in (STRICT, LOOSE):
        path.child("order").fail(_("Write “strict” or “loose”."))
    steps = _parse_steps(definition.get("steps"), path.child("steps"))
    if order == LOOSE and len(set(steps)) < len(steps):
        path.child("steps").fail(
            _("Two steps are the same. Use the order “strict”, or other steps.")
        )
    duration = None
    if definition.get("within") is not None:
        span = time_windows.parse_duration(definition["within"], path.child("within"))
        duration = span // timestamps.MICROSECOND
    during, here = definition.get("during", {}), path.child("during")
    base.check_fields(during, here, time_windows.KINDS)
    window = time_windows.parse(during, here)
    return Definition(steps, duration, window, order == STRICT)


def _parse_steps(steps: Any, path: RulePath) -> tuple[fact_queries.FactFilter, ...]:
    if not isinstance(steps, list) or not MIN_STEPS <= len(steps) <= MAX_STEPS:
        path.fail(
            _("Write a list of %(least)s to %(most)s steps.")
            % {"least": MIN_STEPS, "most": MAX_STEPS}
        )
    found = []
    for index, step in enumerate(steps):
        base.check_fields(step, path.child(index), fact_queries.FIELDS)
        found.append(fact_queries.parse(step, path.child(index)))
    return tuple(found)


def rule_of(definition: dict[str, Any], steps: int) -> dict[str, Any] | None:
    """The rule of the people with the first `steps` steps; None if no rule says it.

    That is so for steps in any order that must happen within some time.
    """
    chosen = definition["steps"][:steps]
    during = definition.get("during") or {}
    if steps == 1:
        return {"with_left": {"did": {**chosen[0], **during}}}
    if definition.get("order", STRICT) == LOOSE:
        if definition.get("within") is not None:
            return None
        rules = [{"did": {**step, **during}} for step in chosen]
        return {"with_left": {"all": rules}}
    sequence: dict[str, Any] = {"steps": chosen}
    if definition.get("within") is not None:
        sequence["within"] = definition["within"]
    if during:
        sequence["during"] = during
    return {"with_left": {"seq": sequence}}


def rule_of_drop(definition: dict[str, Any], steps: int) -> dict[str, Any] | None:
    """The rule of the people with the first `steps` steps and not the next one.

    None if there is no next one, too.
    """
    if steps >= len(definition["steps"]):
        return None
    here, after = rule_of(definition, steps), rule_of(definition, steps + 1)
    if here is None or after is None:
        return None
    return {
        "with_left": {
            "all": [here["with_left"], {"not": after["with_left"]}],
        }
    }
