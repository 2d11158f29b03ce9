"""Tag groups: a dimension each, with how its tags are named and who may add some."""

from __future__ import annotations

import re
from collections import Counter

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qunce.console import entry
from qunce.console.tags.forms import GroupForm
from qunce.core import access, errors
from qunce.members import tagcare, tags
from qunce.members.tags import TagGroup


@entry.page()
def listed(request: entry.Request) -> HttpResponse:
    sizes = Counter(tags.listed(request.community).values_list("group_id", flat=True))
    roles = dict(access.Role.choices)
    groups = [
        (
            group,
            sizes[group.pk],
            [roles[role] for role in group.makers if role in roles],
        )
        for group in tagcare.groups(request.community)
    ]
    may_manage = access.may(request.operator, tags.MANAGE)
    context = {"groups": groups, "may_manage": may_manage}
    return entry.render(request, "console/tags/groups.html", context)


@require_http_methods(["GET", "POST"])
@entry.page(tags.MANAGE)
def new(request: entry.Request) -> HttpResponse:
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            tags.create_group(
                community=request.community,
                key=_key(form.cleaned_data["name"]),
                by=request.operator,
                at=request.at,
                **form.about(),
            )
        except errors.QunceError as error:
            form.add_error("name", str(error))
        else:
            entry.say(request, _("The tag group is there; now give it tags."))
            return entry.back(request, reverse("tags:groups"))
    return _form(request, form)


def _key(name: str) -> str:
    """What rules and files call the group; its name can change later."""
    return re.sub(r"\s+", "-", name.strip()).casefold()


@require_http_methods(["GET", "POST"])
@entry.page(tags.MANAGE)
def edit(request: entry.Request, pk: int) -> HttpResponse:
    group = tagcare.get_group(request.community, pk)
    form = GroupForm(request.POST or None, group=group)
    if request.method == "POST" and form.is_valid():
        try:
            tagcare.change_group(
                group=group, by=request.operator, at=request.at, **form.about()
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            entry.say(request, _("Saved."))
            return entry.back(request, reverse("tags:groups"))
    return _form(request, form, group)


def _form(
    request: entry.Request, form: GroupForm, group: TagGroup | None = None
) -> HttpResponse:
    context = {"form": form, "group": group}
    status = 422 if form.errors else 200
    return entry.render(request, "console/tags/group.html", context, status=status)
