"""Pages of portraits, and of what is not known of whom."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from qunce.console import http
from qunce.console.insight import chart_downloads, presenters
from qunce.core import errors, label_texts, permissions
from qunce.insight import heat_maps
from qunce.insight.portraits import completeness, persona_cards, portraits
from qunce.insight.portraits.completeness import Completeness, Gap
from qunce.insight.portraits.portraits import Portrait, Row
from qunce.members.segments import segments

MAX_BARS = 12
MINUS = "\N{MINUS SIGN}"


@require_GET
@http.page()
def portrait(request: http.Request) -> HttpResponse:
    """The portrait of a subject, and the list to choose one; as a file with `as`."""
    text = request.GET.get("of", "")
    context: dict[str, Any] = {
        "of": text,
        "choices": portraits.list_choices(by=request.staff),
        "definition": portraits.DEFINITION,
    }
    status = 200
    try:
        found = _find(request, text)
    except errors.QunceError as error:
        context["error"], status = str(error), 422
    else:
        if found is not None and "as" in request.GET:
            return _download(found, request.GET["as"])
        if found is not None:
            context |= _card_context(request, text)
            context |= {
                "found": found,
                "people_url": presenters.members_url(found.subject.rule),
                "rows": [_show(found, row) for row in found.rows],
                "download": f"?{urlencode({'of': text})}&as=",
            }
    template = "console/insight/portraits/portrait.html"
    return http.render(request, template, context, status=status)


def _card_context(request: http.Request, text: str) -> dict[str, Any]:
    """The persona card of a segment; layers and groups have none."""
    kind, _colon, key = text.partition(":")
    if kind != "segment":
        return {}
    segment = segments.get(request.community, key)
    card = persona_cards.find(segment=segment, by=request.staff)
    return {
        "segment": segment,
        "card": card,
        "texts": {name: getattr(card, name, "") for name in persona_cards.LENGTHS},
        "may_edit_card": permissions.may(request.staff, persona_cards.EDIT),
        "lengths": persona_cards.LENGTHS,
    }


def _find(request: http.Request, text: str) -> Portrait | None:
    if not text:
        return None
    subject = portraits.parse_subject(text, by=request.staff)
    return portraits.load(subject=subject, by=request.staff, at=request.at)


def _show(found: Portrait, row: Row) -> dict[str, Any]:
    """A row of the table: numbers as texts, and the links to the people."""
    one = row.difference
    return {
        "trait": row.trait,
        "counts": one.counts,
        "inside": 100 * one.share_inside,
        "rest": 100 * one.share_rest,
        "points": _signed(one.points),
        "interval": f"{_signed(one.low)} … {_signed(one.high)}",
        "ratio": "–" if one.ratio is None else f"× {one.ratio:,.1f}",
        "effect": _signed(one.effect, 2),
        "inside_url": presenters.members_url(
            portraits.rule_of(found, row, inside=True)
        ),
        "rest_url": presenters.members_url(portraits.rule_of(found, row, inside=False)),
    }


def _signed(number: float, places: int = 1) -> str:
    return f"{number:+,.{places}f}".replace("-", MINUS)


def _download(found: Portrait, file_format: str) -> HttpResponse:
    if file_format in chart_downloads.TABLES:
        return chart_downloads.render_table(_table(found), "portrait", file_format)
    if file_format != "svg":
        raise Http404
    bars = [
        heat_maps.Bar(
            label_texts.with_label(row.trait.heading, row.trait.label),
            round(100 * row.difference.share_inside),
            f"{row.difference.share_inside:.0%} ({row.difference.share_rest:.0%})",
        )
        for row in found.rows[:MAX_BARS]
    ]
    title = _("%(name)s (all others)") % {"name": found.subject.label}
    response = HttpResponse(
        heat_maps.render_bars(bars, title=title), content_type="image/svg+xml"
    )
    response["Content-Disposition"] = 'attachment; filename="portrait.svg"'
    return response


def _table(found: Portrait) -> list[list[object]]:
    rows: list[list[object]] = [
        [
            *(_("Trait"), _("Value"), _("People inside"), _("Compared inside")),
            *(
                _("Share inside"),
                _("All others"),
                _("Compared outside"),
                _("Share of all others"),
            ),
            *(_("Times as often"), _("Difference in points"), _("From"), _("To")),
            *(_("Effect"), _("Adjusted p-value")),
        ]
    ]
    for row in found.rows:
        one, counts = row.difference, row.difference.counts
        rows.append(
            [
                row.trait.heading,
                row.trait.label,
                *(counts.inside, counts.inside_of, round(100 * one.share_inside, 1)),
                *(counts.rest, counts.rest_of, round(100 * one.share_rest, 1)),
                "" if one.ratio is None else round(one.ratio, 2),
                *(round(one.points, 1), round(one.low, 1), round(one.high, 1)),
                *(round(one.effect, 3), f"{one.adjusted_p:.2g}"),
            ]
        )
    return rows


@require_GET
@http.page()
def gaps(request: http.Request) -> HttpResponse:
    """What is not known of how many members; as a file with `as`."""
    found = completeness.load(by=request.staff, at=request.at)
    if "as" in request.GET:
        return _download_gaps(found, request.GET["as"])
    context = {
        "found": found,
        "ask": [(gap, presenters.members_url(gap.rule)) for gap in found.ask],
        "rows": [
            (gap, kind_of(gap), presenters.members_url(gap.rule)) for gap in found.gaps
        ],
        "definition": completeness.DEFINITION,
        "importing": reverse("importing:list"),
    }
    return http.render(request, "console/insight/portraits/completeness.html", context)


def kind_of(gap: Gap) -> str:
    return {
        "attribute": _("Attribute"),
        "tag_group": _("Tag group"),
        "source": _("Source"),
        "reached": _("Messages"),
    }[gap.kind]


def _download_gaps(found: Completeness, file_format: str) -> HttpResponse:
    if file_format not in chart_downloads.TABLES:
        raise Http404
    rows: list[list[object]] = [
        [_("Kind"), _("Name"), _("Members without"), _("Share"), _("Rules in use")]
    ]
    rows += [
        [
            kind_of(gap),
            gap.label,
            gap.people,
            "" if gap.percent is None else round(gap.percent, 1),
            gap.uses,
        ]
        for gap in found.gaps
    ]
    return chart_downloads.render_table(rows, "completeness", file_format)
