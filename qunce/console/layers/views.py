"""Pages of layerings: the list, the editor, one layering, and its changes."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qunce.console import http
from qunce.console.insight import chart_downloads
from qunce.console.layers import changes, forms, layering_draft, presenters
from qunce.console.layers.layering_draft import LayeringDraft
from qunce.console.layers.presenters import Counts, LayeringView
from qunce.console.segments.builder_choices import Choices
from qunce.console.segments.presenters import builder
from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.members.layers import ladders, layers
from qunce.members.layers.ladders.base import Ladder
from qunce.members.layers.layers import Layering
from qunce.members.rule_text import contact_masks
from qunce.members.tags import models as tag_models
from qunce.sets.rules import base as rules


def choices_of(request: http.Request) -> Choices:
    return Choices(request.staff, request.at)


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


# Creating


@require_GET
@http.page(layers.MANAGE)
def layering_create(request: http.Request) -> HttpResponse:
    """The ready-made layerings; or the editor with one of them, or with an empty one."""
    ladder = ladders.find(request.GET.get("ladder", ""))
    own = request.GET.get("own", "")
    if ladder is not None:
        draft = LayeringDraft(ladder.build(), str(ladder.name), ladder.default)
        return render_new(request, draft)
    if own in ("rules", "measure"):
        spec = layering_draft.start_own(own)
        draft = LayeringDraft(spec, "", spec["layers"][-1]["key"])
        if own == "rules":
            draft = layering_draft.open_rule(draft, 0)
        return render_new(request, draft)
    context = {
        "ladders": [
            (ladder, describe_needs(request, ladder)) for ladder in ladders.list_all()
        ]
    }
    return http.render(request, "console/layers/create.html", context)


def describe_needs(request: http.Request, ladder: Ladder) -> dict[str, Any]:
    """What the community lacks for a ladder, in words."""
    kinds = ladder.missing_kinds(request.community)
    tags = ladder.missing_tags(request.community)
    return {
        "kinds": rules.format_list(facts.label_of(kind) for kind in kinds),
        "tags": rules.format_list(str(ladder.tags[key]) for key in tags),
        "may_create_tags": permissions.may(request.staff, tag_models.MANAGE),
    }


@require_GET
@http.page(layers.MANAGE)
def ladder_sizes(request: http.Request, key: str) -> HttpResponse:
    """The sizes that a ready-made layering would have now, without storing anything."""
    ladder = ladders.get(key)
    view = presenters.preview(ladder.build(), request.staff, request.at, None)
    return http.render(request, "console/layers/_ladder_sizes.html", {"view": view})


def render_new(
    request: http.Request, draft: LayeringDraft, error: str = ""
) -> HttpResponse:
    ladder = ladders.find(str(draft.spec.get("ladder", "")))
    context = editor_context(request, draft, None, error) | {
        "ladder": ladder,
        "needs": describe_needs(request, ladder) if ladder else None,
    }
    return http.render(
        request,
        "console/layers/new.html",
        context,
        part="console/layers/_editor.html",
        status=422 if error else 200,
    )


@require_POST
@http.page(layers.MANAGE)
def edit_new(request: http.Request) -> HttpResponse:
    return render_new(request, _apply_action(request))


@require_POST
@http.page(layers.MANAGE)
def edit(request: http.Request, pk: int) -> HttpResponse:
    layering = presenters.get_layering(request, pk)
    return render_detail(request, layering, _apply_action(request))


def _apply_action(request: http.Request) -> LayeringDraft:
    draft = layering_draft.load(request.POST, choices_of(request))
    action = request.POST.get("do", "look")
    return layering_draft.apply_action(draft, action, choices_of(request))


def editor_context(
    request: http.Request,
    draft: LayeringDraft,
    layering: Layering | None,
    error: str = "",
    *,
    stored: LayeringView | None = None,
) -> dict[str, Any]:
    """What the editor shows. Without a stored view, sizes are those of the draft."""
    view, trouble = stored, ""
    if view is None:
        view, trouble = _preview(request, draft, layering)
    edit_url, save_url = reverse("layers:edit-new"), reverse("layers:create-own")
    if layering is not None:
        edit_url = reverse("layers:edit", args=[layering.pk])
        save_url = reverse("layers:update", args=[layering.pk])
    context: dict[str, Any] = {
        "view": view,
        "layering": layering,
        "layering_draft": draft,
        "error": error or draft.error,
        "trouble": trouble,
        "edit_url": edit_url,
        "save_url": save_url,
        "is_preview": stored is None,
        "within": str(draft.spec.get("within", "")).removesuffix("d"),
        "currency": request.community.currency,
        "is_money": forms.is_money(draft.spec),
    }
    if draft.rule is not None:
        page = builder.build_page(draft.rule, choices_of(request))
        context |= {"draft": draft.rule, "page": page}
    return context


def _preview(
    request: http.Request, draft: LayeringDraft, layering: Layering | None
) -> tuple[LayeringView, str]:
    """The view of a draft, and why its sizes cannot be counted."""
    spec = layering_draft.with_open_rule(draft)
    if not draft.error:
        try:
            return presenters.preview(spec, request.staff, request.at, layering), ""
        except errors.QunceError as error:
            trouble = str(error)
    else:
        trouble = draft.error
    view = presenters.build_view(
        request.community, spec, Counts({}, {}), layering, draft.typed
    )
    return view, trouble


@require_POST
@http.page(layers.MANAGE)
def layer_sizes(request: http.Request) -> HttpResponse:
    """The numbers alone while thresholds or a rule are being edited."""
    draft = layering_draft.load(request.POST, choices_of(request))
    context = editor_context(request, draft, None) | {"live": True}
    return http.render(request, "console/layers/_sizes.html", context)


# One layering


@require_GET
@http.page()
def layering_detail(request: http.Request, pk: int) -> HttpResponse:
    return render_detail(request, presenters.get_layering(request, pk))


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


def render_detail(
    request: http.Request,
    layering: Layering,
    draft: LayeringDraft | None = None,
    error: str = "",
) -> HttpResponse:
    """The page, or the editor of it alone; with what was typed if there is a draft."""
    may_edit = (
        permissions.may(request.staff, layers.MANAGE) and layering.state == "active"
    )
    if draft is None:
        contact_masks.check_readable(layering.spec, request.staff)
        started = LayeringDraft(layering.spec, layering.name, layering.default)
        view = presenters.present(layering, request.staff, request.at)
        context = editor_context(request, started, layering, stored=view)
    else:
        context = editor_context(request, draft, layering, error)
    context |= {"layering": layering, "may_edit": may_edit, "error": error}
    if not request.htmx:
        context |= _detail_context(request, layering)
    return http.render(
        request,
        "console/layers/detail.html",
        context,
        part="console/layers/_editor.html",
        status=422 if error else 200,
    )


def _detail_context(request: http.Request, layering: Layering) -> dict[str, Any]:
    run = layers.latest_run(layering)
    days = changes.usual_days(layering, request.community.day(request.at))
    return {
        "run": run,
        "unrated": layers.describe_unrated(run),
        "since": days.since_date,
        "until": days.until_date,
        "figure": presenters.size_chart(layering, request.staff, request.at),
        "may_manage": permissions.may(request.staff, layers.MANAGE),
    }


@require_GET
@http.page()
def layer_changes(request: http.Request, pk: int) -> HttpResponse:
    """Members by their layers on two days, as a table, a flow chart or a file."""
    layering = presenters.get_layering(request, pk)
    today = request.community.day(request.at)
    days, compared, trouble = changes.usual_days(layering, today), None, ""
    try:
        days = changes.parse_days(layering, request.GET, today)
        compared = changes.compare(layering, days, request.staff, request.at)
    except errors.QunceError as error:
        trouble = str(error)
    if "as" in request.GET:
        if compared is None:
            raise Http404
        name = f"layers-{pk}-{days.since_date}-{days.until_date}"
        return chart_downloads.render_table(compared.table, name, request.GET["as"])
    context = {
        "layering": layering,
        "days": days,
        "since": request.GET.get("since") or days.since_date,
        "until": request.GET.get("until") or days.until_date,
        "spans": changes.list_spans(today),
        "changes": compared,
        "trouble": trouble,
    }
    return http.render(request, "console/layers/changes.html", context)


def recompute_and_redirect(request: http.Request, layering: Layering) -> HttpResponse:
    run = layers.recompute(layering=layering, by=request.staff, at=request.at)
    text = _("Recomputed. %(n)s members changed layer.")
    if run.is_redefinition:
        text = _(
            "Recomputed. %(n)s members are in another layer because of the change."
        )
    http.flash(request, text % {"n": f"{run.moved:,}"})
    return http.redirect_back(request, reverse("layers:detail", args=[layering.pk]))
