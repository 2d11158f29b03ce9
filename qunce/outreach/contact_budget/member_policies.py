"""The contact budget that holds for each member: that of their style of service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.core.communities import Community
from qunce.outreach.contact_budget import policies
from qunce.outreach.contact_budget.policies import Policy
from qunce.outreach.service_styles import assignment, budgets
from qunce.outreach.service_styles.assignment import Assignment
from qunce.outreach.service_styles.models import ServiceStyle

if TYPE_CHECKING:
    from pyroaring import BitMap


@dataclass(frozen=True)
class MemberPolicies:
    """`others` holds for everybody who is in none of the sets, `of_groups` for groups.

    The sets do not overlap.
    """

    others: Policy
    of_groups: Policy
    parts: tuple[tuple[Policy, BitMap], ...] = ()

    def of(self, person: int) -> Policy:
        for policy, people in self.parts:
            if person in people:
                return policy
        return self.others

    def __iter__(self) -> Iterator[Policy]:
        """Those of members."""
        yield from (policy for policy, _people in self.parts)
        yield self.others


def load(
    community: Community, at: datetime, *, common: Policy | None = None
) -> MemberPolicies:
    """The budgets of all members; `common` replaces the community's, to see what it does.

    Call it outside the claiming transaction, as it uses the caches of the set engine.
    """
    policy = policies.get(community) if common is None else common
    return combine(policy, assignment.load(community, at))


def combine(common: Policy, styles: Assignment) -> MemberPolicies:
    """The policies of members whose styles are these."""

    def of(style: ServiceStyle) -> Policy:
        return replace(common, budget=budgets.of(style, common.budget))

    if styles.default is None:
        return MemberPolicies(common, common)
    parts = tuple((of(part.style), part.people) for part in styles.parts if part.people)
    return MemberPolicies(of(styles.default), common, parts)
