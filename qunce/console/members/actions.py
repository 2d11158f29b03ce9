"""Actions on members, each a POST with an undo where possible."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.http import (
    FileResponse,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import filters, list_page, presenters, views
from qunce.console.members.forms import IdentifierForm, NoteForm
from qunce.core import errors
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import merges, notes, people, visibility
from qunce.members.search import export as member_export
from qunce.members.search import list_export, search
from qunce.members.search import member_list as members
from qunce.members.tags import assignments
from qunce.outreach import opt_outs
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap


def return_url(request: Request, default: str) -> str:
    """Return the URL of the page that posted, or `default` if it is not of this site."""
    referer = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(
        referer, {request.get_host()}, require_https=request.is_secure()
    ):
        parts = urlsplit(referer)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return default


def redirect_to_member(request: Request, pk: int) -> HttpResponse:
    return http.redirect_back(request, reverse("members:detail", args=[pk]))


def render_with_errors(
    request: Request, member: presenters.Member, **bound_forms: Any
) -> HttpResponse:
    """Render the member's page with the rejected form."""
    context = views.detail_context(request, member, **bound_forms)
    return http.render(request, "console/members/detail.html", context, status=422)


@require_POST
@http.page(notes.WRITE)
def create_note(request: Request, pk: int) -> HttpResponse:
    member = presenters.get_visible_member(request, pk)
    form = NoteForm(request.POST, by=request.staff, at=request.at)
    if form.is_valid():
        values = form.cleaned_data
        if not values["due_at"]:
            values.pop("staff")
        if values["next_step"] and not values["due_at"]:
            values["due_at"] = form.tomorrow
        try:
            account = visibility.get(by=request.staff, account=member.id, at=request.at)
            notes.create(account=account, by=request.staff, at=request.at, **values)
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Note saved."))
            return redirect_to_member(request, member.id)
    return render_with_errors(request, member, note_form=form)


@require_POST
@http.page(notes.WRITE)
def complete_note(request: Request, note: int) -> HttpResponse:
    row = notes.get(by=request.staff, pk=note, at=request.at)
    notes.complete(note=row, by=request.staff, at=request.at)
    text = _("Done: %(step)s") % {"step": row.next_step}
    http.flash(request, text, undo=reverse("members:note-reopen", args=[row.pk]))
    url = reverse("members:detail", args=[row.account_id])
    return http.redirect_back(request, return_url(request, url))


@require_POST
@http.page(notes.WRITE)
def reopen_note(request: Request, note: int) -> HttpResponse:
    row = notes.get(by=request.staff, pk=note, at=request.at)
    notes.reopen(note=row, by=request.staff, at=request.at)
    http.flash(request, _("Reopened: %(step)s") % {"step": row.next_step})
    url = reverse("members:detail", args=[row.account_id])
    return http.redirect_back(request, return_url(request, url))


@require_POST
@http.page(accounts.EDIT)
def add_identifier(request: Request, pk: int) -> HttpResponse:
    member = presenters.get_visible_member(request, pk)
    form = IdentifierForm(request.POST)
    if form.is_valid():
        account = visibility.get(by=request.staff, account=member.id, at=request.at)
        try:
            is_new = accounts.add_identifier(
                account=account, by=request.staff, at=request.at, **form.cleaned_data
            )
        except errors.QunceError as error:
            form.add_error("value", str(error))
        else:
            http.flash(
                request,
                _("Saved.") if is_new else _("This identifier is already recorded."),
            )
            return redirect_to_member(
                request, account_queries.account_ids_of_person(member.id)[0]
            )
    return render_with_errors(request, member, identifier_form=form)


Verb = Callable[..., object]


def _change_presence(
    request: Request, pk: int, verb: Verb, message: str, undo: str
) -> HttpResponse:
    account = visibility.get(by=request.staff, account=pk, at=request.at)
    verb(account=account, by=request.staff, at=request.at)
    text = message % {"name": account.name or presenters.Member(request, account).key}
    http.flash(request, text, undo=reverse(undo, args=[pk]))
    return redirect_to_member(request, account_queries.account_ids_of_person(pk)[0])


@require_POST
@http.page(accounts.EDIT)
def depart(request: Request, pk: int) -> HttpResponse:
    message = _("%(name)s marked as left.")
    return _change_presence(request, pk, accounts.leave, message, "members:rejoin")


@require_POST
@http.page(accounts.EDIT)
def rejoin(request: Request, pk: int) -> HttpResponse:
    message = _("%(name)s marked as returned.")
    return _change_presence(request, pk, accounts.rejoin, message, "members:depart")


@require_POST
@http.page(opt_outs.EDIT)
def opt_out(request: Request, pk: int) -> HttpResponse:
    member = presenters.get_visible_member(request, pk)
    purpose = request.POST.get("purpose") or opt_outs.MARKETING
    is_wider = purpose == opt_outs.SERVICE and not member.is_out_of_service
    # Without this check, the undo would also remove an earlier opt-out.
    if member.opt_out and not is_wider:
        http.flash(
            request, _("%(name)s had already opted out.") % {"name": member.name}
        )
        return redirect_to_member(request, member.id)
    message = _("%(name)s will no longer receive marketing.")
    if purpose == opt_outs.SERVICE:
        message = _("%(name)s will no longer receive marketing or service messages.")
    if member.opt_out:
        message = _("%(name)s will no longer receive service messages either.")
        verb = functools.partial(opt_outs.opt_out, purpose=purpose)
        return _change_opt_out(request, member, verb, message, "")
    verb = functools.partial(opt_outs.opt_out, purpose=purpose)
    return _change_opt_out(request, member, verb, message, "members:opt-in")


@require_POST
@http.page(opt_outs.EDIT)
def opt_in(request: Request, pk: int) -> HttpResponse:
    member = presenters.get_visible_member(request, pk)
    if not member.opt_out:
        http.flash(request, _("%(name)s has not opted out.") % {"name": member.name})
        return redirect_to_member(request, member.id)
    if request.POST.get("purpose") == opt_outs.SERVICE:
        message = _("%(name)s can receive service messages again.")
        verb = functools.partial(opt_outs.opt_in, purpose=opt_outs.SERVICE)
        return _change_opt_out(request, member, verb, message, "")
    message = _("%(name)s can receive messages again.")
    return _change_opt_out(request, member, opt_outs.opt_in, message, "members:opt-out")


def _change_opt_out(
    request: Request, member: presenters.Member, verb: Verb, message: str, undo: str
) -> HttpResponse:
    verb(
        community=request.community,
        accounts=[member.id],
        by=request.staff,
        at=request.at,
    )
    text = message % {"name": member.name}
    http.flash(request, text, undo=reverse(undo, args=[member.id]) if undo else "")
    return redirect_to_member(request, member.id)


@require_POST
@http.page(people.MERGE)
def undo_merge(request: Request, merge: int) -> HttpResponse:
    """Undo one merge, so that its two sides are separate people again."""
    rows = merges.Merge.objects.filter(community=request.community, pk=merge)
    row = rows.select_related("community").first()
    if row is None:
        raise merges.NotMerged(_("This merge has already been undone."))
    account_ids = [row.left_id, row.right_id]
    people.undo_merge(merge=row, by=request.staff, at=request.at)
    accounts_by_id = Account.objects.in_bulk(account_ids)
    text = _("Merge undone. %(left)s and %(right)s are two members again.")
    left, right = (accounts_by_id[pk] for pk in account_ids)
    http.flash(request, text % {"left": left, "right": right})
    person_id = account_queries.account_ids_of_person(row.left_id)[0]
    return http.redirect_back(request, reverse("members:detail", args=[person_id]))


ALL_DATA = "all-"
"""Precedes the format of an export of everything, not only of the shown columns."""
XLSX_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def selected_people(request: Request, *, default_all: bool = False) -> BitMap:
    """Return the selected members, or everyone who matches the URL's filters."""
    by, at = request.staff, request.at
    is_fallback = default_all and not request.POST.getlist("member")
    if is_fallback or request.POST.get("everyone") == "1":
        parsed = filters.parse(request.GET, by)
        query = request.GET.get("q", "")[: search.MAX_QUERY_LENGTH]
        return members.find_people(by=by, at=at, rule=parsed.rule, query=query)
    selected = [
        int(text)
        for text in request.POST.getlist("member")
        if text.isascii() and text.isdigit() and len(text) < 10
    ]
    return bitmaps.of(visibility.filter_visible(by=by, accounts=selected, at=at))


@require_POST
@http.page(assignments.APPLY)
def undo_tag_batch(request: Request, batch: int) -> HttpResponse:
    row = assignments.get_batch(by=request.staff, pk=batch)
    restored = assignments.undo(batch=row, by=request.staff, at=request.at)
    http.flash(
        request,
        ngettext(
            "Undone. %(n)s tag was restored.",
            "Undone. %(n)s tags were restored.",
            restored,
        )
        % {"n": f"{restored:,}"},
    )
    url = reverse("members:list")
    return http.redirect_back(request, return_url(request, url))


@require_POST
@http.page(member_export.EXPORT)
def export_members(request: Request) -> HttpResponseBase:
    file_format = request.POST.get("format", "csv")
    people = selected_people(request, default_all=True)
    context: dict[str, Any] = {"by": request.staff, "at": request.at}
    export: member_export.Table
    if file_format.startswith(ALL_DATA):
        file_format = file_format.removeprefix(ALL_DATA)
        export = member_export.start(people=people, file_format=file_format, **context)
    else:
        listed = list_page.ListPage(request)
        export = list_export.start(
            order=members.sort(people, sort_by=listed.sort_by, **context),
            columns=listed.columns,
            file_format=file_format,
            **context,
        )
    name = f"members-{request.at:%Y%m%d-%H%M}.{file_format}"
    if file_format == "csv":
        response = StreamingHttpResponse(
            export.csv(), content_type="text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    export.xlsx(file)
    file.seek(0)
    return FileResponse(
        file, as_attachment=True, filename=name, content_type=XLSX_CONTENT_TYPE
    )
