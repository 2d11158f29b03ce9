"""Saved views of the member list: names, and who sees a shared one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff import roles
from qunce.core.staff.models import Staff
from qunce.members.attributes import attributes
from qunce.members.saved_views import saved_views
from qunce.members.saved_views.models import SavedView
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db


def share(by: Staff, name: str = "View", **filters: list[str]) -> SavedView:
    layout: dict[str, Any] = {"columns": [], "sort_by": "", "is_shared": True}
    return saved_views.save(name=name, filters=filters, **layout, by=by, at=AT)


def test_shared_views_reveal_no_contacts_and_no_hidden_groups(
    shop: Community, by: Staff
) -> None:
    common: dict[str, Any] = {"community": shop, "by": by, "at": AT}
    attributes.define(name="微信号", type="text", **common)
    factories.group(shop, "open")
    factories.group(shop, "hidden")
    private: dict[str, dict[str, list[str]]] = {
        "phone": {"q": ["13800001111"]},
        "address": {"q": ["ann@example.com"]},
        "contact": {"rule": [json.dumps({"attr": {"name": "微信号", "eq": "ann_w"}})]},
        "group": {"rule": [json.dumps({"group": {"any": ["hidden"]}})]},
        "open": {"rule": [json.dumps({"group": {"any": ["open"]}})], "q": ["an"]},
    }
    views = {name: share(by, name, **filters) for name, filters in private.items()}
    viewer = factories.staff(shop, "viewer", "vic")
    limited = factories.staff(shop, "manager", "lim", groups=["open"])
    own = {name: view.pk for name, view in views.items()}
    for staff, hidden in (
        (viewer, {"phone", "address", "contact"}),
        (limited, {"group"}),
        (by, set()),
    ):
        seen = {view.name for view in saved_views.list_for(staff)}
        assert seen == set(views) - hidden
        for name in hidden:
            with pytest.raises(saved_views.ViewNotFound):
                saved_views.get(by=staff, pk=own[name])


def test_name_shows_all_its_characters_and_filters_can_be_stored(by: Staff) -> None:
    assert share(by, "evil\u202e view").name == "evil view"
    with pytest.raises(saved_views.InvalidView):
        share(by, q=["a\0b"])


def test_role_without_sharing_deletes_no_views_of_others(
    shop: Community, by: Staff
) -> None:
    view = share(by)
    role = roles.create(name="Lite", base="manager", chosen=[], by=by, at=AT)
    lite = factories.staff(shop, "manager", "lite")
    assert saved_views.may_change(view, lite)
    lite.custom_role = role
    with pytest.raises(permissions.NotAllowed):
        saved_views.delete(view=view, by=lite, at=AT)
