"""Pages of surveys: the list, the questions, a preview, results and answers."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http, member_names
from qunce.console.complaints.views import find_member
from qunce.console.surveys import presenters, question_rows
from qunce.console.surveys.forms import AnswersForm, CreateForm, SurveyForm
from qunce.core import errors, permissions
from qunce.members.people import visibility
from qunce.members.surveys import (
    effects,
    pictures,
    responses,
    results,
    surveys,
    templates,
    typed_lines,
)
from qunce.members.surveys import questions as survey_questions
from qunce.members.surveys.models import Source, Survey, SurveyResponse
from qunce.members.surveys.questions import InvalidQuestions, Kind, Rule
from qunce.members.surveys.survey_facts import (
    MANAGE,
    VIEW,
    VIEW_ANSWERS,
    InvalidAnswers,
    SurveyNotFound,
)
from qunce.outreach import survey_requests
from qunce.outreach.playbooks import playbooks

MAX_SHOWN = 300


@require_GET
@http.page(VIEW)
def survey_list(request: http.Request) -> HttpResponse:
    rows = list(surveys.list_all(request.staff)[:MAX_SHOWN])
    waiting = effects.list_waiting(request.staff, at=request.at)
    context = {
        "lines": presenters.lines(rows, request.at),
        "waiting": len(waiting),
        "may_manage": permissions.may(request.staff, MANAGE),
    }
    return http.render(request, "console/surveys/list.html", context)


@require_http_methods(["GET", "POST"])
@http.page(MANAGE)
def survey_create(request: http.Request) -> HttpResponse:
    form = CreateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        template = templates.TEMPLATES.get(form.cleaned_data["template"])
        try:
            survey = surveys.create(
                community=request.community,
                name=form.cleaned_data["name"],
                by=request.staff,
                at=request.at,
                **(template.fields() if template else {}),
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            url = reverse("surveys:update", args=[survey.pk])
            return http.redirect_back(request, url)
    status = 422 if form.is_bound else 200
    context = {"form": form}
    return http.render(request, "console/surveys/create.html", context, status=status)


@require_http_methods(["GET", "POST"])
@http.page(MANAGE)
def survey_update(request: http.Request, pk: int) -> HttpResponse:
    """The questions as rows, and how they are asked. Every button saves first."""
    survey = surveys.get(by=request.staff, pk=pk)
    if request.method != "POST":
        rows = question_rows.views(survey.draft)
        return _render_update(request, survey, SurveyForm(survey=survey), rows)
    form = SurveyForm(request.POST, survey=survey)
    sent = question_rows.read(request.POST.dict(), survey.draft)
    error, error_at = "", 0
    # A new row has no text yet: it is shown, and saved once it has.
    saved = sent.rows[:-1] if sent.button == "add" else sent.rows
    if form.is_valid():
        try:
            surveys.update(
                survey=survey,
                by=request.staff,
                at=request.at,
                **{**form.to_values(), "draft": saved},
            )
        except InvalidQuestions as found:
            error, error_at = str(found), found.question
        except errors.QunceError as found:
            form.add_error(None, str(found))
        else:
            if sent.button == "save":
                http.flash(request, _("Saved."))
                url = reverse("surveys:detail", args=[pk])
                return http.redirect_back(request, url)
            new = sent.rows[-1:] if sent.button == "add" else []
            sent = question_rows.Sent(rows=[*survey.draft, *new], moved=sent.moved)
    is_wrong = bool(error or form.errors)
    rows = question_rows.views(sent.rows, error=error, error_at=error_at)
    return _render_update(
        request,
        survey,
        form,
        rows,
        status=422 if is_wrong else 200,
        error="" if error_at else error,
        moved=sent.moved,
    )


def _render_update(
    request: http.Request,
    survey: Survey,
    form: SurveyForm,
    rows: list[question_rows.RowView],
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {
        "survey": survey,
        "form": form,
        "rows": rows,
        "kinds": Kind.choices,
        "rules": Rule.choices,
        "attributes": question_rows.list_attributes(request.community),
        **{"error": "", "moved": -1, **more},
    }
    return http.render(request, "console/surveys/form.html", context, status=status)


@require_GET
@http.page(VIEW)
def survey_preview(request: http.Request, pk: int) -> HttpResponse:
    """The questions of the draft as fields, with nothing to submit."""
    survey = surveys.get(by=request.staff, pk=pk)
    found = survey_questions.parse(survey.draft)
    form = AnswersForm(questions=found, with_member=False)
    context = {
        "survey": survey,
        "fields": presenters.preview(form, found),
    }
    return http.render(request, "console/surveys/preview.html", context)


@require_GET
@http.page(VIEW)
def survey_detail(request: http.Request, pk: int) -> HttpResponse:
    survey = surveys.get(by=request.staff, pk=pk)
    rounds = results.list_rounds(survey)
    chosen = request.GET.get("round", "")
    chosen = chosen if chosen in rounds else ""
    found = None
    if survey.published_at is not None:
        found = results.compute(
            survey=survey, by=request.staff, at=request.at, round=chosen
        )
    may_view = permissions.may(request.staff, VIEW_ANSWERS)
    context = {
        "survey": survey,
        "state": presenters.state(survey, request.at),
        "results": found,
        "questions": presenters.questions(request, survey, found, may_view=may_view),
        "rounds": rounds,
        "round": chosen,
        "may_manage": permissions.may(request.staff, MANAGE),
        "may_view_answers": may_view,
        "has_changes": presenters.has_changes(survey),
        "one_question": typed_lines.only_question(survey),
        "address": presenters.address(survey),
        "occasions": survey_requests.Occasion.choices,
        "may_ask_after": playbooks.may_manage(request.staff)
        and surveys.is_open(survey, request.at),
    }
    return http.render(request, "console/surveys/detail.html", context)


@require_GET
@http.page(VIEW_ANSWERS)
def answer_list(request: http.Request, pk: int) -> HttpResponse:
    """The responses of members whom the staff see; of an anonymous survey, none."""
    survey = surveys.get(by=request.staff, pk=pk)
    rows = SurveyResponse.objects.filter(survey=survey, account__isnull=False)
    found = list(rows.select_related("by").order_by("-answered_at", "pk")[:500])
    accounts = [row.account_id for row in found if row.account_id is not None]
    seen = visibility.filter_visible(by=request.staff, accounts=accounts, at=request.at)
    names = member_names.find(accounts)
    people = presenters.people_of(accounts)
    context = {
        "survey": survey,
        "rows": [
            (row, names.get(row.account_id or 0, ""))
            for row in found
            if row.account_id is not None and people[row.account_id] in seen
        ],
    }
    return http.render(request, "console/surveys/answers.html", context)


@require_GET
@http.page(VIEW_ANSWERS)
def answer_detail(request: http.Request, response: int) -> HttpResponse:
    row = responses.get(by=request.staff, pk=response, at=request.at)
    names = member_names.find([row.account_id])
    context = {
        "row": row,
        "name": names.get(row.account_id or 0, ""),
        "answers": responses.describe(row),
        "pictures": presenters.pictures_of(row),
        "may_manage": permissions.may(request.staff, MANAGE),
    }
    return http.render(request, "console/surveys/answer.html", context)


@require_GET
@http.page(VIEW_ANSWERS)
def picture(request: http.Request, response: int, picture: str) -> HttpResponse:
    """A picture of a response, only as it was encoded by us."""
    row = responses.get(by=request.staff, pk=response, at=request.at)
    is_of_it = row.answers.filter(text=picture[:40]).exists()
    found = pictures.find(row.survey, picture[:40]) if is_of_it else None
    if found is None:
        raise SurveyNotFound(_("There are no such answers."))
    answer = HttpResponse(bytes(found.content), content_type="image/jpeg")
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_http_methods(["GET", "POST"])
@http.page(VIEW_ANSWERS)
def answers_type(request: http.Request, pk: int) -> HttpResponse:
    """Type the answers of a member, by the verb of the page."""
    survey = surveys.get(by=request.staff, pk=pk)
    version = surveys.current_version(survey)
    questions = surveys.questions_of(version) if version else ()
    form = AnswersForm(request.POST or None, questions=questions)
    if request.method == "POST" and form.is_valid():
        try:
            account = find_member(request, form.cleaned_data["member"])
            if account is None:
                raise errors.Invalid(_("Name the member."))
            done = responses.submit(
                survey=survey,
                account_id=account,
                answers=form.to_answers(),
                source=Source.STAFF,
                by=request.staff,
                at=request.at,
            )
        except InvalidAnswers as error:
            form.add_errors(error.errors)
        except errors.QunceError as error:
            form.add_error("member", str(error))
        else:
            http.flash(
                request, " ".join(filter(None, [_("Saved."), done.dropped_text]))
            )
            return http.redirect_back(request, reverse("surveys:type", args=[pk]))
    status = 422 if form.is_bound else 200
    context = {"survey": survey, "form": form}
    return http.render(request, "console/surveys/type.html", context, status=status)


@require_http_methods(["GET", "POST"])
@http.page(VIEW_ANSWERS)
def answers_paste(request: http.Request, pk: int) -> HttpResponse:
    """Paste lines of a member and an answer, and read what became of each."""
    survey = surveys.get(by=request.staff, pk=pk)
    lines, error = [], ""
    text = request.POST.get("lines", "")
    if request.method == "POST":
        try:
            lines = typed_lines.take(
                survey=survey, text=text, by=request.staff, at=request.at
            )
        except errors.QunceError as found:
            error = str(found)
    left = "\n".join(line.text for line in lines if not line.is_taken)
    context = {
        "survey": survey,
        "question": typed_lines.only_question(survey),
        "lines": lines,
        "taken": sum(line.is_taken for line in lines),
        "text": text if error else left,
        "error": error,
    }
    status = 422 if error else 200
    return http.render(request, "console/surveys/paste.html", context, status=status)


@require_GET
@http.page(VIEW_ANSWERS)
def conflict_list(request: http.Request) -> HttpResponse:
    """Answers against values that staff set, which wait for a decision."""
    context = {"rows": presenters.conflicts(request)}
    return http.render(request, "console/surveys/conflicts.html", context)
