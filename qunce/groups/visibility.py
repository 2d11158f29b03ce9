"""Which groups an operator sees: all of the community, or those that are named."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext as _

from qunce.core.staff.models import Staff
from qunce.groups.groups import Group, GroupNotFound


def list_visible(by: Staff) -> models.QuerySet[Group]:
    """The groups that `by` may see, by key."""
    groups = Group.objects.filter(community=by.community).order_by("key")
    return groups if by.groups is None else groups.filter(key__in=by.groups)


def get(*, by: Staff, pk: int) -> Group:
    """A group out of sight is as unknown as one that is not there."""
    try:
        return list_visible(by).get(pk=pk)
    except Group.DoesNotExist:
        raise GroupNotFound(_("There is no such group.")) from None


def check(*, by: Staff, groups: Iterable[int]) -> None:
    """Refuses the numbers of groups if `by` may not see every one of them."""
    wanted = set(groups)
    if list_visible(by).filter(pk__in=wanted).count() < len(wanted):
        raise GroupNotFound(_("There is no such group."))
