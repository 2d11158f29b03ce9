"""How the members fare of whom each staff member is in charge: who came, left and bought.

They are the members of whom somebody is in charge now, those who left included.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qunce.insight import small_numbers
from qunce.insight.subjects import sales
from qunce.sets import audiences, part_totals, presence_changes

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff
    from qunce.insight.metric_query import MetricQuery


@dataclass(frozen=True, kw_only=True)
class MembersInCharge:
    """`kept` of those who were there at the `opening` of a span were so at its end.

    `joined` and `left` are people, `sales` is in the smallest unit.
    """

    members: int = 0
    opening: int = 0
    kept: int = 0
    joined: int = 0
    left: int = 0
    orders: int = 0
    sales: int = 0

    @property
    def kept_percent(self) -> float | None:
        return small_numbers.percent(self.kept, self.opening)


def add(rows: Iterable[MembersInCharge]) -> MembersInCharge:
    """The sum, as nobody has two staff members in charge."""
    found = list(rows)
    names = MembersInCharge.__dataclass_fields__
    return MembersInCharge(**{n: sum(getattr(row, n) for row in found) for n in names})


def rule_of(*staff: Staff) -> dict[str, Any]:
    """The rule of the members of whom one of these staff is in charge."""
    return {"staff": {"any": [each.login for each in staff]}}


def load(query: MetricQuery, staff: Sequence[Staff]) -> dict[int, MembersInCharge]:
    """Id of the staff member → how the members fare that the asker sees."""
    community, by, at = query.community, query.by, query.at
    rules = [{"with_left": rule_of(each)} for each in staff]
    found = audiences.people_by_rule(community=community, rules=rules, by=by, at=at)
    parts = {each.pk: people for each, people in zip(staff, found, strict=True)}
    now = audiences.people(community=community, rule=audiences.EVERYONE, by=by, at=at)
    moves = {
        column: _find_moved(query, column)
        for column in ("opening", "closing", "joined", "left")
    }
    paid, refunded, orders = (
        part_totals.sum_by_part(
            community=community,
            kinds=kinds,
            parts=parts,
            first=query.first,
            last=query.last,
            at=at,
        )
        for kinds in (sales.PAID_KINDS, sales.REFUND_KINDS, sales.ORDER_KINDS)
    )
    stayed = moves["opening"] & moves["closing"]
    return {
        pk: MembersInCharge(
            members=len(people & now),
            opening=len(people & moves["opening"]),
            kept=len(people & stayed),
            joined=len(people & moves["joined"]),
            left=len(people & moves["left"]),
            orders=orders[pk].count,
            sales=paid[pk].amount - refunded[pk].amount,
        )
        for pk, people in parts.items()
    }


def _find_moved(query: MetricQuery, column: str) -> BitMap:
    return presence_changes.find_people(
        community=query.community,
        column=column,
        first=query.first,
        last=query.last,
        at=query.at,
        among=query.visible,
    )
