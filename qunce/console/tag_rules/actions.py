"""Actions on tag rules and their runs."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.tag_rules import presenters, views
from qunce.core import errors
from qunce.members.tag_rules import activation, runs
from qunce.members.tag_rules import tag_rules as rules
from qunce.members.tag_rules.models import MANAGE, Mode, State


def _to_detail(request: http.Request, pk: int) -> HttpResponse:
    return http.redirect_back(request, reverse("tag_rules:detail", args=[pk]))


@require_POST
@http.page(MANAGE)
def activate(request: http.Request, pk: int) -> HttpResponse:
    rule = rules.get(by=request.staff, pk=pk)
    days = request.POST.get("past_days", "")
    try:
        activation.activate(
            rule=rule,
            is_confirmed=bool(request.POST.get("confirmed")),
            past_days=int(days) if days.isdecimal() and len(days) < 4 else 0,
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as error:
        return views.render_detail(request, rule, problem=str(error), status=422)
    text = _("“%(name)s” acts on events from now on.")
    if rule.mode == Mode.DAILY:
        text = _("“%(name)s” runs within a minute, and every day from now on.")
    elif rule.mode == Mode.ON_DEMAND:
        text = _("“%(name)s” is active. Run it when you like.")
    http.flash(request, text % {"name": rule.name})
    return _to_detail(request, pk)


@require_POST
@http.page(MANAGE)
def pause(request: http.Request, pk: int) -> HttpResponse:
    rule = rules.get(by=request.staff, pk=pk)
    rules.pause(rule=rule, by=request.staff, at=request.at)
    text = _("“%(name)s” is paused. Members keep their tags.")
    http.flash(request, text % {"name": rule.name})
    return _to_detail(request, pk)


@require_POST
@http.page(MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    rule = rules.get(by=request.staff, pk=pk)
    rules.archive(rule=rule, by=request.staff, at=request.at)
    undo = reverse("tag_rules:restore", args=[pk])
    text = _("“%(name)s” is archived. Members keep their tags.")
    http.flash(request, text % {"name": rule.name}, undo=undo)
    return http.redirect_back(request, reverse("tag_rules:list"))


@require_POST
@http.page(MANAGE)
def restore(request: http.Request, pk: int) -> HttpResponse:
    rule = rules.get(by=request.staff, pk=pk)
    try:
        rules.restore(rule=rule, by=request.staff, at=request.at)
    except errors.QunceError as error:
        return views.render_detail(request, rule, problem=str(error), status=422)
    http.flash(request, _("“%(name)s” is restored and paused.") % {"name": rule.name})
    return _to_detail(request, pk)


@require_POST
@http.page(MANAGE)
def move(request: http.Request, pk: int) -> HttpResponse:
    """Swap the rule with the one before or after it."""
    rule = rules.get(by=request.staff, pk=pk)
    earlier = request.POST.get("to") != "later"
    rules.move(rule=rule, earlier=earlier, by=request.staff, at=request.at)
    return http.redirect_back(request, reverse("tag_rules:list"))


@require_POST
@http.page(MANAGE)
def run(request: http.Request, pk: int) -> HttpResponse:
    rule = rules.get(by=request.staff, pk=pk)
    try:
        done = runs.run(rule=rule, by=request.staff, at=request.at)
    except errors.QunceError as error:
        return views.render_detail(request, rule, problem=str(error), status=422)
    summary = presenters.run_summary(done)
    if done.finished_at is None:
        text = _("The run continues in the background: %(summary)s.")
        http.flash(request, text % {"summary": summary})
        return http.redirect_back(
            request, reverse("tag_rules:run-detail", args=[done.pk])
        )
    has_changes = runs.may_undo(done, request.staff)
    undo = reverse("tag_rules:run-undo", args=[done.pk]) if has_changes else None
    text = _("The rule ran: %(summary)s.") % {"summary": summary}
    http.flash(request, text, undo=undo)
    return _to_detail(request, pk)


@require_POST
@http.page(MANAGE)
def undo(request: http.Request, pk: int) -> HttpResponse:
    done = runs.get(by=request.staff, pk=pk)
    was_active = done.rule.state == State.ACTIVE
    restored = runs.undo(run=done, by=request.staff, at=request.at)
    text = ngettext(
        "Undone: %(n)s tag is as it was before.",
        "Undone: %(n)s tags are as they were before.",
        restored,
    ) % {"n": f"{restored:,}"}
    done.rule.refresh_from_db()
    if was_active and done.rule.state == State.PAUSED:
        text += " " + _("The rule is paused, as its next run would do the same again.")
    http.flash(request, text)
    return _to_detail(request, done.rule_id)
