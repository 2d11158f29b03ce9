"""Actions on playbooks: switching on, publishing, pausing, stopping, copying, deleting."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import http
from qunce.console.moments import MomentField
from qunce.console.playbooks import presenters
from qunce.core import errors, permissions
from qunce.outreach.playbooks import (
    fingerprints,
    lifecycle,
    playbooks,
    rehearsal,
    rehearsal_texts,
)
from qunce.outreach.playbooks.lifecycle import Choice, Existing, InFlight, Pause
from qunce.outreach.playbooks.models import Playbook
from qunce.outreach.welcomes import playbook_overlap, welcomes

MINUTE_FORMAT = "%Y-%m-%dT%H:%M"


def _get(request: http.Request, pk: int) -> Playbook:
    return playbooks.get(by=request.staff, pk=pk)


def _back(request: http.Request, playbook: Playbook) -> HttpResponse:
    return http.redirect_back(request, reverse("playbooks:detail", args=[playbook.pk]))


# Switching on and publishing


class StartForm(forms.Form):
    existing = forms.ChoiceField(
        label=gettext_lazy("Those that already qualify"),
        choices=Existing.choices,
        widget=forms.RadioSelect,
        initial=Existing.NOBODY,
    )
    days = forms.IntegerField(
        label=gettext_lazy("Days to look back"),
        min_value=1,
        max_value=lifecycle.MAX_DAYS_BACK,
        initial=30,
    )

    def choice(self) -> Choice:
        return Choice(self.cleaned_data["existing"], self.cleaned_data["days"])


@require_http_methods(["GET", "POST"])
@http.page(playbooks.MANAGE)
def start(request: http.Request, pk: int) -> HttpResponse:
    """Ask who is in already, show what would be sent within a day, then switch on."""
    playbook = _get(request, pk)
    if request.method != "POST":
        return _render_start(request, playbook, StartForm(request.GET or None))
    form = StartForm(request.POST)
    if not form.is_valid():
        return _render_start(request, playbook, form)
    try:
        begun = lifecycle.switch_on(
            playbook=playbook,
            choice=form.choice(),
            digest=http.shown_digest(request),
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as error:
        return _render_start(request, _get(request, pk), form, str(error))
    http.flash(request, _begun_text(begun))
    return _back(request, playbook)


def _begun_text(begun: int) -> str:
    if not begun:
        return _("Switched on. It begins with new entries from now on.")
    text = ngettext(
        "Switched on. %(n)s begins now.", "Switched on. %(n)s begin now.", begun
    )
    return text % {"n": f"{begun:,}"}


def _render_start(
    request: http.Request, playbook: Playbook, form: StartForm, error: str = ""
) -> HttpResponse:
    """Show what is switched on, or why it cannot be."""
    context: dict[str, Any] = {
        "playbook": playbook,
        "form": form,
        **presenters.draft_context(playbook),
    }
    if not form.is_bound or form.is_valid():
        choice = form.choice() if form.is_bound else Choice()
        try:
            found = rehearsal.preview_start(
                playbook=playbook, choice=choice, by=request.staff, at=request.at
            )
        except errors.QunceError as problem:
            error = error or str(problem)
        else:
            context["preview"] = found
            context["sentence"] = rehearsal_texts.describe_start(found, playbook)
            if permissions.may(request.staff, welcomes.VIEW):
                context["welcomes"] = playbook_overlap.list_welcomes(
                    playbook, request.staff
                )
    context["error"] = error
    status = 422 if error or form.errors else 200
    template, part = "console/playbooks/start.html", "console/playbooks/_start.html"
    return http.render(request, template, context, part=part, status=status)


class PublishForm(forms.Form):
    in_flight = forms.ChoiceField(
        label=gettext_lazy("Those who are under way"),
        choices=InFlight.choices,
        widget=forms.RadioSelect,
        initial=InFlight.STAY,
    )


@require_http_methods(["GET", "POST"])
@http.page(playbooks.MANAGE)
def publish(request: http.Request, pk: int) -> HttpResponse:
    """Make the draft the new version, after asking about runs under way."""
    playbook = _get(request, pk)
    form = PublishForm(request.POST if request.method == "POST" else None)
    error = ""
    if form.is_bound and form.is_valid():
        try:
            stale = lifecycle.publish(
                playbook=playbook,
                in_flight=form.cleaned_data["in_flight"],
                digest=http.shown_digest(request),
                by=request.staff,
                at=request.at,
            )
        except errors.QunceError as refusal:
            playbook, error = _get(request, pk), str(refusal)
        else:
            http.flash(request, _published_text(stale))
            return _back(request, playbook)
    problems = playbooks.find_problems(playbook, request.staff)
    context = {
        "playbook": playbook,
        "form": form,
        "counts": lifecycle.count(playbook),
        "error": error or next((problem.text for problem in problems), ""),
        "is_complete": not problems,
        "digest": fingerprints.digest(playbook),
        **presenters.draft_context(playbook),
    }
    status = 422 if context["error"] else 200
    return http.render(
        request, "console/playbooks/publish.html", context, status=status
    )


def _published_text(stale: int) -> str:
    text = _("Published.")
    if stale:
        text += " " + _("Late by the new version, to be decided: %(n)s.") % {
            "n": f"{stale:,}"
        }
    return text


# Pausing and stopping


class PauseForm(forms.Form):
    """The three questions of a pause."""

    waits = forms.ChoiceField(
        label=gettext_lazy("Waiting times"),
        choices=[
            ("hold", gettext_lazy("stop until it resumes")),
            ("run", gettext_lazy("run on; what becomes too late is listed, not sent")),
        ],
        widget=forms.RadioSelect,
        initial="hold",
    )
    entries = forms.ChoiceField(
        label=gettext_lazy("New entries during the pause"),
        choices=[
            ("keep", gettext_lazy("begin when it resumes")),
            ("drop", gettext_lazy("do not begin")),
        ],
        widget=forms.RadioSelect,
        initial="keep",
    )
    then = forms.ChoiceField(
        label=gettext_lazy("Afterwards"),
        choices=[
            ("wait", gettext_lazy("stays paused until somebody continues it")),
            ("resume", gettext_lazy("resumes at this time")),
            ("stop", gettext_lazy("stops at this time")),
        ],
        widget=forms.RadioSelect,
        initial="wait",
    )
    until = MomentField(
        label=gettext_lazy("Time"),
        required=False,
        input_formats=[MINUTE_FORMAT, "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )

    def clean(self) -> dict[str, Any] | None:
        then = self.cleaned_data.get("then")
        if then in ("resume", "stop") and not self.cleaned_data.get("until"):
            self.add_error("until", _("Choose a time in the future."))
        return self.cleaned_data

    def pause(self) -> Pause:
        values = self.cleaned_data
        until: datetime | None = values["until"]
        return Pause(
            holds_waits=values["waits"] == "hold",
            keeps_entries=values["entries"] == "keep",
            until=None if values["then"] == "wait" else until,
            then_stops=values["then"] == "stop",
        )


@require_http_methods(["GET", "POST"])
@http.page(playbooks.MANAGE)
def pause(request: http.Request, pk: int) -> HttpResponse:
    playbook = _get(request, pk)
    form = PauseForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            held = lifecycle.pause(
                playbook=playbook, pause=form.pause(), by=request.staff, at=request.at
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(
                request,
                _("Paused. Planned messages held: %(n)s.") % {"n": f"{held:,}"},
            )
            return _back(request, playbook)
    context = {
        "playbook": playbook,
        "form": form,
        "counts": lifecycle.count(playbook),
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/playbooks/pause.html", context, status=status)


@require_POST
@http.page(playbooks.MANAGE)
def resume(request: http.Request, pk: int) -> HttpResponse:
    playbook = _get(request, pk)
    released = lifecycle.resume(playbook=playbook, by=request.staff, at=request.at)
    http.flash(
        request,
        _("Resumed. Messages planned again: %(n)s, not sent any more: %(skipped)s.")
        % {"n": f"{released.sent_on:,}", "skipped": f"{released.skipped:,}"},
    )
    return _back(request, playbook)


@require_http_methods(["GET", "POST"])
@http.page(playbooks.MANAGE)
def stop(request: http.Request, pk: int) -> HttpResponse:
    """Let nobody in any more, or end everything at once; both with their numbers."""
    playbook = _get(request, pk)
    if request.method == "POST":
        if request.POST.get("what") == "all":
            stopped = lifecycle.stop(playbook=playbook, by=request.staff, at=request.at)
            http.flash(
                request,
                _("Stopped. Runs ended: %(n)s. Messages cancelled: %(messages)s.")
                % {"n": f"{stopped.runs:,}", "messages": f"{stopped.messages:,}"},
            )
        else:
            n = lifecycle.close(playbook=playbook, by=request.staff, at=request.at)
            http.flash(
                request,
                _("Closed to new entries. Still under way: %(n)s.") % {"n": f"{n:,}"},
            )
        return _back(request, playbook)
    context = {"playbook": playbook, "counts": lifecycle.count(playbook)}
    return http.render(request, "console/playbooks/stop.html", context)


@require_POST
@http.page(playbooks.MANAGE)
def settle_stale(request: http.Request, pk: int) -> HttpResponse:
    playbook = _get(request, pk)
    settled = lifecycle.settle_stale(
        playbook=playbook,
        choice=request.POST.get("choice", ""),
        by=request.staff,
        at=request.at,
    )
    http.flash(request, _("Decided for %(n)s.") % {"n": f"{settled:,}"})
    return _back(request, playbook)


@require_POST
@http.page(playbooks.MANAGE)
def duplicate(request: http.Request, pk: int) -> HttpResponse:
    copied = playbooks.duplicate(
        playbook=_get(request, pk), by=request.staff, at=request.at
    )
    return http.redirect_back(request, reverse("playbooks:edit", args=[copied.pk]))


@require_POST
@http.page(playbooks.MANAGE)
def delete(request: http.Request, pk: int) -> HttpResponse:
    playbooks.delete(playbook=_get(request, pk), by=request.staff, at=request.at)
    http.flash(request, _("Deleted."))
    return http.redirect_back(request, reverse("playbooks:list"))
