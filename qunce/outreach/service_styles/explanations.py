"""Which style of service members have, why, and how many have each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.outreach.service_styles import assignment, styles
from qunce.outreach.service_styles.assignment import Assignment
from qunce.outreach.service_styles.models import ServiceStyle, ServiceStyleRule
from qunce.sets import audiences


@dataclass(frozen=True)
class MemberStyle:
    """The style of a member; `rule` is the one that gives it, None for everyone else.

    A rule that `is_hidden` names what the staff member who asks does not see.
    """

    style: ServiceStyle
    rule: Any = None
    is_hidden: bool = False


@dataclass(frozen=True)
class RuleCount:
    """A rule with the members whom it gives its style; `problem` is why it cannot."""

    rule: ServiceStyleRule
    members: int
    problem: str = ""


@dataclass(frozen=True)
class Overview:
    """The rules in their order, and how many members have each style and the default."""

    rules: list[RuleCount]
    by_style: dict[int, int]
    default: ServiceStyle | None
    others: int


def find_style(*, account: int, by: Staff, at: datetime) -> MemberStyle | None:
    """The style of the person of an account; None where there are no styles."""
    visibility.check_visible(by=by, accounts=[account], at=at)
    found = assignment.load(by.community, at)
    person = account_queries.person_ids([account])[account]
    style = _of(found, person)
    if style is not None and style.rule is not None:
        try:
            audiences.check(community=by.community, rule=style.rule, by=by)
        except errors.QunceError:
            return MemberStyle(style.style, is_hidden=True)
    return style


def _of(found: Assignment, person: int) -> MemberStyle | None:
    part = found.part_of(person)
    if part is not None and part.rule is not None:
        return MemberStyle(part.style, part.rule.rule)
    return None if found.default is None else MemberStyle(found.default)


def overview(*, by: Staff, at: datetime) -> Overview:
    """The numbers of members by style."""
    listed = styles.list_all(by)
    found = assignment.load(by.community, at)
    everyone = audiences.people(
        community=by.community, rule=audiences.EVERYONE, by=by, at=at
    )
    by_style = {style.pk: 0 for style in listed}
    counts, left = [], everyone
    for part in found.parts:
        own = part.people & everyone
        left = left - own
        by_style[part.style.pk] += len(own)
        if part.rule is not None:
            problem = _problem(part.rule, by.community)
            counts.append(RuleCount(part.rule, len(own), problem))
    if found.default is not None:
        by_style[found.default.pk] += len(left)
    return Overview(counts, by_style, found.default, len(left))


def _problem(rule: ServiceStyleRule, community: Community) -> str:
    try:
        audiences.check(community=community, rule=rule.rule)
    except errors.Invalid as error:
        return str(error)
    return ""
