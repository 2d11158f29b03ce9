"""Saved views of the member list: saving, sharing and deleting them.

A view is its author's own until they share it; others may use a shared one and save
their own copy. Who does not see what its filters name does not see the view.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, names, permissions, text_validation, value_types
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import masking
from qunce.members.attributes.attributes import Attribute
from qunce.members.columns import columns as member_columns
from qunce.members.saved_views.models import (
    MAX_NAME_LENGTH,
    ListLayout,
    SavedView,
)
from qunce.sets import audiences
from qunce.sets.rules import base, tree

SHARE = permissions.declare(
    "members.share_views",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("share views of the member list"),
)
PAGE_SIZES = (25, 50, 100, 200)
DEFAULT_PAGE_SIZE = 50
MAX_VIEWS = 60
"""Of one person."""
MAX_FILTER_LENGTH = 20_000


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ViewSaved(facts.FactKind):
    kind = "member_view.saved"
    label = gettext_lazy("view of members saved")
    view: int
    is_shared: bool


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ViewDeleted(facts.FactKind):
    kind = "member_view.deleted"
    label = gettext_lazy("view of members deleted")
    view: int


class ViewNotFound(errors.NotFound):
    """There is no such view, or it is somebody else's own."""


class InvalidView(errors.Invalid):
    """The name or the filters of a view are not valid."""


# Checks


def check_name(name: str) -> None:
    if not 0 < len(name) <= MAX_NAME_LENGTH or not text_validation.is_valid(name):
        raise InvalidView(
            _("Give the view a name of at most %(most)s characters.")
            % {"most": MAX_NAME_LENGTH}
        )


def check_filters(filters: Mapping[str, Sequence[str]]) -> None:
    if not isinstance(filters, Mapping):
        raise InvalidView(_("The filters of a view are an object of lists."))
    for name, texts in filters.items():
        value_types.check_texts(texts, value_types.check_text(name, _("Filter")))
    texts = [*filters, *itertools.chain(*filters.values())]
    if sum(map(len, texts)) > MAX_FILTER_LENGTH:
        raise InvalidView(_("These filters are too long. Save them as a segment."))
    if not all(map(text_validation.is_valid, texts)):
        raise InvalidView(_("These filters have characters that cannot be stored."))


def check_may_change(view: SavedView, by: Staff) -> None:
    """Raises NotAllowed unless it is their own, or a shared one that they manage."""
    is_manager = by.role in (permissions.Role.OWNER, permissions.Role.MANAGER)
    may_manage = is_manager and not by.is_scoped and permissions.may(by, SHARE)
    if view.staff_id == by.pk or (view.is_shared and may_manage):
        return
    raise permissions.NotAllowed(
        _("This view belongs to %(name)s. Save your own copy.")
        % {"name": view.staff.name}
    )


def may_change(view: SavedView, by: Staff) -> bool:
    try:
        check_may_change(view, by)
    except errors.Refused:
        return False
    return True


# Verbs


@transaction.atomic
def save(
    *,
    name: str,
    columns: Sequence[str],
    filters: Mapping[str, Sequence[str]],
    sort_by: str,
    is_shared: bool,
    by: Staff,
    at: datetime,
) -> SavedView:
    """Create a view of `by`, or replace the one with this name."""
    name = names.clean(name)
    check_name(name)
    if is_shared:
        permissions.check_may(by, SHARE)
    check_filters(filters)
    columns = value_types.check_texts(columns, _("Columns"))
    sort_by = value_types.check_text(sort_by, _("Sort by"))
    own = SavedView.objects.filter(community=by.community, staff=by)
    if own.exclude(name=name).count() >= MAX_VIEWS:
        raise InvalidView(
            _("You can have at most %(most)s views. Delete one first.")
            % {"most": MAX_VIEWS}
        )
    view, _created = SavedView.objects.update_or_create(
        community=by.community,
        staff=by,
        name=name,
        defaults={
            "columns": _known(by.community, columns),
            "filters": {key: list(texts) for key, texts in filters.items()},
            "sort_by": sort_by[:120],
            "is_shared": is_shared,
        },
        create_defaults={
            "columns": _known(by.community, columns),
            "filters": {key: list(texts) for key, texts in filters.items()},
            "sort_by": sort_by[:120],
            "is_shared": is_shared,
            "created_at": at,
        },
    )
    fact = ViewSaved(view=view.pk, is_shared=is_shared)
    facts.record(fact, community=by.community, by=by, at=at)
    return view


@transaction.atomic
def delete(*, view: SavedView, by: Staff, at: datetime) -> None:
    check_may_change(view, by)
    pk = view.pk
    view.delete()
    facts.record(ViewDeleted(view=pk), community=by.community, by=by, at=at)


def set_layout(*, columns: Sequence[str], page_size: int, by: Staff) -> ListLayout:
    """Remember the columns and the page size with which `by` sees the list."""
    if page_size not in PAGE_SIZES:
        page_size = DEFAULT_PAGE_SIZE
    defaults = {"columns": _known(by.community, columns), "page_size": page_size}
    return ListLayout.objects.update_or_create(staff=by, defaults=defaults)[0]


def _known(community: Community, keys: Sequence[str]) -> list[str]:
    return [column.key for column in member_columns.find(community, keys)]


# Reads


def get(*, by: Staff, pk: int) -> SavedView:
    """A view of theirs, or a shared one; raises ViewNotFound."""
    rows = [view for view in _visible(by).filter(pk=pk) if not _reveals(view, by)]
    if not rows:
        raise ViewNotFound(_("There is no such view."))
    return rows[0]


def list_for(by: Staff) -> list[SavedView]:
    """Their own views and those that others share, by name."""
    rows = _visible(by).order_by("name", "pk")
    return [view for view in rows if not _reveals(view, by)]


def _visible(by: Staff) -> models.QuerySet[SavedView]:
    rows = SavedView.objects.filter(community=by.community)
    return rows.filter(Q(staff=by) | Q(is_shared=True)).select_related("staff")


def _reveals(view: SavedView, by: Staff) -> bool:
    """Whether a view of somebody else names a contact or a group that `by` does not see."""
    if view.staff_id == by.pk:
        return False
    rules = view.filters.get("rule", [])
    if not permissions.may(by, masking.VIEW_IDENTIFIERS):
        contacts = Attribute.objects.filter(community=by.community, is_contact=True)
        quoted = {json.dumps(name) for name in contacts.values_list("name", flat=True)}
        quoted |= {f'"{name}"' for name in contacts.values_list("name", flat=True)}
        texts = map(str, itertools.chain(*view.filters.values()))
        if any(map(masking.names_private, texts)):
            return True
        if any(name in rule for name in quoted for rule in rules):
            return True
    return by.groups is not None and not all(_is_known(rule, by) for rule in rules)


def _is_known(text: str, by: Staff) -> bool:
    try:
        rule = tree.parse_json(text)
        audiences.check(community=by.community, rule=rule, by=by)
    except base.RuleError:
        return False
    return True


def layout_of(by: Staff) -> ListLayout:
    """What they have chosen, or the default of the community."""
    layout = ListLayout.objects.filter(staff=by).first()
    if layout is None:
        layout = ListLayout(staff=by, page_size=DEFAULT_PAGE_SIZE)
        layout.columns = member_columns.default_keys(by.community)
    return layout
