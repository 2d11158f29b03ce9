"""Actions on surveys: publish, close, open and ask again, export, and decisions."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qunce.console import http
from qunce.console.insight import chart_downloads
from qunce.console.playbooks import views as playbook_views
from qunce.core import errors
from qunce.members.surveys import effects, exports, responses, surveys
from qunce.members.surveys.models import Survey
from qunce.members.surveys.survey_facts import MANAGE, VIEW_ANSWERS
from qunce.outreach import survey_requests


def _act(request: http.Request, pk: int, verb: Callable[[Survey], str]) -> HttpResponse:
    survey = surveys.get(by=request.staff, pk=pk)
    http.flash_outcome(request, lambda: verb(survey))
    return http.redirect_back(request, reverse("surveys:detail", args=[pk]))


@require_POST
@http.page(MANAGE)
def publish(request: http.Request, pk: int) -> HttpResponse:
    def verb(survey: Survey) -> str:
        version = surveys.publish(survey=survey, by=request.staff, at=request.at)
        return _("Version %(n)s is asked from now on.") % {"n": version.number}

    return _act(request, pk, verb)


@require_POST
@http.page(MANAGE)
def close(request: http.Request, pk: int) -> HttpResponse:
    def verb(survey: Survey) -> str:
        surveys.close(survey=survey, by=request.staff, at=request.at)
        return _("Closed. The results stay.")

    return _act(request, pk, verb)


@require_POST
@http.page(MANAGE)
def reopen(request: http.Request, pk: int) -> HttpResponse:
    def verb(survey: Survey) -> str:
        surveys.reopen(survey=survey, by=request.staff, at=request.at)
        return _("Open again.")

    return _act(request, pk, verb)


@require_POST
@http.page(MANAGE)
def ask_again(request: http.Request, pk: int) -> HttpResponse:
    def verb(survey: Survey) -> str:
        number = surveys.ask_again(survey=survey, by=request.staff, at=request.at)
        return _("Round %(n)s: everybody may answer again.") % {"n": number}

    return _act(request, pk, verb)


@require_POST
@http.page(MANAGE)
def ask_after(request: http.Request, pk: int) -> HttpResponse:
    """Draft the playbook that asks on an occasion, and go to it."""
    survey = surveys.get(by=request.staff, pk=pk)
    try:
        playbook = survey_requests.draft(
            survey=survey,
            occasion=request.POST.get("occasion", ""),
            time=request.POST.get("time", ""),
            channel=playbook_views.choose_channel(request),
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
        return http.redirect_back(request, reverse("surveys:detail", args=[pk]))
    http.flash(request, _("A draft. Nothing is sent yet."))
    return http.redirect_back(request, reverse("playbooks:edit", args=[playbook.pk]))


@require_POST
@http.page(MANAGE)
def delete(request: http.Request, pk: int) -> HttpResponse:
    survey = surveys.get(by=request.staff, pk=pk)
    try:
        surveys.delete_draft(survey=survey, by=request.staff)
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
        return http.redirect_back(request, reverse("surveys:detail", args=[pk]))
    http.flash(request, _("Deleted."))
    return http.redirect_back(request, reverse("surveys:list"))


@require_POST
@http.page(MANAGE)
def delete_answers(request: http.Request, response: int) -> HttpResponse:
    row = responses.get(by=request.staff, pk=response, at=request.at)
    url = reverse("surveys:answer-list", args=[row.survey_id])
    responses.delete(pk=response, by=request.staff, at=request.at)
    http.flash(request, _("Deleted. The member may answer again."))
    return http.redirect_back(request, url)


@require_GET
@http.page(VIEW_ANSWERS)
def export(request: http.Request, pk: int, file_format: str) -> HttpResponse:
    survey = surveys.get(by=request.staff, pk=pk)
    rows = exports.table(survey=survey, by=request.staff, at=request.at)
    name = f"survey-{survey.public_id}"
    return chart_downloads.render_table(rows, name, file_format)


@require_POST
@http.page(VIEW_ANSWERS)
def decide(request: http.Request, pk: int) -> HttpResponse:
    """Take an answer over, or keep the value that staff set."""
    take = request.POST.get("take") == "1"
    try:
        effects.decide(pk=pk, take=take, by=request.staff, at=request.at)
    except errors.NotFound:
        raise
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, _("Taken over.") if take else _("Kept as it was."))
    return http.redirect_back(request, reverse("surveys:conflict-list"))
