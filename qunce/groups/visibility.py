"""Which groups a staff member may see: all groups of the community, or a list of keys."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext as _

from qunce.core.staff.models import Staff
from qunce.groups.groups import Group, GroupNotFound

MAX_ID = 2**63 - 1
"""The largest id that a database accepts; forms and addresses may have larger numbers."""


def list_visible(by: Staff) -> models.QuerySet[Group]:
    """Return the groups that `by` may see, ordered by key."""
    groups = Group.objects.filter(community=by.community).order_by("key")
    return groups if by.groups is None else groups.filter(key__in=by.groups)


def get(*, by: Staff, pk: int) -> Group:
    """Return the group; a hidden one raises GroupNotFound like one that does not exist."""
    try:
        return list_visible(by).get(pk=pk)
    except Group.DoesNotExist:
        raise GroupNotFound(_("There is no such group.")) from None


def get_by_key(by: Staff, key: str) -> Group:
    """Return the group; a hidden one raises GroupNotFound like one that does not exist."""
    group = list_visible(by).filter(key=key).first()
    if group is None:
        raise GroupNotFound(_("There is no group “%(key)s”.") % {"key": key})
    return group


def check(*, by: Staff, groups: Iterable[int]) -> None:
    """Raise GroupNotFound unless `by` may see every one of these group ids."""
    group_ids = set(groups)
    storable = [number for number in group_ids if 0 < number <= MAX_ID]
    # A hidden group and a missing one give the same answer.
    if list_visible(by).filter(pk__in=storable).count() < len(group_ids):
        raise GroupNotFound(_("There is no such group."))
