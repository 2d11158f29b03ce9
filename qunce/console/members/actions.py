"""Actions on members, each a POST with an undo where possible."""

from __future__ import annotations

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
from qunce.console.members import filters, forms, presenters, views
from qunce.console.members.forms import IdentifierForm, NoteForm, TagForm, find_tag
from qunce.core import errors, permissions
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import merges, notes, people, visibility
from qunce.members.search import export as member_export
from qunce.members.search import member_list as members
from qunce.members.search import search
from qunce.members.tags import assignments, library
from qunce.members.tags import bulk as bulk_tagging
from qunce.members.tags import models as tag_models
from qunce.members.tags import report as tag_report
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
@http.page(assignments.APPLY)
def add_tag(request: Request, pk: int) -> HttpResponse:
    member = presenters.get_visible_member(request, pk)
    form = TagForm(request.POST, community=request.community)
    if not form.is_valid():
        return render_with_errors(request, member, tag_form=form)
    name = form.cleaned_data["tag"]
    tag = find_tag(request.community, name)
    if tag is None:
        form.add_error("tag", _("There is no tag “%(tag)s”.") % {"tag": name})
        return render_with_errors(
            request,
            member,
            tag_form=form,
            similar=tag_report.list_similar(request.community, name),
            unknown_name=name,
            may_create=library.may_create(None, request.staff),
        )
    try:
        batch = assignments.apply(
            tag=tag, accounts=[member.id], by=request.staff, at=request.at
        )
    except errors.QunceError as error:
        form.add_error("tag", str(error))
        return render_with_errors(request, member, tag_form=form)
    text = _("“%(tag)s” was added to %(name)s.")
    _flash_batch(request, text % {"name": member.name, "tag": tag.name}, batch)
    return redirect_to_member(request, member.id)


@require_POST
@http.page(assignments.APPLY)
def deepen_tag(request: Request, pk: int, tag: int) -> HttpResponse:
    member = presenters.get_visible_member(request, pk)
    row = _get_tag(request, tag)
    batch = assignments.deepen(
        tag=row, accounts=[member.id], by=request.staff, at=request.at
    )
    text = _("Added 1 to “%(tag)s” of %(name)s.")
    _flash_batch(request, text % {"name": member.name, "tag": row.name}, batch)
    return redirect_to_member(request, member.id)


@require_POST
@http.page(assignments.APPLY)
def remove_tag(request: Request, pk: int, tag: int) -> HttpResponse:
    member = presenters.get_visible_member(request, pk)
    row = _get_tag(request, tag)
    batch = assignments.remove(
        tag=row, accounts=[member.id], by=request.staff, at=request.at
    )
    text = _("“%(tag)s” was removed from %(name)s.")
    _flash_batch(request, text % {"name": member.name, "tag": row.name}, batch)
    return redirect_to_member(request, member.id)


def _get_tag(request: Request, pk: int) -> tag_models.Tag:
    tags = tag_models.Tag.objects.filter(community=request.community, pk=pk)
    tag = tags.select_related("community", "group").first()
    if tag is None:
        raise library.TagNotFound(_("There is no such tag."))
    return tag


def _flash_batch(request: Request, text: str, batch: tag_models.TagBatch) -> None:
    undo = reverse("members:tag-undo", args=[batch.pk]) if batch.changed else None
    http.flash(request, text, undo=undo)


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
    # Without this check, the undo would also remove an earlier opt-out.
    if member.opt_out:
        http.flash(
            request, _("%(name)s had already opted out.") % {"name": member.name}
        )
        return redirect_to_member(request, member.id)
    message = _("%(name)s will no longer receive messages.")
    return _change_opt_out(request, member, opt_outs.opt_out, message, "members:opt-in")


@require_POST
@http.page(opt_outs.EDIT)
def opt_in(request: Request, pk: int) -> HttpResponse:
    member = presenters.get_visible_member(request, pk)
    if not member.opt_out:
        http.flash(request, _("%(name)s has not opted out.") % {"name": member.name})
        return redirect_to_member(request, member.id)
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
    http.flash(request, text, undo=reverse(undo, args=[member.id]))
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
    visibility.check_visible(by=request.staff, accounts=account_ids, at=request.at)
    merges.unmerge(merge=row, by=request.staff, at=request.at)
    accounts_by_id = Account.objects.in_bulk(account_ids)
    text = _("Merge undone. %(left)s and %(right)s are two members again.")
    left, right = (accounts_by_id[pk] for pk in account_ids)
    http.flash(request, text % {"left": left, "right": right})
    person_id = account_queries.account_ids_of_person(row.left_id)[0]
    return http.redirect_back(request, reverse("members:detail", args=[person_id]))


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
def tag_members(request: Request) -> HttpResponse:
    people, text = selected_people(request), request.POST.get("tag", "").strip()[:80]
    action = (
        bulk_tagging.REMOVE
        if request.POST.get("action") == "remove"
        else bulk_tagging.APPLY
    )
    if not people:
        return views.render_list_error(request, _("Choose at least one member."))
    row = forms.find_tag(request.community, text) if text else None
    if row is None:
        return views.render_list_error(request, _tag_not_found(request, text))
    try:
        context: dict[str, Any] = {"by": request.staff, "at": request.at}
        # Many members are tagged in the background, with a page that shows the progress.
        if len(people) > bulk_tagging.MAX_IMMEDIATE:
            job = bulk_tagging.start(tag=row, action=action, people=people, **context)
            return http.redirect_back(
                request, reverse("members:tag-job", args=[job.pk])
            )
        verb = assignments.apply if action == bulk_tagging.APPLY else assignments.remove
        batch = verb(tag=row, accounts=people, **context)
        undo = reverse("members:tag-undo", args=[batch.pk]) if batch.changed else None
        http.flash(
            request, presenters.tagged_message(row, action, batch.changed), undo=undo
        )
        return http.redirect_back(request, views.list_url(request))
    except errors.QunceError as error:
        return views.render_list_error(request, str(error))


def _tag_not_found(request: Request, text: str) -> str:
    if not text:
        return _("Enter a tag.")
    similar = tag_report.list_similar(request.community, text)
    message = _("There is no tag “%(tag)s”.") % {"tag": text}
    if similar:
        names = _(", ").join(tag.name for tag in similar)
        message += " " + _("Did you mean: %(names)s?") % {"names": names}
    return message


@require_POST
@http.page(assignments.APPLY)
def undo_tag_batch(request: Request, batch: int) -> HttpResponse:
    """Undo a batch of the user's own, or as an unscoped manager one of anybody."""
    rows = tag_models.TagBatch.objects.filter(community=request.community, pk=batch)
    by = request.staff
    if by.scope is not None or not permissions.may(by, tag_models.MANAGE):
        rows = rows.filter(by=by)
    row = rows.first()
    if row is None:
        raise library.TagNotFound(_("There is no such tag batch."))
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
    export = member_export.start(
        by=request.staff, at=request.at, people=people, file_format=file_format
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
