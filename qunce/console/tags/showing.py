"""One tag: who carries it, what it means, what else it is called, what was done."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import entry
from qunce.console.tags import batches, listing
from qunce.console.tags.forms import TagForm
from qunce.core import access, errors
from qunce.members import tagcare, tags
from qunce.members.tagrows import TagBatch
from qunce.members.tags import Tag

SHOWN = 10
"""Batches on the page of a tag."""


@entry.page()
def page(request: entry.Request, pk: int) -> HttpResponse:
    tag = tagcare.get(request.community, pk)
    return _page(request, tag)


def _page(
    request: entry.Request, tag: Tag, *, error: str = "", typed: str = ""
) -> HttpResponse:
    (row,) = listing.rows_of([tag], request.operator, request.at)
    context = {
        "tag": tag,
        "row": row,
        "synonyms": tag.synonyms.order_by("key"),
        "swallowed": set(tag.swallowed.values_list("key", flat=True)),
        "batches": batches.lines(_batches(request, tag), request.operator),
        "may_manage": access.may(request.operator, tags.MANAGE),
        "error": error,
        "typed": typed,
    }
    status = 422 if error else 200
    return entry.render(request, "console/tags/page.html", context, status=status)


def _batches(request: entry.Request, tag: Tag) -> list[TagBatch]:
    """What people did; for a tag that only the house puts, what the house did."""
    by = request.operator
    found = tagcare.batches_of(tag, by, most=SHOWN, but=batches.FOLLOWS)
    return found or tagcare.batches_of(tag, by, most=SHOWN)


@require_http_methods(["GET", "POST"])
@entry.page(tags.MANAGE)
def edit(request: entry.Request, pk: int) -> HttpResponse:
    tag = tagcare.get(request.community, pk)
    form = TagForm(request.operator, request.POST or None, tag=tag)
    if request.method == "POST" and form.is_valid():
        try:
            _change(request, tag, form)
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            entry.say(request, _("Saved."))
            return entry.back(request, _url(tag))
    status = 422 if form.errors else 200
    context = {"form": form, "tag": tag}
    return entry.render(request, "console/tags/edit.html", context, status=status)


def _change(request: entry.Request, tag: Tag, form: TagForm) -> None:
    by, at, given = request.operator, request.at, form.cleaned_data
    if given["group"] != tag.group:
        tagcare.move(tag=tag, group=given["group"], by=by, at=at)
    if given["owner"] != tag.owner:
        tagcare.hand_over(tag=tag, owner=given["owner"], by=by, at=at)
    if (given["name"], given["description"]) != (tag.name, tag.description):
        name, description = given["name"], given["description"]
        tags.change(tag=tag, name=name, description=description, by=by, at=at)


@require_POST
@entry.page(tags.MANAGE)
def archive(request: entry.Request, pk: int) -> HttpResponse:
    tag = tagcare.get(request.community, pk)
    tags.archive(tag=tag, by=request.operator, at=request.at)
    text = _("“%(tag)s” is archived: who carries it keeps it.") % {"tag": tag.name}
    entry.say(request, text, undo=reverse("tags:restore", args=[tag.pk]))
    return entry.back(request, _next(request, tag))


@require_POST
@entry.page(tags.MANAGE)
def restore(request: entry.Request, pk: int) -> HttpResponse:
    tag = tagcare.get(request.community, pk)
    tags.restore(tag=tag, by=request.operator, at=request.at)
    entry.say(request, _("“%(tag)s” is in use again.") % {"tag": tag.name})
    return entry.back(request, _url(tag))


@require_POST
@entry.page(tags.MANAGE)
def add_synonym(request: entry.Request, pk: int) -> HttpResponse:
    tag = tagcare.get(request.community, pk)
    key = request.POST.get("key", "")[:200]
    try:
        tags.add_synonym(tag=tag, key=key, by=request.operator, at=request.at)
    except errors.QunceError as error:
        return _page(request, tag, error=str(error), typed=key)
    text = _("“%(key)s” means “%(tag)s” from now on.")
    entry.say(request, text % {"key": key.strip(), "tag": tag.name})
    return entry.back(request, _url(tag))


@require_POST
@entry.page(tags.MANAGE)
def remove_synonym(request: entry.Request, pk: int, synonym: int) -> HttpResponse:
    tag = tagcare.get(request.community, pk)
    found = tagcare.synonym(tag, synonym)
    try:
        tagcare.remove_synonym(synonym=found, by=request.operator, at=request.at)
    except errors.QunceError as error:
        return _page(request, tag, error=str(error))
    entry.say(request, _("“%(key)s” is no synonym any more.") % {"key": found.key})
    return entry.back(request, _url(tag))


def _url(tag: Tag) -> str:
    return reverse("tags:page", args=[tag.pk])


def _next(request: entry.Request, tag: Tag) -> str:
    """Back to the report if it was done there."""
    return reverse("tags:report") if request.POST.get("from") == "report" else _url(tag)
