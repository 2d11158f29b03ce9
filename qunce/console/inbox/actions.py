"""Actions on a conversation. After an answer, the next one that waits is shown."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.inbox import presenters, views
from qunce.core import errors
from qunce.core.staff.models import Staff
from qunce.outreach.replies import answers, conversations
from qunce.outreach.replies.models import Way


@require_POST
@http.page(conversations.ANSWER)
def answer(request: http.Request, pk: int) -> HttpResponse:
    conversation = conversations.get(by=request.staff, pk=pk, at=request.at)
    text = request.POST.get("text", "")
    try:
        sent = answers.send(
            conversation=conversation, text=text, by=request.staff, at=request.at
        )
    except errors.NotFound:
        raise
    except errors.QunceError as error:
        conversation = conversations.get(by=request.staff, pk=pk, at=request.at)
        return views.render_detail(request, conversation, text=text, error=str(error))
    shown = (
        _("The answer is on its way.")
        if sent.way == Way.CHANNEL
        else _("Marked as sent by hand.")
    )
    http.flash(request, shown, undo=reverse("inbox:undo", args=[sent.pk]))
    return _go_on(request, pk)


@require_POST
@http.page(conversations.ANSWER)
def mark_elsewhere(request: http.Request, pk: int) -> HttpResponse:
    conversation = conversations.get(by=request.staff, pk=pk, at=request.at)
    try:
        sent = answers.mark_elsewhere(
            conversation=conversation, by=request.staff, at=request.at
        )
    except errors.Refused as error:
        return _refused(request, pk, error)
    http.flash(
        request,
        _("Marked as answered in the chat."),
        undo=reverse("inbox:undo", args=[sent.pk]),
    )
    return _go_on(request, pk)


@require_POST
@http.page(conversations.ANSWER)
def close(request: http.Request, pk: int) -> HttpResponse:
    conversation = conversations.get(by=request.staff, pk=pk, at=request.at)
    try:
        conversations.close(
            conversation=conversation,
            reason=request.POST.get("reason", ""),
            by=request.staff,
            at=request.at,
        )
    except (errors.Refused, errors.Invalid) as error:
        return _refused(request, pk, error)
    undo = reverse("inbox:reopen", args=[pk])
    http.flash(request, _("Closed without an answer."), undo=undo)
    return _go_on(request, pk)


@require_POST
@http.page(conversations.ANSWER)
def reopen(request: http.Request, pk: int) -> HttpResponse:
    conversation = conversations.get(by=request.staff, pk=pk, at=request.at)
    try:
        conversations.reopen(conversation=conversation, by=request.staff, at=request.at)
    except errors.Refused as error:
        return _refused(request, pk, error)
    http.flash(request, _("It waits for an answer again."))
    return http.redirect_back(request, reverse("inbox:detail", args=[pk]))


@require_POST
@http.page(conversations.ANSWER)
def undo(request: http.Request, pk: int) -> HttpResponse:
    sent = answers.get(by=request.staff, pk=pk, at=request.at)
    try:
        answers.undo(answer=sent, by=request.staff, at=request.at)
    except errors.Refused as error:
        return _refused(request, sent.conversation_id, error)
    http.flash(request, _("The answer is taken back."))
    url = reverse("inbox:detail", args=[sent.conversation_id])
    return http.redirect_back(request, url)


@require_POST
@http.page(conversations.ANSWER)
def assign(request: http.Request, pk: int) -> HttpResponse:
    conversation = conversations.get(by=request.staff, pk=pk, at=request.at)
    try:
        staff = _find_staff(request, request.POST.get("staff", ""))
        conversations.assign(
            conversation=conversation, staff=staff, by=request.staff, at=request.at
        )
    except (errors.Refused, errors.Invalid) as error:
        return _refused(request, pk, error)
    http.flash(request, _("Saved."))
    return http.redirect_back(request, reverse("inbox:detail", args=[pk]))


def _find_staff(request: http.Request, text: str) -> Staff | None:
    if not text:
        return None
    for staff in conversations.list_assignable(request.community):
        if str(staff.pk) == text:
            return staff
    raise errors.Invalid(_("Choose a staff member."))


def _refused(request: http.Request, pk: int, error: Exception) -> HttpResponse:
    http.flash(request, str(error), level="bad")
    return http.redirect_back(request, reverse("inbox:detail", args=[pk]))


def _go_on(request: http.Request, pk: int) -> HttpResponse:
    following = presenters.next_url_id(request, besides=pk)
    url = reverse("inbox:list")
    if following is not None:
        url = reverse("inbox:detail", args=[following])
    return http.redirect_back(request, url)
