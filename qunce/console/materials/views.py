"""Pages of the library of materials: the grid, one material, its form, the picker."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http, paging
from qunce.console.materials import presenters
from qunce.console.materials.forms import MaterialForm, kind_of
from qunce.core import errors, permissions
from qunce.outreach.campaigns import campaigns, content_uses
from qunce.outreach.content import file_types, files
from qunce.outreach.content.materials import kinds, library, search
from qunce.outreach.content.materials.kinds import MaterialKind
from qunce.outreach.content.materials.models import ContentType, Material
from qunce.outreach.content.materials.search import Filters

PAGE_SIZE = 36
MAX_QUERY_LENGTH = 80
MAX_REQUEST_BYTES = file_types.MAX_BYTES + 10**6
NEWEST, MOST_USED, BY_NAME = "", "uses", "name"


def parse_filters(request: http.Request) -> Filters:
    given = {
        name: request.GET.get(name, "").replace("\0", "")[:MAX_QUERY_LENGTH]
        for name in ("kind", "content_type", "folder", "tag", "licence", "state")
    }
    query = request.GET.get("q", "").replace("\0", "")[:MAX_QUERY_LENGTH]
    return Filters(query=query, **given)


@require_GET
@http.page()
def material_list(request: http.Request) -> HttpResponse:
    filters, everything = (
        parse_filters(request),
        list(library.list_visible(request.staff)),
    )
    found = search.find(request.staff, filters, at=request.at)
    cards = presenters.cards(found, request.staff, request.at)
    sort_by = request.GET.get("sort", NEWEST)
    if sort_by == MOST_USED:
        cards.sort(key=lambda card: (-card.uses, card.version.title))
    elif sort_by == BY_NAME:
        cards.sort(key=lambda card: card.version.title)
    page = max(paging.parse_number(request, "page", 1), 1)
    context = {
        "cards": cards[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
        "total": len(cards),
        "are_any": bool(everything),
        "filters": filters,
        "is_filtered": filters != Filters(),
        "sort": sort_by,
        "kinds": list(kinds.KINDS.values()),
        "content_types": ContentType.choices,
        "folders": search.list_folders(everything),
        "tags": search.list_tags(everything),
        "next": paging.link(request, page=page + 1)
        if page * PAGE_SIZE < len(cards)
        else "",
        "first": paging.link(request, page=None) if page > 1 else "",
        "may_manage": permissions.may(request.staff, files.MANAGE),
    }
    return http.render(
        request,
        "console/materials/list.html",
        context,
        part="console/materials/_cards.html",
    )


@require_GET
@http.page()
def material_detail(request: http.Request, pk: int) -> HttpResponse:
    material = library.get(by=request.staff, pk=pk)
    versions = library.list_versions(material)
    number = paging.parse_number(request, "version", material.version.number)
    shown = next((v for v in versions if v.number == number), versions[0])
    context = {
        "material": material,
        "card": presenters.card_of(material.version, request.at),
        "shown": shown,
        "is_newest": shown.pk == material.current_id,
        "parts": presenters.parts_of([shown]),
        "versions": versions,
        "uses": content_uses.list_uses(by=request.staff, material=material),
        "total": content_uses.total_results(by=request.staff, material=material),
        "may_manage": permissions.may(request.staff, files.MANAGE),
        "may_send": permissions.may(request.staff, campaigns.MANAGE),
    }
    return http.render(request, "console/materials/detail.html", context)


# The token of a form is in its body, which is read only after its size was checked.
@csrf_exempt
@require_http_methods(["GET", "POST"])
@http.page(files.MANAGE)
def material_create(request: http.Request) -> HttpResponse:
    kind = kind_of(request)
    if request.method != "POST":
        return _render_form(request, MaterialForm(request, kind), kind)
    _check_request_size(request)
    return _save(request, kind, None)


@csrf_exempt
@require_http_methods(["GET", "POST"])
@http.page(files.MANAGE)
def material_update(request: http.Request, pk: int) -> HttpResponse:
    material = library.get(by=request.staff, pk=pk)
    if request.method != "POST":
        form = MaterialForm(request, material.type, material=material)
        return _render_form(request, form, material.type, material)
    _check_request_size(request)
    return _save(request, material.type, material)


def _check_request_size(request: http.Request) -> None:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MAX_REQUEST_BYTES:
        files.check_size(MAX_REQUEST_BYTES)


@csrf_protect
def _save(
    request: http.Request, kind: MaterialKind, material: Material | None
) -> HttpResponse:
    form = MaterialForm(request, kind, request.POST, material=material)
    form.is_valid()
    form.store_files(request.FILES.getlist("upload"))
    if not form.errors:
        try:
            saved = _store(request, kind, material, form.to_arguments())
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(
                request, reverse("materials:detail", args=[saved.pk])
            )
    return _render_form(request, form, kind, material)


def _store(
    request: http.Request,
    kind: MaterialKind,
    material: Material | None,
    arguments: dict[str, Any],
) -> Material:
    common: dict[str, Any] = {"by": request.staff, "at": request.at, **arguments}
    if material is None:
        return library.create(community=request.community, kind=kind.key, **common)
    library.update(material=material, **common)
    return material


def _render_form(
    request: http.Request,
    form: MaterialForm,
    kind: MaterialKind,
    material: Material | None = None,
) -> HttpResponse:
    others = list(library.list_visible(request.staff))
    context = {
        "form": form,
        "kind": kind,
        "material": material,
        "folders": search.list_folders(others),
        "suffixes": file_types.list_suffixes(kind.families),
        "has_pictures": "image" in kind.families,
        "max_megabytes": max(
            (
                each.max_bytes // file_types.MEGABYTE
                for each in file_types.FILE_TYPES.values()
                if each.family in kind.families
            ),
            default=0,
        ),
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/materials/form.html", context, status=status)
