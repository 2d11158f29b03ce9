"""Pages of badges: the list, one badge with its members, and the form."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.activities.levels import badges, level_facts
from qunce.activities.levels.models import Badge
from qunce.console import http, member_names
from qunce.console.levels.forms import BadgeForm
from qunce.console.outreach import labels
from qunce.core import errors


def _describe(request: http.Request, badge: Badge) -> str:
    if badge.rule is None:
        return ""
    try:
        return labels.describe_rule(request.staff, badge.rule)
    except (errors.QunceError, RecursionError):
        return _("a rule that cannot be read")


@require_GET
@http.page(level_facts.MANAGE)
def badge_list(request: http.Request) -> HttpResponse:
    counts = badges.count_awards(request.staff)
    rows = [
        (badge, _describe(request, badge), counts.get(badge.pk, 0))
        for badge in badges.list_all(request.staff)
    ]
    return http.render(request, "console/levels/badges.html", {"rows": rows})


@require_GET
@http.page(level_facts.MANAGE)
def badge_detail(request: http.Request, pk: int) -> HttpResponse:
    badge = badges.get(by=request.staff, pk=pk)
    awards = badges.list_awards(badge=badge, by=request.staff, at=request.at)
    names = member_names.find(row.account_id for row in awards)
    context = {
        "badge": badge,
        "rule": _describe(request, badge),
        "count": badges.count_awards(request.staff).get(badge.pk, 0),
        "awards": [(row, names.get(row.account_id, "")) for row in awards],
    }
    return http.render(request, "console/levels/badge.html", context)


@require_http_methods(["GET", "POST"])
@http.page(level_facts.MANAGE)
def badge_create(request: http.Request) -> HttpResponse:
    form = BadgeForm(request.POST or None, by=request.staff)
    if request.method == "POST" and form.is_valid():
        try:
            badge = badges.create(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.to_fields(),
            )
        except errors.QunceError as error:
            _add_error(form, error)
        else:
            http.flash(request, _("Saved. Switch the rule on, or award it by hand."))
            url = reverse("levels:badge", args=[badge.pk])
            return http.redirect_back(request, url)
    return _render(request, form, None)


@require_http_methods(["GET", "POST"])
@http.page(level_facts.MANAGE)
def badge_update(request: http.Request, pk: int) -> HttpResponse:
    badge = badges.get(by=request.staff, pk=pk)
    form = BadgeForm(request.POST or None, by=request.staff, badge=badge)
    if request.method == "POST" and form.is_valid():
        try:
            badges.update(
                badge=badge, by=request.staff, at=request.at, **form.to_fields()
            )
        except errors.QunceError as error:
            _add_error(form, error)
        else:
            http.flash(request, _("Saved. Members keep the badge."))
            return http.redirect_back(request, reverse("levels:badge", args=[pk]))
    return _render(request, form, badge)


def _add_error(form: BadgeForm, error: errors.QunceError) -> None:
    field = error.field if isinstance(error, badges.InvalidBadge) else None
    form.add_error(field if field in form.fields else None, str(error))


def _render(
    request: http.Request, form: BadgeForm, badge: Badge | None
) -> HttpResponse:
    status = 422 if form.errors else 200
    context = {"form": form, "badge": badge}
    return http.render(
        request, "console/levels/badge_form.html", context, status=status
    )
