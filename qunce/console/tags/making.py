"""A new tag: near twins are offered while its name is typed."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qunce.console import entry, paging
from qunce.console.tags import listing
from qunce.console.tags.forms import TagForm
from qunce.core import access, errors
from qunce.members import tagcare, tagreports, tags
from qunce.members.tags import Tag


@require_http_methods(["GET", "POST"])
@entry.page()
def new(request: entry.Request) -> HttpResponse:
    _check_may_make_any(request)
    group = paging.number(request, "group") or None
    form = TagForm(request.operator, request.POST or None, group=group)
    twins: list[Tag] = []
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        twins = tagreports.near(request.community, name)
        if not twins or "sure" in request.POST:
            made = _make(request, form)
            if made is not None:
                entry.say(
                    request, _("The tag “%(tag)s” is there.") % {"tag": made.name}
                )
                return entry.back(request, reverse("tags:page", args=[made.pk]))
    context = {"form": form, **_near(request, twins), "groups": _rules(request)}
    status = 422 if request.method == "POST" else 200
    return entry.render(request, "console/tags/new.html", context, status=status)


def _check_may_make_any(request: entry.Request) -> None:
    groups = tagcare.groups(request.community)
    if not any(tags.may_make(group, request.operator) for group in [None, *groups]):
        access.check_may(request.operator, tags.MANAGE)


def _make(request: entry.Request, form: TagForm) -> Tag | None:
    given: dict[str, Any] = dict(form.cleaned_data)
    try:
        return tags.create(
            community=request.community,
            key=given.pop("name"),
            by=request.operator,
            at=request.at,
            **given,
        )
    except errors.QunceError as error:
        form.add_error("name", str(error))
    return None


def _rules(request: entry.Request) -> list[tags.TagGroup]:
    """Groups that say how their tags are named."""
    return [
        group
        for group in tagcare.groups(request.community)
        if group.guidance or group.prefix
    ]


@entry.page()
def near(request: entry.Request) -> HttpResponse:
    name = request.GET.get("name", "")[:80]
    found = tagreports.near(request.community, name) if name.strip() else []
    return entry.render(request, "console/tags/_near.html", _near(request, found))


def _near(request: entry.Request, twins: list[Tag]) -> dict[str, Any]:
    return {"twins": listing.rows_of(twins, request.operator, request.at)}
