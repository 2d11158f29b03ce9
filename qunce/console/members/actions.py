"""What is done on the page of one member, each by a POST of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import presenters, views
from qunce.console.members.forms import IdentifierForm, NoteForm, TagForm, find_tag
from qunce.core import errors
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import notes, visibility
from qunce.members.tags import assignments, library
from qunce.members.tags import models as tag_models
from qunce.members.tags import report as tag_report
from qunce.outreach import opt_outs


def came_from(request: Request, otherwise: str) -> str:
    """The page that posted, if it is one of ours."""
    referer = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(
        referer, {request.get_host()}, require_https=request.is_secure()
    ):
        parts = urlsplit(referer)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return otherwise


def home(request: Request, pk: int) -> HttpResponse:
    return http.back(request, reverse("members:detail", args=[pk]))


def again(request: Request, member: presenters.Member, **forms: Any) -> HttpResponse:
    """The page once more, with what was typed and why it did not go."""
    context = views.about(request, member, **forms)
    return http.render(request, "console/members/page.html", context, status=422)


# Tags


@require_POST
@http.page(assignments.APPLY)
def put_tag(request: Request, pk: int) -> HttpResponse:
    member = presenters.seen(request, pk)
    form = TagForm(request.POST, community=request.community)
    tag = None
    if form.is_valid():
        text = form.cleaned_data["tag"]
        tag = find_tag(request.community, text)
        if tag is None:
            near = tag_report.list_similar(request.community, text)
            form.add_error("tag", _("There is no tag “%(tag)s”.") % {"tag": text})
            return again(
                request, member, tag_form=form, near=near, unknown=text,
                may_make=library.may_create(None, request.staff),
            )  # fmt: skip
    try:
        if tag is not None:
            return _put(request, member, tag)
    except errors.QunceError as error:
        form.add_error("tag", str(error))
    return again(request, member, tag_form=form)


def _put(
    request: Request, member: presenters.Member, tag: tag_models.Tag
) -> HttpResponse:
    batch = assignments.apply(
        tag=tag, accounts=[member.id], by=request.staff, at=request.at
    )
    said = _("“%(tag)s” was added to %(name)s.")
    _tell(request, said % {"name": member.name, "tag": tag.name}, batch)
    return home(request, member.id)


@require_POST
@http.page(assignments.APPLY)
def take_tag(request: Request, pk: int, tag: int) -> HttpResponse:
    member = presenters.seen(request, pk)
    found = tag_models.Tag.objects.filter(community=request.community, pk=tag)
    chosen = found.select_related("community", "group").first()
    if chosen is None:
        raise library.TagNotFound(_("There is no such tag."))
    batch = assignments.remove(
        tag=chosen, accounts=[member.id], by=request.staff, at=request.at
    )
    said = _("“%(tag)s” was removed from %(name)s.")
    _tell(request, said % {"name": member.name, "tag": chosen.name}, batch)
    return home(request, member.id)


def _tell(request: Request, said: str, batch: tag_models.TagBatch) -> None:
    undo = reverse("members:tag-undo", args=[batch.pk]) if batch.changed else None
    http.say(request, said, undo=undo)


# Notes


@require_POST
@http.page(notes.WRITE)
def write_note(request: Request, pk: int) -> HttpResponse:
    member = presenters.seen(request, pk)
    form = NoteForm(request.POST, by=request.staff, at=request.at)
    if form.is_valid():
        given = form.cleaned_data
        if not given["due_at"]:
            given.pop("staff")
        if given["next_step"] and not given["due_at"]:
            given["due_at"] = form.tomorrow
        try:
            account = visibility.get(by=request.staff, account=member.id, at=request.at)
            notes.create(account=account, by=request.staff, at=request.at, **given)
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.say(request, _("Note saved."))
            return home(request, member.id)
    return again(request, member, note_form=form)


@require_POST
@http.page(notes.WRITE)
def finish_note(request: Request, note: int) -> HttpResponse:
    found = notes.get(by=request.staff, pk=note, at=request.at)
    notes.complete(note=found, by=request.staff, at=request.at)
    said = _("Done: %(step)s") % {"step": found.next_step}
    http.say(request, said, undo=reverse("members:note-reopen", args=[found.pk]))
    where = reverse("members:detail", args=[found.account_id])
    return http.back(request, came_from(request, where))


@require_POST
@http.page(notes.WRITE)
def reopen_note(request: Request, note: int) -> HttpResponse:
    found = notes.get(by=request.staff, pk=note, at=request.at)
    notes.reopen(note=found, by=request.staff, at=request.at)
    http.say(request, _("Reopened: %(step)s") % {"step": found.next_step})
    where = reverse("members:detail", args=[found.account_id])
    return http.back(request, came_from(request, where))


# Accounts


@require_POST
@http.page(accounts.EDIT)
def identify(request: Request, pk: int) -> HttpResponse:
    member = presenters.seen(request, pk)
    form = IdentifierForm(request.POST)
    if form.is_valid():
        account = visibility.get(by=request.staff, account=member.id, at=request.at)
        try:
            new = accounts.add_identifier(
                account=account, by=request.staff, at=request.at, **form.cleaned_data
            )
        except errors.QunceError as error:
            form.add_error("value", str(error))
        else:
            http.say(
                request,
                _("Saved.") if new else _("This identifier is already recorded."),
            )
            return home(request, account_queries.account_ids_of_person(member.id)[0])
    return again(request, member, identifier_form=form)


Turn = Callable[..., object]


def _turn(request: Request, pk: int, verb: Turn, said: str, undo: str) -> HttpResponse:
    account = visibility.get(by=request.staff, account=pk, at=request.at)
    verb(account=account, by=request.staff, at=request.at)
    text = said % {"name": account.name or presenters.Member(request, account).key}
    http.say(request, text, undo=reverse(undo, args=[pk]))
    return home(request, account_queries.account_ids_of_person(pk)[0])


@require_POST
@http.page(accounts.EDIT)
def leave(request: Request, pk: int) -> HttpResponse:
    said = _("%(name)s marked as left.")
    return _turn(request, pk, accounts.leave, said, "members:rejoin")


@require_POST
@http.page(accounts.EDIT)
def rejoin(request: Request, pk: int) -> HttpResponse:
    said = _("%(name)s marked as returned.")
    return _turn(request, pk, accounts.rejoin, said, "members:depart")


# Messages


@require_POST
@http.page(opt_outs.EDIT)
def opt_out(request: Request, pk: int) -> HttpResponse:
    member = presenters.seen(request, pk)
    if member.opted_out:  # An undo would take back what was there before.
        http.say(request, _("%(name)s had already opted out.") % {"name": member.name})
        return home(request, member.id)
    said = _("%(name)s will no longer receive messages.")
    return _wished(request, member, opt_outs.opt_out, said, "members:opt-in")


@require_POST
@http.page(opt_outs.EDIT)
def opt_in(request: Request, pk: int) -> HttpResponse:
    member = presenters.seen(request, pk)
    if not member.opted_out:
        http.say(request, _("%(name)s has not opted out.") % {"name": member.name})
        return home(request, member.id)
    said = _("%(name)s can receive messages again.")
    return _wished(request, member, opt_outs.opt_in, said, "members:opt-out")


def _wished(
    request: Request, member: presenters.Member, verb: Turn, said: str, undo: str
) -> HttpResponse:
    verb(
        community=request.community,
        accounts=[member.id],
        by=request.staff,
        at=request.at,
    )
    text = said % {"name": member.name}
    http.say(request, text, undo=reverse(undo, args=[member.id]))
    return home(request, member.id)
