"""One tag: who carries it, what it means, what else it is called, what was done."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import http
from qunce.console.tags import batch_views, list_views
from qunce.console.tags.forms import TagForm
from qunce.core import errors, permissions
from qunce.members.tags import assignments, library
from qunce.members.tags import models as tag_models
from qunce.members.tags.models import Tag, TagBatch

SHOWN = 10
"""Batches on the page of a tag."""


@http.page()
def page(request: http.Request, pk: int) -> HttpResponse:
    tag = library.get_by_id(request.community, pk)
    return _page(request, tag)


def _page(
    request: http.Request, tag: Tag, *, error: str = "", typed: str = ""
) -> HttpResponse:
    (row,) = list_views.rows_of([tag], request.staff, request.at)
    context = {
        "tag": tag,
        "row": row,
        "synonyms": tag.synonyms.order_by("key"),
        "merged_keys": set(tag.merged_tags.values_list("key", flat=True)),
        "batches": batch_views.lines(_batches(request, tag), request.staff),
        "may_manage": permissions.may(request.staff, tag_models.MANAGE),
        "error": error,
        "typed": typed,
    }
    status = 422 if error else 200
    return http.render(request, "console/tags/page.html", context, status=status)


def _batches(request: http.Request, tag: Tag) -> list[TagBatch]:
    """What people did; for a tag that only the house puts, what the house did."""
    by = request.staff
    found = assignments.list_batches_of_tag(
        tag, by, limit=SHOWN, exclude_sources=batch_views.FOLLOWS
    )
    return found or assignments.list_batches_of_tag(tag, by, limit=SHOWN)


@require_http_methods(["GET", "POST"])
@http.page(tag_models.MANAGE)
def edit(request: http.Request, pk: int) -> HttpResponse:
    tag = library.get_by_id(request.community, pk)
    form = TagForm(request.staff, request.POST or None, tag=tag)
    if request.method == "POST" and form.is_valid():
        try:
            _change(request, tag, form)
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.say(request, _("Saved."))
            return http.back(request, _url(tag))
    status = 422 if form.errors else 200
    context = {"form": form, "tag": tag}
    return http.render(request, "console/tags/edit.html", context, status=status)


def _change(request: http.Request, tag: Tag, form: TagForm) -> None:
    by, at, given = request.staff, request.at, form.cleaned_data
    if given["group"] != tag.group:
        library.move(tag=tag, group=given["group"], by=by, at=at)
    if given["owner"] != tag.owner:
        library.set_owner(tag=tag, owner=given["owner"], by=by, at=at)
    if (given["name"], given["description"]) != (tag.name, tag.description):
        name, description = given["name"], given["description"]
        library.update(tag=tag, name=name, description=description, by=by, at=at)


@require_POST
@http.page(tag_models.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    tag = library.get_by_id(request.community, pk)
    library.archive(tag=tag, by=request.staff, at=request.at)
    text = _("“%(tag)s” is archived. Members keep it.") % {"tag": tag.name}
    http.say(request, text, undo=reverse("tags:restore", args=[tag.pk]))
    return http.back(request, _next(request, tag))


@require_POST
@http.page(tag_models.MANAGE)
def restore(request: http.Request, pk: int) -> HttpResponse:
    tag = library.get_by_id(request.community, pk)
    library.restore(tag=tag, by=request.staff, at=request.at)
    http.say(request, _("“%(tag)s” has been restored.") % {"tag": tag.name})
    return http.back(request, _url(tag))


@require_POST
@http.page(tag_models.MANAGE)
def add_synonym(request: http.Request, pk: int) -> HttpResponse:
    tag = library.get_by_id(request.community, pk)
    key = request.POST.get("key", "")[:200]
    try:
        library.add_synonym(tag=tag, key=key, by=request.staff, at=request.at)
    except errors.QunceError as error:
        return _page(request, tag, error=str(error), typed=key)
    text = _("“%(key)s” is now a synonym of “%(tag)s”.")
    http.say(request, text % {"key": key.strip(), "tag": tag.name})
    return http.back(request, _url(tag))


@require_POST
@http.page(tag_models.MANAGE)
def remove_synonym(request: http.Request, pk: int, synonym: int) -> HttpResponse:
    tag = library.get_by_id(request.community, pk)
    found = library.get_synonym(tag, synonym)
    try:
        library.remove_synonym(synonym=found, by=request.staff, at=request.at)
    except errors.QunceError as error:
        return _page(request, tag, error=str(error))
    http.say(request, _("“%(key)s” is no longer a synonym.") % {"key": found.key})
    return http.back(request, _url(tag))


def _url(tag: Tag) -> str:
    return reverse("tags:detail", args=[tag.pk])


def _next(request: http.Request, tag: Tag) -> str:
    """Back to the report if it was done there."""
    return reverse("tags:report") if request.POST.get("from") == "report" else _url(tag)
