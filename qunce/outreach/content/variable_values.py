"""What variables stand for, looked up for many receivers at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from zoneinfo import ZoneInfo

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.attributes import attributes
from qunce.members.attributes import parsing as value_parsing
from qunce.members.attributes.attributes import Attribute
from qunce.members.attributes.values import AttributeValue
from qunce.members.tags import models as tag_models
from qunce.members.tags.models import Tagging
from qunce.outreach.content.templates import ATTRIBUTE, TAG

Values = dict[int, dict[str, str]]
"""Receiver → name of a variable → what it is for them."""
MEMBER_VARIABLES = ("name", "staff", "community")
GROUP_VARIABLES = ("group", "staff", "community")


def list_variables(community: Community, target: str) -> list[str]:
    """Variables that texts to members or to groups of a community may use."""
    if target == "groups":
        return list(GROUP_VARIABLES)
    groups = tag_models.TagGroup.objects.filter(community=community).order_by("key")
    names = attributes.list_all(community).values_list("name", flat=True)
    return [
        *MEMBER_VARIABLES,
        *(f"{TAG}{key}" for key in groups.values_list("key", flat=True)),
        *(f"{ATTRIBUTE}{name}" for name in names),
    ]


def member_values(
    community: Community,
    targets: Collection[int],
    asked: Collection[str],
    staff: Staff | None,
) -> Values:
    """For people by any of their accounts; only what is asked for is looked up."""
    heads = account_queries.person_ids(targets)
    families = account_queries.accounts_by_person(targets)
    found: Values = {head: _common_values(community, staff) for head in families}
    head_of = {one: head for head, family in families.items() for one in family}
    for name in sorted(asked):
        look = _lookup(community, name)
        for account, value in look(sorted(head_of)) if look else ():
            if value.strip():
                found[head_of[account]].setdefault(name, value)
    return {target: found[heads[target]] for target in targets}


def group_values(
    community: Community, groups: Collection[int], staff: Staff | None
) -> Values:
    rows = Group.objects.filter(community=community, pk__in=groups)
    return {
        pk: {**_common_values(community, staff), "group": name}
        for pk, name in rows.values_list("pk", "name")
    }


def _common_values(community: Community, staff: Staff | None) -> dict[str, str]:
    return {"community": community.name, "staff": staff.name if staff else ""}


Lookup = Callable[[Sequence[int]], Sequence[tuple[int, str]]]
"""From accounts to (account, value), the value that counts first."""


def _lookup(community: Community, name: str) -> Lookup | None:
    if name == "name":
        return _names
    if name.startswith(TAG):
        return lambda accounts: _tags(community, name.removeprefix(TAG), accounts)
    if name.startswith(ATTRIBUTE):
        key = name.removeprefix(ATTRIBUTE)
        return lambda accounts: _attribute(community, key, accounts)
    return None


def _names(accounts: Sequence[int]) -> list[tuple[int, str]]:
    rows = Account.objects.filter(pk__in=accounts).order_by("pk")
    return list(rows.values_list("pk", "name"))


def _tags(
    community: Community, group: str, accounts: Sequence[int]
) -> list[tuple[int, str]]:
    """The deepest tag of a group that is carried."""
    rows = Tagging.objects.filter(
        account_id__in=accounts,
        present=True,
        tag__group__key=group,
        tag__group__community=community,
        tag__state="active",
    )
    ordered = rows.order_by("-weight", "tag__name", "account_id")
    return list(ordered.values_list("account_id", "tag__name"))


def _attribute(
    community: Community, name: str, accounts: Sequence[int]
) -> list[tuple[int, str]]:
    """The value set last; one of several."""
    attribute = Attribute.objects.filter(community=community, name=name).first()
    if attribute is None:
        return []
    rows = AttributeValue.objects.filter(
        attribute=attribute, account_id__in=accounts, present=True
    ).order_by("-set_at", "-account_id", "item")
    zone = ZoneInfo(community.timezone)
    return [
        (
            row.account_id,
            value_parsing.format_value(attribute.type, row.number, row.text, zone),
        )
        for row in rows
    ]
