"""The page of a survey: one question after the other, or all on one page.

Every step works without JavaScript. What was answered is saved with each step, so that a
visitor leaves and goes on later, on this or another device of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from qunce.members.surveys import judging, pictures, respondents, responses, surveys
from qunce.members.surveys.models import Layout, Survey
from qunce.members.surveys.questions import Kind, Question
from qunce.members.surveys.survey_facts import (
    AlreadyAnswered,
    InvalidAnswers,
    MayNotAnswer,
    NotOpen,
)
from qunce.portal import http
from qunce.portal.surveys import actions, forms, presenters

MAX_BYTES = 11_000_000


@require_safe
@http.page()
def survey(request: http.Request, public_id: str) -> HttpResponse:
    """The question where the visitor goes on, or why there is none."""
    found = actions.get(request.visitor, public_id)
    account = actions.account_of(request.visitor, found)
    if account is None:
        return _render(request, found, state=_closed_state(found, request))
    try:
        responses.check_may_answer(found, account, at=request.at)
    except AlreadyAnswered:
        return _render(request, found, state="answered")
    except (NotOpen, MayNotAnswer) as error:
        return _render(request, found, state="refused", text=str(error))
    saved = {}
    if not found.is_anonymous:
        saved = responses.find_draft(found, account, at=request.at)
    return _render_step(request, found, saved, key=request.GET.get("q", "")[:40])


def _closed_state(found: Survey, request: http.Request) -> str:
    return "" if surveys.is_open(found, request.at) else "closed"


@require_POST
@http.page(max_bytes=MAX_BYTES)
def answer(request: http.Request, public_id: str) -> HttpResponse:
    """Save the answers of a page and show the next question, or submit the last one."""
    found = actions.get(request.visitor, public_id)
    account = actions.require(request.visitor, found)
    url = reverse("portal:survey", args=[request.place, public_id])
    try:
        responses.check_may_answer(found, account, at=request.at)
    except (AlreadyAnswered, NotOpen, MayNotAnswer):
        # The page says which of them it is.
        return http.redirect(url)
    questions = _questions(found)
    before = forms.read_carried(request)
    if not found.is_anonymous:
        before = responses.find_draft(found, account, at=request.at)
    keys = set(request.POST.getlist("shown"))
    on_page = [each for each in questions if each.key in keys]
    typed = forms.read_answers(request, on_page)
    errors = _take_pictures(request, found, on_page, typed)
    answers = {**before, **typed}
    judged = judging.judge(questions, answers)
    if not found.is_anonymous:
        actions.save(
            visitor=request.visitor, survey=found, answers=judged.answers, at=request.at
        )
    step = presenters.find_step(
        questions, judged.answers, on_page[0].key if on_page else ""
    )
    if request.POST.get("step") == "back" and step.previous:
        return _go(request, found, url, judged.answers, step.previous)
    errors |= {key: text for key, text in judged.errors.items() if key in keys}
    if errors:
        shown = {**judged.answers, **typed}
        return _render_step(request, found, shown, key=step.question.key, errors=errors)
    if found.layout == Layout.ONE and step.following and on_page:
        return _go(request, found, url, judged.answers, step.following)
    return _submit(request, found, url, answers)


def _go(
    request: http.Request, found: Survey, url: str, answers: dict[str, Any], key: str
) -> HttpResponse:
    """Show another question: by a redirect, or with what the form has to carry."""
    if found.is_anonymous:
        return _render_step(request, found, answers, key=key)
    return http.redirect(f"{url}?q={key}")


def _submit(
    request: http.Request, found: Survey, url: str, answers: Mapping[str, Any]
) -> HttpResponse:
    try:
        done = actions.submit(
            visitor=request.visitor, survey=found, answers=answers, at=request.at
        )
    except AlreadyAnswered:
        return http.redirect(url)
    except InvalidAnswers as error:
        # Questions that the page did not show, as a new version was published.
        first = next(iter(error.errors))
        return _render_step(
            request, found, dict(answers), key=first, errors=error.errors
        )
    left = [each.key for each in _questions(found) if each.text in done.dropped]
    return http.redirect(f"{url}?left={','.join(left)}" if left else url)


def _take_pictures(
    request: http.Request,
    found: Survey,
    on_page: Sequence[Question],
    typed: dict[str, Any],
) -> dict[str, str]:
    """Store the pictures of a page and make their ids the answers; returns errors."""
    errors: dict[str, str] = {}
    for each in on_page:
        file = request.FILES.get(presenters.name_of(each))
        if each.kind != Kind.PICTURE or file is None:
            continue
        try:
            typed[each.key] = actions.add_picture(
                visitor=request.visitor,
                survey=found,
                content=file.read(pictures.MAX_BYTES + 1),
                at=request.at,
            )
        except pictures.InvalidPicture as error:
            errors[each.key] = str(error)
    return errors


def _questions(found: Survey) -> tuple[Question, ...]:
    version = surveys.current_version(found)
    return surveys.questions_of(version) if version else ()


def _render_step(
    request: http.Request,
    found: Survey,
    answers: dict[str, Any],
    *,
    key: str = "",
    errors: Mapping[str, str] | None = None,
) -> HttpResponse:
    questions, problems = _questions(found), errors or {}
    # What does not fit is shown again, and no condition holds for it.
    judged = judging.judge(questions, answers)
    step = presenters.find_step(questions, judged.answers, key)
    is_one = found.layout == Layout.ONE
    shown = [step.question] if is_one else list(questions)
    fields = presenters.fields(
        shown, answers, problems, every=() if is_one else questions
    )
    return _render(
        request,
        found,
        state="open",
        status=422 if problems else 200,
        step=step,
        is_one=is_one,
        fields=fields,
        has_pictures=any(each.kind == Kind.PICTURE for each in shown),
        is_resumed=bool(answers) and not found.is_anonymous and not problems,
        carried=forms.write_carried(judged.answers) if found.is_anonymous else "",
    )


def _render(
    request: http.Request, found: Survey, *, state: str, status: int = 200, **more: Any
) -> HttpResponse:
    args = [request.place, found.public_id]
    left = request.GET.get("left", "")[:400].split(",")
    context = {
        "survey": found,
        "state": state,
        "closed": respondents.closed_text(found, request.at),
        "answer_url": reverse("portal:survey-answer", args=args),
        "left": [each.text for each in _questions(found) if each.key in left],
        **more,
    }
    return http.render(
        request,
        "portal/surveys/survey.html",
        context,
        page=actions.purpose_of(found),
        status=status,
    )
