"""Layerings: their list, one with its thresholds, and what is done to it."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qunce.console import entry, figures
from qunce.console.layers import finding, forms, moving, sketches
from qunce.core import access, errors
from qunce.members import layers, layerspecs, layouts, tagnames
from qunce.members.layers import Layering

READY: dict[str, tuple[Any, Any, Any, str]] = {
    "value": (
        gettext_lazy("Value"),
        gettext_lazy("The fifth who spent most in 180 days, up to half, the rest."),
        layerspecs.VALUE,
        "low",
    ),
    "lifecycle": (
        gettext_lazy("Lifecycle"),
        gettext_lazy(
            "New, active, cooling or lost, by the time that members usually let pass"
            " between two orders."
        ),
        layerspecs.LIFECYCLE,
        "new",
    ),
}
"""Name, what it is for, spec, and the layer of who comes between two runs."""


@require_GET
@entry.page()
def listed(request: entry.Request) -> HttpResponse:
    shown = [
        sketches.of(each, request.operator, request.at)
        for each in layers.listed(request.community)
    ]
    rows = Layering.objects.filter(community=request.community, state="archived")
    context = {
        "sketches": shown,
        "archived": list(rows.order_by("name")),
        "may": access.may(request.operator, layers.MANAGE),
    }
    return entry.render(request, "console/layers/list.html", context)


@require_http_methods(["GET", "POST"])
@entry.page(layers.MANAGE)
def new(request: entry.Request) -> HttpResponse:
    """From a ready-made one; it is laid out at once."""
    error, taken = "", request.POST.get("ready", "")
    if request.method == "POST" and taken in READY:
        name, _about, spec, default = READY[taken]
        try:
            layering = layers.create(
                community=request.community,
                key=request.POST.get("key") or _free_key(request, taken),
                name=tagnames.clean(request.POST.get("name", ""))[:120] or str(name),
                spec=_named(spec),
                default=default,
                by=request.operator,
                at=request.at,
            )
            layers.recompute(layering=layering, by=request.operator, at=request.at)
        except errors.QunceError as refused:
            error = str(refused)
        else:
            return entry.back(request, reverse("layers:page", args=[layering.pk]))
    context = {"ready": READY.items(), "error": error}
    status = 422 if error else 200
    return entry.render(request, "console/layers/new.html", context, status=status)


def _named(spec: dict[str, Any]) -> dict[str, Any]:
    """A ready-made spec with its layers called as the reader would call them."""
    words = {
        "high": _("High"),
        "mid": _("Middle"),
        "low": _("Low"),
        "new": _("New"),
        "active": _("Active"),
        "cooling": _("Cooling"),
        "lost": _("Lost"),
    }
    named = [{**layer, "name": words[layer["key"]]} for layer in spec["layers"]]
    return {**spec, "layers": named}


def _free_key(request: entry.Request, wanted: str) -> str:
    rows = Layering.objects.filter(community=request.community)
    taken = set(rows.values_list("key", flat=True))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(key for key in (wanted, *numbered) if key not in taken)


@require_GET
@entry.page()
def page(request: entry.Request, pk: int) -> HttpResponse:
    return _shown(request, finding.find(request, pk))


@require_GET
@entry.page()
def chart(request: entry.Request, pk: int) -> HttpResponse:
    """Its sizes over time as a file."""
    found = sketches.figure(finding.find(request, pk), request.operator, request.at)
    if found is None:
        raise Http404
    return figures.answer(found, request.GET.get("as", "json"))


def _shown(request: entry.Request, layering: Layering, error: str = "") -> HttpResponse:
    """The page; after an error with everything that was typed."""
    sketch = sketches.of(layering, request.operator, request.at)
    if error:
        sketch = sketches.draw(layering, _typed_or_kept(request, layering), {}, {})
    context = {
        "sketch": sketch,
        "layering": layering,
        "run": layers.newest(layering),
        "spec_text": request.POST.get("spec")
        or json.dumps(layering.spec, ensure_ascii=False, indent=2),
        "within": str(layering.spec.get("within", "")).removesuffix("d"),
        "table": moving.table(sketch),
        "figure": sketches.figure(layering, request.operator, request.at),
        "error": error,
        "may": access.may(request.operator, layers.MANAGE),
        "currency": request.community.currency,
        "is_money": forms.is_money(layering.spec),
    }
    status = 422 if error else 200
    return entry.render(request, "console/layers/page.html", context, status=status)


def _typed_or_kept(request: entry.Request, layering: Layering) -> Any:
    try:
        return _typed(request, layering)
    except errors.QunceError:
        return layering.spec


def _typed(request: entry.Request, layering: Layering) -> Any:
    """The spec as it is on the page: as JSON where that was written."""
    if request.POST.get("as") == "json":
        spec = forms.read(request.POST.get("spec", ""))
    else:
        currency = request.community.currency
        spec = forms.changed(layering.spec, request.POST, currency)
    layerspecs.check(spec)
    return spec


@require_POST
@entry.page(layers.MANAGE)
def sizes(request: entry.Request, pk: int) -> HttpResponse:
    """How large the layers would be with these thresholds; nothing is kept."""
    layering = finding.find(request, pk)
    context: dict[str, Any] = {"live": True, "error": ""}
    try:
        spec = _typed(request, layering)
        counted, found = layouts.sizes(spec=spec, by=request.operator, at=request.at)
        context["sketch"] = sketches.draw(layering, spec, counted, found)
    except errors.QunceError as error:
        context["error"] = str(error)
    return entry.render(request, "console/layers/_sizes.html", context)


@require_POST
@entry.page(layers.MANAGE)
def save(request: entry.Request, pk: int) -> HttpResponse:
    layering = finding.find(request, pk)
    default = request.POST.get("default", "")
    try:
        layers.change(
            layering=layering,
            spec=_typed(request, layering),
            default=default,
            name=tagnames.clean(request.POST.get("name", ""))[:120],
            by=request.operator,
            at=request.at,
        )
    except errors.QunceError as error:
        layering.refresh_from_db()
        return _shown(request, layering, str(error))
    if request.POST.get("now"):
        return _laid_out(request, layering)
    entry.say(request, _("Saved. The next run lays everyone out like this."))
    return entry.back(request, reverse("layers:page", args=[pk]))


@require_POST
@entry.page(layers.MANAGE)
def recompute(request: entry.Request, pk: int) -> HttpResponse:
    return _laid_out(request, finding.find(request, pk))


def _laid_out(request: entry.Request, layering: Layering) -> HttpResponse:
    run = layers.recompute(layering=layering, by=request.operator, at=request.at)
    moved = _("Everyone is laid out; %(n)s members moved.") % {"n": f"{run.moved:,}"}
    entry.say(request, moved)
    return entry.back(request, reverse("layers:page", args=[layering.pk]))


@require_POST
@entry.page(layers.MANAGE)
def archive(request: entry.Request, pk: int) -> HttpResponse:
    layering = finding.find(request, pk)
    layers.archive(layering=layering, by=request.operator, at=request.at)
    said = _("“%(name)s” is put away and not recomputed.") % {"name": layering.name}
    entry.say(request, said, undo=reverse("layers:restore", args=[pk]))
    return entry.back(request, reverse("layers:list"))


@require_POST
@entry.page(layers.MANAGE)
def restore(request: entry.Request, pk: int) -> HttpResponse:
    layering = finding.find(request, pk)
    layers.restore(layering=layering, by=request.operator, at=request.at)
    entry.say(request, _("“%(name)s” is back.") % {"name": layering.name})
    return entry.back(request, reverse("layers:page", args=[pk]))
