"""Pages of scores: the list, one score with its formula, and the form with its preview."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.insight import chart_downloads
from qunce.console.insight.presenters import members_url
from qunce.console.insight.scores.forms import ScoreForm
from qunce.core import community_days, errors, permissions
from qunce.core.unique_keys import unused_key
from qunce.insight import breakdowns, heat_maps
from qunce.insight.scores import distributions, previews
from qunce.insight.scores.distributions import Distribution
from qunce.insight.scores.previews import Preview
from qunce.members.rule_text import contact_masks
from qunce.members.scores import definitions, scores, sentences
from qunce.members.scores.scores import Score
from qunce.members.search import member_list
from qunce.members.tags import naming

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])
MAX_NAMED = 8
"""Members whom a preview names for each way from layer to layer."""


@require_GET
@http.page()
def score_list(request: http.Request) -> HttpResponse:
    rows = []
    for score in scores.list_all(request.community):
        versions = scores.list_versions(score)
        found = distributions.compute(score=score, by=request.staff, at=request.at)
        rows.append((score, found, versions[0] if versions else None))
    context = {
        "rows": rows,
        "may_manage": permissions.may(request.staff, scores.MANAGE),
        "may_add": len(rows) < scores.MAX_SCORES,
        "limit": scores.MAX_SCORES,
    }
    return http.render(request, "console/insight/scores/list.html", context)


@require_GET
@http.page()
def detail(request: http.Request, key: str) -> HttpResponse:
    """The formula and the distribution, of a day and by a break-down; a file with `as`."""
    score = scores.get(request.community, key)
    spec = scores.visible_spec(scores.current_spec(score, request.at), request.staff)
    choices = breakdowns.list_choices(request.staff)
    chosen = request.GET.get("by", _default_breakdown(choices))
    context: dict[str, Any] = {
        "score": score,
        "error": "",
        "chosen": chosen,
        "choices": choices,
        "day": request.GET.get("day", ""),
        "today": community_days.to_date(request.community.day(request.at)),
        "lines": sentences.describe_parts(spec, request.community),
        "formula": sentences.describe_formula(
            definitions.load(spec, request.community).highest
        ),
        "versions": _list_versions(request, score),
        "may_manage": permissions.may(request.staff, scores.MANAGE),
    }
    status = 200
    try:
        day = distributions.parse_day(context["day"], request.staff, request.at)
        asked: dict[str, Any] = {
            "score": score,
            "by": request.staff,
            "at": request.at,
            "day": day,
        }
        found = distributions.compute(**asked)
        breakdown = breakdowns.parse(chosen)
        if breakdown is not None:
            context |= {
                "parts": distributions.compare(breakdown=breakdown, **asked),
                "breakdown": breakdowns.label_of(breakdown, request.community),
                "shares_people": breakdowns.may_share_people(breakdown),
            }
    except errors.QunceError as error:
        context["error"], status = str(error), 422
    else:
        if "as" in request.GET:
            return _download(score, found, request.GET["as"])
        params = {"day": context["day"], "by": chosen}
        context |= {
            "found": found,
            "rows": _list_bars(found),
            "download": f"?{urlencode(params)}&as=",
        }
    return http.render(
        request, "console/insight/scores/detail.html", context, status=status
    )


def _default_breakdown(choices: list[tuple[str, str]]) -> str:
    keys = [key for key, _label in choices]
    return "group" if "group" in keys else ""


def _list_bars(found: Distribution) -> list[tuple[Any, float, str]]:
    """Each bar with its length in per cent of the longest, and the list behind it."""
    most = max((bin_.people for bin_ in found.bins), default=0) or 1
    return [
        (bin_, 100 * bin_.people / most, members_url(bin_.rule)) for bin_ in found.bins
    ]


def _list_versions(request: http.Request, score: Score) -> list[tuple[Any, Any, Any]]:
    """Each version with its first day and its parts, the newest first."""
    return [
        (
            version,
            community_days.to_date(version.day),
            sentences.describe_parts(
                scores.visible_spec(version.spec, request.staff), request.community
            ),
        )
        for version in scores.list_versions(score)
    ]


def _download(score: Score, found: Distribution, file_format: str) -> HttpResponse:
    if file_format in chart_downloads.TABLES:
        rows: list[list[object]] = [[_("Score"), _("Members")]]
        rows += [[bin_.label, bin_.people] for bin_ in found.bins]
        return chart_downloads.render_table(rows, "score", file_format)
    if file_format == "svg":
        bars = [
            heat_maps.Bar(bin_.label, bin_.people, f"{bin_.people:,}")
            for bin_ in found.bins
        ]
        svg = heat_maps.render_bars(bars, title=score.name)
        response = HttpResponse(svg, content_type="image/svg+xml")
        response["Content-Disposition"] = 'attachment; filename="score.svg"'
        return response
    raise Http404


@GET_OR_POST
@http.page(scores.MANAGE)
def new(request: http.Request) -> HttpResponse:
    if request.method == "POST":
        return _handle(request, None)
    return _render_form(request, ScoreForm(staff=request.staff), None)


@GET_OR_POST
@http.page(scores.MANAGE)
def edit(request: http.Request, key: str) -> HttpResponse:
    """The form; `preview` shows what it would do, anything else saves."""
    score = scores.get(request.community, key)
    if request.method == "POST":
        return _handle(request, score)
    spec = scores.current_spec(score, request.at)
    contact_masks.check_readable(spec, request.staff)
    form = ScoreForm(staff=request.staff, name=score.name, spec=spec)
    return _render_form(request, form, score)


def _handle(request: http.Request, score: Score | None) -> HttpResponse:
    form = ScoreForm(request.POST, staff=request.staff)
    if not form.is_valid():
        return _render_form(request, form, score, status=422)
    try:
        if "preview" in request.POST:
            found = previews.preview(
                score=score, spec=form.spec(), by=request.staff, at=request.at
            )
            return _render_form(request, form, score, preview=found)
        saved = _save(request, form, score)
    except errors.QunceError as error:
        form.errors.append(str(error))
        return _render_form(request, form, score, status=422)
    http.flash(request, _("Saved. The weights hold from today on."))
    return http.redirect_back(request, reverse("insight:score", args=[saved.key]))


def _save(request: http.Request, form: ScoreForm, score: Score | None) -> Score:
    asked: dict[str, Any] = {"by": request.staff, "at": request.at}
    if score is not None:
        scores.update(score=score, name=form.title, spec=form.spec(), **asked)
        return score
    used = {each.key for each in scores.list_all(request.community)}
    base = naming.normalise(form.title)[:72].replace("/", "-").replace(";", ",")
    return scores.create(
        community=request.community,
        key=unused_key(base, used),
        name=form.title,
        spec=form.spec(),
        **asked,
    )


def _render_form(
    request: http.Request,
    form: ScoreForm,
    score: Score | None,
    *,
    preview: Preview | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "score": score,
        "preview": preview,
        "currency": request.community.currency,
    }
    if preview is not None:
        context |= {
            "bars": _compare_bars(preview),
            "effects": [
                (effect, _list_crossings(request, effect)) for effect in preview.layers
            ],
        }
    return http.render(
        request, "console/insight/scores/form.html", context, status=status
    )


def _compare_bars(preview: Preview) -> list[tuple[str, int | None, int, float]]:
    most = max(after for _label, _before, after in preview.bins) or 1
    return [
        (label, before, after, 100 * after / most)
        for label, before, after in preview.bins
    ]


def _list_crossings(
    request: http.Request, effect: previews.LayerEffect
) -> list[tuple[previews.Crossing, list[Any], int]]:
    """Each way with some of its members, and how many more there are."""
    return [
        (
            crossing,
            member_list.load_rows(list(crossing.people)[:MAX_NAMED], by=request.staff),
            max(len(crossing.people) - MAX_NAMED, 0),
        )
        for crossing in effect.crossings
    ]
