"""Layerings: their list, one with its thresholds, and what is done to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qunce.console import chart_downloads, http
from qunce.console.layers import forms, presenters
from qunce.console.layers import presenters as layer_presenters
from qunce.core import errors, permissions
from qunce.members.layers import assignment as layer_assignment
from qunce.members.layers import layers
from qunce.members.layers import moves as layer_moves
from qunce.members.layers import specs as layer_specs
from qunce.members.layers.layers import Layering
from qunce.members.search import member_list
from qunce.members.tags import naming

if TYPE_CHECKING:
    pass
if TYPE_CHECKING:
    from qunce.members.layers.layers import Layering

LAYERING_TEMPLATES: dict[str, tuple[Any, Any, Any, str]] = {
    "value": (
        gettext_lazy("Value"),
        gettext_lazy(
            "By spending in the last 180 days: the top fifth, the next up to "
            "half, and the rest."
        ),
        layer_specs.VALUE,
        "low",
    ),
    "lifecycle": (
        gettext_lazy("Lifecycle"),
        gettext_lazy(
            "New, active, cooling or lost, based on the usual time between two "
            "orders of a member."
        ),
        layer_specs.LIFECYCLE,
        "new",
    ),
}
"""Name, what it is for, spec, and the layer of who comes between two runs."""


@require_GET
@http.page()
def layering_list(request: http.Request) -> HttpResponse:
    shown = [
        presenters.present(each, request.staff, request.at)
        for each in layers.list_active(request.community)
    ]
    rows = Layering.objects.filter(community=request.community, state="archived")
    context = {
        "sketches": shown,
        "archived": list(rows.order_by("name")),
        "may": permissions.may(request.staff, layers.MANAGE),
    }
    return http.render(request, "console/layers/list.html", context)


@require_http_methods(["GET", "POST"])
@http.page(layers.MANAGE)
def layering_create(request: http.Request) -> HttpResponse:
    """From a ready-made one; it is laid out at once."""
    error, taken = "", request.POST.get("ready", "")
    if request.method == "POST" and taken in LAYERING_TEMPLATES:
        name, _about, spec, default = LAYERING_TEMPLATES[taken]
        try:
            layering = layers.create(
                community=request.community,
                key=request.POST.get("key") or _unused_key(request, taken),
                name=naming.normalise(request.POST.get("name", ""))[:120] or str(name),
                spec=_with_layer_names(spec),
                default=default,
                by=request.staff,
                at=request.at,
            )
            layers.recompute(layering=layering, by=request.staff, at=request.at)
        except errors.QunceError as refused:
            error = str(refused)
        else:
            return http.redirect_back(
                request, reverse("layers:detail", args=[layering.pk])
            )
    context = {"ready": LAYERING_TEMPLATES.items(), "error": error}
    status = 422 if error else 200
    return http.render(request, "console/layers/new.html", context, status=status)


def _with_layer_names(spec: dict[str, Any]) -> dict[str, Any]:
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


def _unused_key(request: http.Request, wanted: str) -> str:
    rows = Layering.objects.filter(community=request.community)
    taken = set(rows.values_list("key", flat=True))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(key for key in (wanted, *numbered) if key not in taken)


@require_GET
@http.page()
def layering_detail(request: http.Request, pk: int) -> HttpResponse:
    return _render_detail(request, layer_presenters.get_layering(request, pk))


@require_GET
@http.page()
def layering_chart(request: http.Request, pk: int) -> HttpResponse:
    """Its sizes over time as a file."""
    found = presenters.size_chart(
        layer_presenters.get_layering(request, pk), request.staff, request.at
    )
    if found is None:
        raise Http404
    return chart_downloads.render_download(found, request.GET.get("as", "json"))


def _render_detail(
    request: http.Request, layering: Layering, error: str = ""
) -> HttpResponse:
    """The page; after an error with everything that was typed."""
    sketch = presenters.present(layering, request.staff, request.at)
    if error:
        sketch = presenters.build_view(
            layering, _spec_from_form_or_saved(request, layering), {}, {}
        )
    context = {
        "sketch": sketch,
        "layering": layering,
        "run": layers.latest_run(layering),
        "spec_text": request.POST.get("spec")
        or json.dumps(layering.spec, ensure_ascii=False, indent=2),
        "within": str(layering.spec.get("within", "")).removesuffix("d"),
        "table": layer_presenters.change_table(sketch),
        "figure": presenters.size_chart(layering, request.staff, request.at),
        "error": error,
        "may": permissions.may(request.staff, layers.MANAGE),
        "currency": request.community.currency,
        "is_money": forms.is_money(layering.spec),
    }
    status = 422 if error else 200
    return http.render(request, "console/layers/page.html", context, status=status)


def _spec_from_form_or_saved(request: http.Request, layering: Layering) -> Any:
    try:
        return _spec_from_form(request, layering)
    except errors.QunceError:
        return layering.spec


def _spec_from_form(request: http.Request, layering: Layering) -> Any:
    """The spec as it is on the page: as JSON where that was written."""
    if request.POST.get("as") == "json":
        spec = forms.parse_json(request.POST.get("spec", ""))
    else:
        currency = request.community.currency
        spec = forms.apply_form(layering.spec, request.POST, currency)
    layer_specs.check(spec)
    return spec


@require_POST
@http.page(layers.MANAGE)
def layer_sizes(request: http.Request, pk: int) -> HttpResponse:
    """How large the layers would be with these thresholds; nothing is kept."""
    layering = layer_presenters.get_layering(request, pk)
    context: dict[str, Any] = {"live": True, "error": ""}
    try:
        spec = _spec_from_form(request, layering)
        counted, found = layer_assignment.preview_sizes(
            spec=spec, by=request.staff, at=request.at
        )
        context["sketch"] = presenters.build_view(layering, spec, counted, found)
    except errors.QunceError as error:
        context["error"] = str(error)
    return http.render(request, "console/layers/_sizes.html", context)


@require_POST
@http.page(layers.MANAGE)
def layering_update(request: http.Request, pk: int) -> HttpResponse:
    layering = layer_presenters.get_layering(request, pk)
    default = request.POST.get("default", "")
    try:
        layers.update(
            layering=layering,
            spec=_spec_from_form(request, layering),
            default=default,
            name=naming.normalise(request.POST.get("name", ""))[:120],
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as error:
        layering.refresh_from_db()
        return _render_detail(request, layering, str(error))
    if request.POST.get("now"):
        return recompute_and_redirect(request, layering)
    http.flash(
        request,
        _("Saved. The change takes effect when the layering is next recomputed."),
    )
    return http.redirect_back(request, reverse("layers:detail", args=[pk]))


@require_GET
@http.page()
def changed_members(request: http.Request, pk: int) -> HttpResponse:
    """Who went from one layer to another since yesterday, the newest accounts first."""
    layering = layer_presenters.get_layering(request, pk)
    before, after = request.GET.get("from", ""), request.GET.get("to", "")
    found = layer_moves.list_people(
        layering=layering,
        day=request.community.day(request.at) - 1,
        before=before,
        after=after,
        by=request.staff,
        at=request.at,
    )
    text = request.GET.get("before", "")
    upto = int(text) if text.isdecimal() and len(text) < 18 else None
    left = [head for head in reversed(found) if upto is None or head < upto]
    names = {
        layer["key"]: layer.get("name") or layer["key"]
        for layer in presenters.layers_of(layering)
    }
    context = {
        "layering": layering,
        "before": names.get(before, _("newly joined")),
        "after": names.get(after, _("left")),
        "count": len(found),
        "rows": member_list.load_rows(left[: presenters.PAGE_SIZE], by=request.staff),
        "next": left[presenters.PAGE_SIZE - 1]
        if len(left) > presenters.PAGE_SIZE
        else None,
    }
    return http.render(request, "console/layers/moves.html", context)


def recompute_and_redirect(request: http.Request, layering: Layering) -> HttpResponse:
    run = layers.recompute(layering=layering, by=request.staff, at=request.at)
    moved = _("Recomputed. %(n)s members changed layer.") % {"n": f"{run.moved:,}"}
    http.flash(request, moved)
    return http.redirect_back(request, reverse("layers:detail", args=[layering.pk]))
