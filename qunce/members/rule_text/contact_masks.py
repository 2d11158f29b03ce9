"""Rules of others, as staff read them who may not see contacts.

A rule can name a phone number, a WeChat id or a street that somebody has typed into it.
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


class ContactsHidden(permissions.NotAllowed):
    """The rule names contacts that the reader may not see."""


def masked(rule: Any, by: Staff) -> Any:
    """The rule with dots for the contacts that `by` may not read."""
    if permissions.may(by, masking.VIEW_IDENTIFIERS):
        return rule
    contacts = Attribute.objects.filter(community_id=by.community_id, is_contact=True)
    return _masked(rule, frozenset(contacts.values_list("name", flat=True)))


def check_readable(rule: Any, by: Staff) -> None:
    """Raise ContactsHidden unless `by` may read all of the rule, and so edit it."""
    if masked(rule, by) != rule:
        raise ContactsHidden(
            _(
                "This rule names phone numbers or other contacts that you may not read,"
                " so you cannot open it."
            )
        )


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
