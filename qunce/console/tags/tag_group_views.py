"""Pages of tag groups: the list, and the form with naming rule and creators."""

from __future__ import annotations

import re
from collections import Counter

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qunce.console import http
from qunce.console.tags.forms import GroupForm
from qunce.core import errors, permissions
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library
from qunce.members.tags import models as tag_models
from qunce.members.tags.models import TagGroup


@http.page()
def group_list(request: http.Request) -> HttpResponse:
    sizes = Counter(
        library.list_tags(request.community).values_list("group_id", flat=True)
    )
    roles = dict(permissions.Role.choices)
    groups = [
        (
            group,
            sizes[group.pk],
            [roles[role] for role in group.creator_roles if role in roles],
        )
        for group in tag_groups.list_all(request.community)
    ]
    may_manage = permissions.may(request.staff, tag_models.MANAGE)
    context = {"groups": groups, "may_manage": may_manage}
    return http.render(request, "console/tags/group_list.html", context)


@require_http_methods(["GET", "POST"])
@http.page(tag_models.MANAGE)
def group_create(request: http.Request) -> HttpResponse:
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            tag_groups.create(
                community=request.community,
                # The key stays when the name of the group changes.
                key=re.sub(r"\s+", "-", form.cleaned_data["name"].strip()).casefold(),
                by=request.staff,
                at=request.at,
                **form.to_arguments(),
            )
        except errors.QunceError as error:
            form.add_error("name", str(error))
        else:
            http.flash(request, _("Tag group created. Now add tags to it."))
            return http.redirect_back(request, reverse("tags:group-list"))
    return _render_form(request, form)


@require_http_methods(["GET", "POST"])
@http.page(tag_models.MANAGE)
def group_update(request: http.Request, pk: int) -> HttpResponse:
    group = tag_groups.get(request.community, pk)
    form = GroupForm(request.POST or None, group=group)
    if request.method == "POST" and form.is_valid():
        try:
            tag_groups.update(
                group=group, by=request.staff, at=request.at, **form.to_arguments()
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("tags:group-list"))
    return _render_form(request, form, group)


def _render_form(
    request: http.Request, form: GroupForm, group: TagGroup | None = None
) -> HttpResponse:
    context = {"form": form, "group": group}
    status = 422 if form.errors else 200
    return http.render(request, "console/tags/group_form.html", context, status=status)
