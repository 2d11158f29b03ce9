"""What staff see: their own limits, within those of their unit and of the units above it.

`Staff.own_scope` and `own_groups` are the own limits. `Staff.scope` and `groups` are what
results, which everything else reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import errors, permissions
from qunce.core.communities import Community

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.core.staff.units import Unit

Prepare = Callable[[Community, Any], Any]
_prepares: list[Prepare] = []


def register(prepare: Prepare) -> Prepare:
    """Register what checks the rule of a scope and returns it as it is stored."""
    if prepare not in _prepares:
        _prepares.append(prepare)
    return prepare


def prepare(community: Community, scope: Any) -> Any:
    """The rule as it is stored; raises an error for an invalid one."""
    for step in _prepares if scope is not None else ():
        scope = step(community, scope)
    return scope


def check_groups(by: Staff, keys: Iterable[str]) -> None:
    """Raise NotFound if `by` does not see one of these groups."""
    if by.groups is not None and not set(keys) <= set(by.groups):
        raise errors.NotFound(_("There is no such group."))


def sort_groups(groups: Iterable[str] | None) -> list[str] | None:
    """Sorted and unique, so that the same choice made again is no change."""
    return None if groups is None else sorted(set(groups))


def combine(
    *, role: str, scope: Any, groups: Sequence[str] | None, unit: Unit | None
) -> tuple[Any, list[str] | None]:
    """The scope and the groups that result from own ones and those of the units.

    Units do not limit owners, as somebody has to see the whole community.
    """
    rules = [] if scope is None else [scope]
    limits = [] if groups is None else [set(groups)]
    while unit is not None and role != permissions.Role.OWNER:
        if unit.scope is not None:
            rules.append(unit.scope)
        if unit.groups is not None:
            limits.append(set(unit.groups))
        unit = unit.parent
    both = rules[0] if len(rules) == 1 else {"all": rules}
    return (
        both if rules else None,
        sorted(set.intersection(*limits)) if limits else None,
    )


def refresh(staff: Staff, at: datetime) -> list[str]:
    """Set `scope` and `groups` to what results now; returns what changed, not saved."""
    scope, groups = combine(
        role=staff.role,
        scope=staff.own_scope,
        groups=staff.own_groups,
        unit=staff.unit,
    )
    if (staff.scope, staff.groups) == (scope, groups):
        return []
    staff.scope, staff.groups, staff.scope_changed_at = scope, groups, at
    return ["scope", "groups", "scope_changed_at"]
