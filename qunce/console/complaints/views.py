"""Pages of complaints: the list, a case, its form, and the words that raise one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http, paging
from qunce.console.complaints import presenters
from qunce.console.complaints.forms import ComplaintForm, SettingsForm
from qunce.core import errors, permissions
from qunce.core.staff.models import Staff
from qunce.groups import message_quotes
from qunce.groups.complaints import complaint_list, complaint_settings, complaints
from qunce.groups.complaints.complaint_list import Filters
from qunce.groups.complaints.models import Complaint, State
from qunce.members.people import named_members
from qunce.members.search import search

MAX_LISTED, MAX_QUERY = 200, 80
OPEN_STATES = (State.OPEN, State.IN_WORK, State.ANSWERED)


@require_GET
@http.page(complaint_list.VIEW)
def case_list(request: http.Request) -> HttpResponse:
    state = request.GET.get("state", "")
    owner = request.GET.get("owner", "")
    late = request.GET.get("late") == "1"
    owners = {"me": request.staff.pk, "nobody": 0}
    filters = Filters(
        states=(state,) if state in State.values else OPEN_STATES,
        owner=owners.get(owner),
        topic=request.GET.get("topic", "")[:40],
        late_at=request.at if late else None,
        query=request.GET.get("q", "")[:MAX_QUERY],
    )
    found = complaint_list.list_visible(
        by=request.staff, at=request.at, filters=filters, limit=MAX_LISTED
    )
    context = {
        "rows": presenters.rows(found, request.at),
        "is_cut": len(found) == MAX_LISTED,
        "states": State.choices,
        "state": state,
        "owner": owner,
        "late": late,
        "query": filters.query,
        "topics": complaint_settings.get(request.community).topics,
        "topic": filters.topic,
        "are_any": Complaint.objects.filter(community=request.community).exists(),
        "may_manage": permissions.may(request.staff, complaint_list.MANAGE),
        "may_edit_settings": permissions.may(request.staff, complaint_settings.EDIT),
    }
    return http.render(
        request,
        "console/complaints/list.html",
        context,
        part="console/complaints/_rows.html",
    )


@require_http_methods(["GET", "POST"])
@http.page(complaint_list.MANAGE)
def complaint_create(request: http.Request) -> HttpResponse:
    """The form of a new case; `message` is the text that it is about."""
    message = paging.parse_number(request, "message", maximum=2**63 - 1)
    quote = None
    initial: dict[str, Any] = {
        name: request.GET.get(name, "")[:200] for name in ("order", "group", "topic")
    }
    if message:
        quote = message_quotes.get(by=request.staff, pk=message, at=request.at)
    else:
        initial["member"] = request.GET.get("member", "")[:200]
    form = ComplaintForm(request, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            complaint = _create(request, dict(form.cleaned_data), message)
        except complaints.ComplaintAlreadyOpen as error:
            form.add_error(None, str(error))
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Case %(n)s is raised.") % {"n": complaint.pk})
            url = reverse("complaints:detail", args=[complaint.pk])
            return http.redirect_back(request, url)
    if quote is not None:
        del form.fields["member"]
    existing = _open_cases(request, quote.account) if quote else ()
    context = {"form": form, "quote": quote, "complaint": None, "existing": existing}
    status = 422 if form.errors else 200
    return http.render(request, "console/complaints/form.html", context, status=status)


def _open_cases(request: http.Request, account: int) -> Sequence[presenters.Row]:
    """The cases of a member to which a message of theirs can be added."""
    filters = Filters(states=OPEN_STATES, account=account)
    found = complaint_list.list_visible(
        by=request.staff, at=request.at, filters=filters, limit=10
    )
    return presenters.rows(found, request.at)


def _create(
    request: http.Request, values: dict[str, Any], message: int | None
) -> Complaint:
    named = values.pop("member", "")
    owner = values.pop("owner")
    group = values.pop("group")
    return complaints.create(
        community=request.community,
        account=None if message else find_member(request, named),
        group=group,
        message=message or None,
        owner=Staff.objects.get(pk=owner) if owner else None,
        by=request.staff,
        at=request.at,
        **values,
    )


def find_member(request: http.Request, text: str) -> int | None:
    """The account of the only member that a text can mean; None for an empty text."""
    text = text.strip()
    if not text:
        return None
    by, at = request.staff, request.at
    try:
        return named_members.get_by_key(by=by, key=text, at=at).pk
    except errors.NotFound:
        found = search.suggest(by=by, query=text, at=at, limit=2)
    if len(found) == 1:
        return found[0]
    raise complaints.InvalidComplaint(
        _("“%(text)s” may be several members. Write the number of one of them.")
        % {"text": text[:80]}
        if found
        else _("There is no member “%(text)s”.") % {"text": text[:80]}
    )


@require_GET
@http.page(complaint_list.VIEW)
def complaint_detail(request: http.Request, pk: int) -> HttpResponse:
    complaint = complaint_list.get(by=request.staff, pk=pk, at=request.at)
    context = presenters.detail(request, complaint)
    return http.render(request, "console/complaints/detail.html", context)


@require_http_methods(["GET", "POST"])
@http.page(complaint_list.MANAGE)
def complaint_update(request: http.Request, pk: int) -> HttpResponse:
    complaint = complaint_list.get(by=request.staff, pk=pk, at=request.at)
    form = ComplaintForm(request, request.POST or None, complaint=complaint)
    if request.method == "POST" and form.is_valid():
        try:
            complaints.update(
                complaint=complaint,
                by=request.staff,
                at=request.at,
                **{
                    name: value
                    for name, value in form.cleaned_data.items()
                    if name in form.changed_data
                },
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("complaints:detail", args=[pk]))
    context = {"form": form, "complaint": complaint, "quote": None}
    status = 422 if form.errors else 200
    return http.render(request, "console/complaints/form.html", context, status=status)


@require_http_methods(["GET", "POST"])
@http.page(complaint_settings.EDIT)
def settings(request: http.Request) -> HttpResponse:
    current = complaint_settings.get(request.community)
    form = SettingsForm(request.POST or None, settings=current)
    if request.method == "POST" and form.is_valid():
        try:
            complaint_settings.change(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.to_arguments(),
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved. It holds for messages from now on."))
            return http.redirect_back(request, reverse("complaints:list"))
    status = 422 if form.errors else 200
    return http.render(
        request, "console/complaints/settings.html", {"form": form}, status=status
    )
