"""The sum over groups, the number of different people, and what lies between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from qunce.insight import group_comparison, identities, metrics
from qunce.insight.identities import Comparison, Question
from qunce.sets import set_sizes
from qunce.sets.rules import references

MAX_GROUPS = 20
"""Groups whose rows are compared with the metrics, as each needs a scan of its own."""
ROWS = {
    "joins": "joins",
    "leaves": "leaves",
    "net_growth": "net_growth",
    "messages": "messages",
    "interactions": "interactions",
    "active": "active_members",
    "speakers": "speakers",
    "interacting": "interacting_members",
    "members": "members_now",
}
"""Column of the comparison of groups → the metric whose number it is."""


def _list_groups(question: Question) -> dict[str, int]:
    """Key → id of every group."""
    keys = references.list_keys(question.community, "group")
    find_ids = references.get("group").find_ids
    return dict(find_ids(question.community, keys)) if find_ids else {}


@identities.register(
    "groups",
    statement=_(
        "The members of all groups together are the different people in them plus how "
        "often somebody is in a further group."
    ),
    metrics=("members_now",),
)
def compare_sums(question: Question) -> Iterator[Comparison]:
    groups = _list_groups(question)
    people: dict[str, Any] = {"by": question.by, "at": question.at}
    compared = group_comparison.load(group_ids=list(groups.values()), **people)
    together = compared.together["members"]
    further = set_sizes.count_further_marks(
        community=question.community,
        kind=group_comparison.GROUP_MARKS,
        refs=groups.values(),
        **people,
    )
    yield Comparison(
        where=str(_("all groups")), left=together.total, right=together.people + further
    )


@identities.register(
    "group rows",
    statement=_(
        "Each number in the comparison of groups is that of the metric of the group."
    ),
    metrics=tuple(ROWS.values()),
)
def compare_rows(question: Question) -> Iterator[Comparison]:
    groups = _list_groups(question)
    compared = group_comparison.load(
        by=question.by, group_ids=list(groups.values()), at=question.at
    )
    keys = {number: key for key, number in groups.items()}
    largest = sorted(compared.rows, key=lambda row: -row.members)[:MAX_GROUPS]
    for row in largest:
        numbers = metrics.count_span(
            community=question.community,
            group=keys[row.group_id],
            first=compared.first,
            last=compared.last,
            by=question.by,
            at=question.at,
            names=tuple(ROWS.values()),
        ).numbers
        for column, name in ROWS.items():
            yield Comparison(
                where=f"{keys[row.group_id]}: {name}",
                left=getattr(row, column),
                right=numbers[name],
            )
