"""Counts the members of a file who are not known yet, before anybody is created."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.importing.accounts import account_resolver
from qunce.importing.plan.options import CREATE, LEAVE, REFUSE
from qunce.importing.plan.questions import Choice, Question
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts import resolver

if TYPE_CHECKING:
    from qunce.importing.plan.plan import ImportPlan

KEY = "unknown_members"
Name = tuple[tuple[str, str], ...]
"""References of one row: kinds and texts."""


def ask(plan: ImportPlan) -> None:
    """Add a question with the count to the plan, unless all members are known.

    Where the plan is that of the first rows, later ones may name others, so it is asked.
    """
    unknown = plan.target.count_unknown(plan)
    if unknown is None:
        unknown = count(plan)
    sample = plan.source.sample
    if not unknown and sample is None:
        return
    text = ngettext(
        "%(count)s member of this file is not known yet.",
        "%(count)s members of this file are not known yet.",
        unknown,
    )
    values = {"count": f"{unknown:,}"}
    if sample is not None:
        values["rows"] = f"{len(sample.row_numbers):,}"
        text = _(
            "In the first %(rows)s rows, %(count)s members are not known yet. Later rows "
            "may name more."
        )
    without = (
        _("import their orders without a member")
        if plan.target.key == "orders"
        else _("skip their rows")
    )
    chosen = plan.options.unknown_members
    plan.questions.append(
        Question(
            KEY,
            "",
            text % values,
            (
                Choice(CREATE, _("create them")),
                Choice(LEAVE, without),
                Choice(REFUSE, _("list their rows as broken")),
            ),
            answer="" if chosen == CREATE else chosen,
            suggestion=CREATE,
        )
    )


def count(plan: ImportPlan) -> int:
    """Return how many members the plan's rows name that are not known."""
    names: set[Name] = set()
    with plan.resources:
        for chunk in plan.target.chunks(plan):
            columns = account_resolver.references_of(chunk)
            if not columns:
                continue
            rows = zip(
                *(column.to_pylist() for column in columns.values()), strict=True
            )
            is_asked = plan.target.names_members(plan, chunk)
            for row in itertools.compress(rows, is_asked):
                name = ((k, t) for k, t in zip(columns, row, strict=True) if t)
                names.add(tuple(name))
    names.discard(())
    unknown: set[tuple[str, str]] = set()
    # Sorted, so that the answer does not depend on the order of a set.
    for some in account_queries.chunks(sorted(names)):
        matches = resolver.find_all(plan.community, [dict(name) for name in some])
        unknown |= {
            (match.by, match.text)
            for match in matches
            if match.state == resolver.UNKNOWN
        }
    return len(unknown)
