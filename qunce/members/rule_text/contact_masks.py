"""Rules of others, as staff read them who may not see contacts, or not all groups.

A rule can name a phone number, a WeChat id or a street that somebody has typed into it,
and a group that limited staff do not see; what is hidden reads like what is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import permissions
from qunce.members.accounts import masking
from qunce.members.attributes.attributes import Attribute

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

KEYED = ("tag", "group", "segment", "layer")
"""Clauses that name things of the community by key, which is never a contact."""
PLAIN_FIELDS = ("name", "known")
"""Fields of a clause about an attribute that do not hold its values."""


GROUP = "group"
"""The clause, and the field of facts, that names groups."""


class ContactsHidden(permissions.NotAllowed):
    """The rule names contacts or groups that the reader may not see."""


def masked(rule: Any, by: Staff) -> Any:
    """The rule with dots for the contacts that `by` may not read, and for hidden groups."""
    if by.groups is not None:
        rule = _without_groups(rule, frozenset(by.groups))
    if permissions.may(by, masking.VIEW_IDENTIFIERS):
        return rule
    contacts = Attribute.objects.filter(community_id=by.community_id, is_contact=True)
    return _masked(rule, frozenset(contacts.values_list("name", flat=True)))


def is_readable(rule: Any, by: Staff) -> bool:
    """Whether `by` may read all of the rule."""
    return bool(masked(rule, by) == rule)


def check_readable(rule: Any, by: Staff) -> None:
    """Raise ContactsHidden unless `by` may read all of the rule, and so edit it."""
    if not is_readable(rule, by):
        raise ContactsHidden(
            _(
                "This rule names contacts or groups that you may not see, so you cannot"
                " open it."
            )
        )


def _without_groups(part: Any, visible: frozenset[str]) -> Any:
    """The rule with dots for every key of a group that is not visible, or does not exist."""
    if isinstance(part, list):
        return [_without_groups(each, visible) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _hide(value, visible)
        if name == GROUP
        else _without_groups(value, visible)
        for name, value in part.items()
    }


def _hide(keys: Any, visible: frozenset[str]) -> Any:
    """What a clause or a field says of groups, with dots for the hidden ones."""
    if isinstance(keys, dict):
        return {name: _hide(value, visible) for name, value in keys.items()}
    if isinstance(keys, list):
        return [_hide(each, visible) for each in keys]
    return masking.DOTS if isinstance(keys, str) and keys not in visible else keys


def _masked(part: Any, contacts: frozenset[str]) -> Any:
    if isinstance(part, list):
        return [_masked(each, contacts) for each in part]
    if isinstance(part, str):
        return masking.mask_key(part)
    if not isinstance(part, dict):
        return part
    return {
        name: value if name in KEYED else _masked_clause(name, value, contacts)
        for name, value in part.items()
    }


def _masked_clause(name: str, value: Any, contacts: frozenset[str]) -> Any:
    is_contact = isinstance(value, dict) and str(value.get("name")) in contacts
    if name != "attr" or not is_contact:
        return _masked(value, contacts)
    return {
        field: each if field in PLAIN_FIELDS else _dots(each)
        for field, each in value.items()
    }


def _dots(required: Any) -> Any:
    return (
        [masking.DOTS] * len(required) if isinstance(required, list) else masking.DOTS
    )
