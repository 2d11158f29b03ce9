"""Values of the variables in message texts, loaded for many recipients at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from zoneinfo import ZoneInfo

from django.utils.translation import pgettext

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.attributes import parsing as value_parsing
from qunce.members.attributes.attributes import Attribute
from qunce.members.attributes.values import AttributeValue
from qunce.members.personal_links import portal_settings
from qunce.members.tags import models as tag_models
from qunce.members.tags.models import Tagging
from qunce.outreach.content.templates import ATTRIBUTE, TAG

PERSONAL_LINK = "personal_link"
PERSONAL_LINK_PLACEHOLDER = "‹个人链接 personal link›"
"""What a text has in the place of the link until it is handed to its channel."""
Values = dict[int, dict[str, str]]
"""Target → name of the variable → value."""


def list_variables(community: Community, target: str) -> dict[str, str]:
    """Variable → its label, for texts to the `members` or to the `groups`."""
    sender = {
        "staff": pgettext("variable", "staff"),
        "community": pgettext("variable", "community"),
    }
    if target == "groups":
        return {"group": pgettext("variable", "group"), **sender}
    groups = tag_models.TagGroup.objects.filter(community=community).order_by("key")
    return {
        "name": pgettext("variable", "name"),
        **sender,
        **(
            {PERSONAL_LINK: pgettext("variable", "personal link")}
            if portal_settings.has_address()
            else {}
        ),
        **{f"{TAG}{group.key}": group.name for group in groups},
        **{
            f"{ATTRIBUTE}{each.name}": each.label
            for each in attributes.list_all(community)
        },
    }


def member_values(
    community: Community,
    targets: Collection[int],
    names: Collection[str],
    staff: Staff | None,
) -> Values:
    """Values of the variables `names` for people, who are given by any account.

    Values of all accounts of a person are used.
    """
    by_person = account_queries.accounts_by_person(targets)
    person_of = account_queries.invert(by_person)
    account_ids = sorted(person_of)
    values: Values = {person: _common_values(community, staff) for person in by_person}
    for name in sorted(names):
        pairs: Iterable[tuple[int, str]] = ()
        if name == "name":
            pairs = account_queries.list_names(account_ids)
        elif name == PERSONAL_LINK and portal_settings.has_address():
            pairs = [(person, PERSONAL_LINK_PLACEHOLDER) for person in by_person]
        elif name.startswith(TAG):
            pairs = _tag_names(community, name.removeprefix(TAG), account_ids)
        elif name.startswith(ATTRIBUTE):
            attribute = name.removeprefix(ATTRIBUTE)
            pairs = _attribute_values(community, attribute, account_ids)
        # The first value of a person wins, so the pairs are ordered by preference.
        for account, value in pairs:
            if value.strip():
                values[person_of[account]].setdefault(name, value)
    return {target: values[person_of[target]] for target in targets}


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


def _tag_names(
    community: Community, group: str, account_ids: Sequence[int]
) -> Iterable[tuple[int, str]]:
    """Account and tag for the tags of a group, deepest first."""
    rows = Tagging.objects.filter(
        account_id__in=account_ids,
        present=True,
        tag__group__key=group,
        tag__group__community=community,
        tag__state="active",
    )
    ordered = rows.order_by("-weight", "tag__name", "account_id")
    return ordered.values_list("account_id", "tag__name")


def _attribute_values(
    community: Community, name: str, account_ids: Sequence[int]
) -> list[tuple[int, str]]:
    """Account and value for the values of an attribute, newest first."""
    attribute = Attribute.objects.filter(community=community, name=name).first()
    if attribute is None:
        return []
    rows = AttributeValue.objects.filter(
        attribute=attribute, account_id__in=account_ids, present=True
    ).order_by("-set_at", "-account_id", "item")
    zone = ZoneInfo(community.timezone)
    return [
        (
            row.account_id,
            value_parsing.format_value(attribute.type, row.number, row.text, zone),
        )
        for row in rows
    ]
