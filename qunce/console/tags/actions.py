"""Actions on tags, tagging batches and tag templates."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.tags import presenters, views
from qunce.core import errors
from qunce.members.tags import assignments, duplicates, library
from qunce.members.tags import models as tag_models
from qunce.members.tags import templates as tag_templates


@require_POST
@http.page(assignments.APPLY)
def undo_batch(request: http.Request, pk: int) -> HttpResponse:
    batch = assignments.get_batch(by=request.staff, pk=pk)
    restored = assignments.undo(batch=batch, by=request.staff, at=request.at)
    text = ngettext(
        "Undone. %(n)s tagging restored.",
        "Undone. %(n)s taggings restored.",
        restored,
    )
    http.flash(request, text % {"n": f"{restored:,}"})
    # Back to the tag's page or the list of batches, whichever posted the undo.
    tag, url = request.POST.get("tag", ""), reverse("tags:batch-list")
    if tag.isascii() and tag.isdigit() and len(tag) < 17:
        url = reverse("tags:detail", args=[int(tag)])
    return http.redirect_back(request, url)


@require_POST
@http.page(tag_models.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    tag = library.get_by_id(request.community, pk)
    library.archive(tag=tag, by=request.staff, at=request.at)
    text = _("“%(tag)s” is archived. Members keep it.") % {"tag": tag.name}
    http.flash(request, text, undo=reverse("tags:restore", args=[tag.pk]))
    is_from_report = request.POST.get("from") == "report"
    url = reverse("tags:report") if is_from_report else presenters.detail_url(tag)
    return http.redirect_back(request, url)


@require_POST
@http.page(tag_models.MANAGE)
def restore(request: http.Request, pk: int) -> HttpResponse:
    tag = library.get_by_id(request.community, pk)
    library.restore(tag=tag, by=request.staff, at=request.at)
    http.flash(request, _("“%(tag)s” has been restored.") % {"tag": tag.name})
    return http.redirect_back(request, presenters.detail_url(tag))


@require_POST
@http.page(tag_models.MANAGE)
def add_synonym(request: http.Request, pk: int) -> HttpResponse:
    tag = library.get_by_id(request.community, pk)
    key = request.POST.get("key", "")[:200]
    try:
        library.add_synonym(tag=tag, key=key, by=request.staff, at=request.at)
    except errors.QunceError as error:
        return views.render_detail(request, tag, error=str(error), typed=key)
    text = _("“%(key)s” is now a synonym of “%(tag)s”.")
    http.flash(request, text % {"key": key.strip(), "tag": tag.name})
    return http.redirect_back(request, presenters.detail_url(tag))


@require_POST
@http.page(tag_models.MANAGE)
def remove_synonym(request: http.Request, pk: int, synonym: int) -> HttpResponse:
    tag = library.get_by_id(request.community, pk)
    row = library.get_synonym(tag, synonym)
    try:
        library.remove_synonym(synonym=row, by=request.staff, at=request.at)
    except errors.QunceError as error:
        return views.render_detail(request, tag, error=str(error))
    http.flash(request, _("“%(key)s” is no longer a synonym.") % {"key": row.key})
    return http.redirect_back(request, presenters.detail_url(tag))


@require_POST
@http.page(tag_models.MANAGE)
def dismiss_duplicate(request: http.Request, pk: int, other: int) -> HttpResponse:
    tag, other_tag = (
        library.get_by_id(request.community, tag_id) for tag_id in (pk, other)
    )
    duplicates.dismiss(tag=tag, other=other_tag, by=request.staff, at=request.at)
    text = _("“%(one)s” and “%(other)s” remain separate tags.")
    http.flash(request, text % {"one": tag.name, "other": other_tag.name})
    return http.redirect_back(request, reverse("tags:report"))


@require_POST
@http.page(tag_models.MANAGE)
def apply_template(request: http.Request, name: str) -> HttpResponse:
    tags = tag_templates.apply(
        community=request.community, template=name, by=request.staff, at=request.at
    )
    text = ngettext(
        "Added %(n)s tag. Existing tags are unchanged.",
        "Added %(n)s tags. Existing tags are unchanged.",
        len(tags),
    )
    http.flash(request, text % {"n": f"{len(tags):,}"})
    return http.redirect_back(request, reverse("tags:list"))
