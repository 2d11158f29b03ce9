"""Pages of layerings: the list, templates, one layering, and changed members."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qunce.console import http
from qunce.console.insight import chart_downloads
from qunce.console.layers import forms, presenters
from qunce.core import errors, permissions
from qunce.core.unique_keys import unused_key
from qunce.members.layers import assignment as layer_assignment
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.layers import layers
from qunce.members.layers import moves as layer_moves
from qunce.members.layers.layers import Layering
from qunce.members.search import member_list
from qunce.members.tags import naming

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
"""Name, description, spec, and the layer for members who join between two runs."""

LAYER_NAMES = {
    "high": gettext_lazy("High"),
    "mid": gettext_lazy("Middle"),
    "low": gettext_lazy("Low"),
    "new": gettext_lazy("New"),
    "active": gettext_lazy("Active"),
    "cooling": gettext_lazy("Cooling"),
    "lost": gettext_lazy("Lost"),
}
"""Names of the layers of templates, in the language of who creates the layering."""


@require_GET
@http.page()
def layering_list(request: http.Request) -> HttpResponse:
    layering_views = [
        presenters.present(layering, request.staff, request.at)
        for layering in layers.list_active(request.community)
    ]
    rows = Layering.objects.filter(community=request.community, state="archived")
    context = {
        "layering_views": layering_views,
        "archived": list(rows.order_by("name")),
        "may_manage": permissions.may(request.staff, layers.MANAGE),
    }
    return http.render(request, "console/layers/list.html", context)


@require_http_methods(["GET", "POST"])
@http.page(layers.MANAGE)
def layering_create(request: http.Request) -> HttpResponse:
    """Create a layering from a template, and compute it immediately."""
    error, template = "", request.POST.get("template", "")
    if request.method == "POST" and template in LAYERING_TEMPLATES:
        name, _about, spec, default = LAYERING_TEMPLATES[template]
        try:
            used_keys = Layering.objects.filter(community=request.community)
            layering = layers.create(
                community=request.community,
                key=request.POST.get("key")
                or unused_key(template, set(used_keys.values_list("key", flat=True))),
                name=naming.normalise(request.POST.get("name", ""))[:120] or str(name),
                spec={
                    **spec,
                    "layers": [
                        {**layer, "name": str(LAYER_NAMES[layer["key"]])}
                        for layer in spec["layers"]
                    ],
                },
                default=default,
                by=request.staff,
                at=request.at,
            )
            layers.recompute(layering=layering, by=request.staff, at=request.at)
        except errors.QunceError as raised:
            error = str(raised)
        else:
            return http.redirect_back(
                request, reverse("layers:detail", args=[layering.pk])
            )
    context = {"templates": LAYERING_TEMPLATES.items(), "error": error}
    status = 422 if error else 200
    return http.render(request, "console/layers/create.html", context, status=status)


@require_GET
@http.page()
def layering_detail(request: http.Request, pk: int) -> HttpResponse:
    return _render_detail(request, presenters.get_layering(request, pk))


@require_GET
@http.page()
def layering_chart(request: http.Request, pk: int) -> HttpResponse:
    """Download the sizes over time."""
    chart = presenters.size_chart(
        presenters.get_layering(request, pk), request.staff, request.at
    )
    if chart is None:
        raise Http404
    return chart_downloads.render_download(chart, request.GET.get("as", "json"))


def _render_detail(
    request: http.Request, layering: Layering, error: str = ""
) -> HttpResponse:
    """Render the page; after an error, with everything that was typed."""
    view = presenters.present(layering, request.staff, request.at)
    if error:
        try:
            spec = _spec_from_form(request, layering)
        except errors.QunceError:
            spec = layering.spec
        view = presenters.build_view(layering, spec, {}, {})
    context = {
        "view": view,
        "layering": layering,
        "run": (latest_run := layers.latest_run(layering)),
        "unrated": layers.describe_unrated(latest_run),
        "spec_text": request.POST.get("spec")
        or json.dumps(layering.spec, ensure_ascii=False, indent=2),
        "within": str(layering.spec.get("within", "")).removesuffix("d"),
        "table": presenters.change_table(view),
        "figure": presenters.size_chart(layering, request.staff, request.at),
        "error": error,
        "may_manage": permissions.may(request.staff, layers.MANAGE),
        "currency": request.community.currency,
        "is_money": forms.is_money(layering.spec),
    }
    status = 422 if error else 200
    return http.render(request, "console/layers/detail.html", context, status=status)


def _spec_from_form(request: http.Request, layering: Layering) -> Any:
    """Return the posted spec, from the fields or from the JSON form."""
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
    """Preview the sizes that the posted thresholds would give; nothing is stored."""
    layering = presenters.get_layering(request, pk)
    context: dict[str, Any] = {"is_preview": True, "error": ""}
    try:
        spec = _spec_from_form(request, layering)
        sizes, bounds = layer_assignment.preview_sizes(
            spec=spec, by=request.staff, at=request.at
        )
        context["view"] = presenters.build_view(layering, spec, sizes, bounds)
    except errors.QunceError as error:
        context["error"] = str(error)
    return http.render(request, "console/layers/_sizes.html", context)


@require_POST
@http.page(layers.MANAGE)
def layering_update(request: http.Request, pk: int) -> HttpResponse:
    layering = presenters.get_layering(request, pk)
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
    if request.POST.get("recompute"):
        return recompute_and_redirect(request, layering)
    http.flash(
        request,
        _("Saved. The change takes effect when the layering is next recomputed."),
    )
    return http.redirect_back(request, reverse("layers:detail", args=[pk]))


@require_GET
@http.page()
def changed_members(request: http.Request, pk: int) -> HttpResponse:
    """Members who moved from one layer to another since yesterday, newest first."""
    layering = presenters.get_layering(request, pk)
    before, after = request.GET.get("from", ""), request.GET.get("to", "")
    person_ids = layer_moves.list_people(
        layering=layering,
        day=request.community.day(request.at) - 1,
        before=before,
        after=after,
        by=request.staff,
        at=request.at,
    )
    before_text = request.GET.get("before", "")
    before_id = (
        int(before_text) if before_text.isdecimal() and len(before_text) < 18 else None
    )
    remaining = [
        person_id
        for person_id in reversed(person_ids)
        if before_id is None or person_id < before_id
    ]
    names = {
        layer["key"]: layer.get("name") or layer["key"]
        for layer in presenters.layers_of(layering)
    }
    context = {
        "layering": layering,
        "before": names.get(before, _("newly joined")),
        "after": names.get(after, _("left")),
        "count": len(person_ids),
        "rows": member_list.load_rows(
            remaining[: presenters.PAGE_SIZE], by=request.staff
        ),
        "next": remaining[presenters.PAGE_SIZE - 1]
        if len(remaining) > presenters.PAGE_SIZE
        else None,
    }
    return http.render(request, "console/layers/changed_members.html", context)


def recompute_and_redirect(request: http.Request, layering: Layering) -> HttpResponse:
    run = layers.recompute(layering=layering, by=request.staff, at=request.at)
    text = _("Recomputed. %(n)s members changed layer.") % {"n": f"{run.moved:,}"}
    http.flash(request, text)
    return http.redirect_back(request, reverse("layers:detail", args=[layering.pk]))
