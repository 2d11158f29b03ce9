"""The page of one member, and the parts of it that come after."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.http import (
    HttpResponse,
    HttpResponseBase,
)
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import filters, presenters
from qunce.console.members import timeline as member_timeline
from qunce.console.members.forms import IdentifierForm, MemberForm, NoteForm, ProfileForm, TagForm, field_name
from qunce.core import errors, permissions
from qunce.groups import visibility as groups
from qunce.members.accounts import accounts
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import Attribute
from qunce.members.layers import layers
from qunce.members.people import notes, people, remark_names, visibility
from qunce.members.search import export as member_export
from qunce.members.search import member_list as members
from qunce.members.search import search
from qunce.members.segments import segments
from qunce.members.tags import assignments, library
from qunce.members.tags import bulk as bulk_tagging
from qunce.members.tags import models as tag_models
from qunce.outreach import opt_outs
from qunce.sales.orders import Order
from qunce.sets import audiences, timelines

if TYPE_CHECKING:
    pass

MAX_ORDERS = 8
TIMELINE_PAGE_SIZE = 30


@require_GET
@http.page()
def member_detail(request: Request, pk: int) -> HttpResponseBase:
    member = presenters.get_visible_member(request, pk)
    if member.id != pk:
        return redirect("members:detail", pk=member.id)
    return http.render(
        request, "console/members/page.html", detail_context(request, member)
    )


def detail_context(
    request: Request, member: presenters.Member, **forms: Any
) -> dict[str, Any]:
    """What the page needs; `forms` are those that came back with errors."""
    by = request.staff
    return {
        "member": member,
        "remark": remark_names.render_for(member.person, by=by),
        "orders": _latest_orders(member),
        "layers": _layer_rows(request, member),
        "note_form": NoteForm(by=by, at=request.at),
        "tag_form": TagForm(community=request.community),
        "identifier_form": IdentifierForm(),
        "may_tend": permissions.may(by, accounts.EDIT),
        "may_fill": permissions.may(by, attributes.EDIT),
        "may_tag": permissions.may(by, assignments.APPLY),
        "may_note": permissions.may(by, notes.WRITE),
        "may_merge": permissions.may(by, people.MERGE),
        "may_opt_out": permissions.may(by, opt_outs.EDIT),
        "may_erase": permissions.may(by, people.ERASE),
        "may_pattern": permissions.may(by, remark_names.MANAGE),
        **forms,
    }


def _latest_orders(member: presenters.Member) -> list[Order]:
    rows = Order.objects.filter(account_id__in=member.family)
    return list(rows.order_by("-paid_at", "-pk")[:MAX_ORDERS])


def _layer_rows(request: Request, member: presenters.Member) -> list[tuple[Any, str, str]]:
    """Layering, the layer's key and its name, as of the newest run."""
    found = []
    for layering in layers.list_active(request.community):
        key = layers.layer_of(layering, member.id)
        known = {e["key"]: e.get("name") or e["key"] for e in layering.spec["layers"]}
        found.append((layering, key, known.get(key, key)))
    return found


@require_GET
@http.page()
def timeline_page(request: Request, pk: int) -> HttpResponse:
    """Everything that happened to her, the newest first, page by page."""
    member = presenters.get_visible_member(request, pk)
    happened = timelines.list_facts(
        community=request.community,
        accounts=member.family,
        limit=TIMELINE_PAGE_SIZE + 1,
        before=_cursor(request),
    )
    shown = happened[:TIMELINE_PAGE_SIZE]
    more = ""
    if len(happened) > TIMELINE_PAGE_SIZE:
        more = "-".join(str(part) for part in timelines.cursor_of(shown[-1]))
    told = member_timeline.TimelineBuilder(request.staff, shown).tell()
    context = {"member": member, "told": told, "more": more}
    part = "console/members/_timeline.html"
    return http.render(request, "console/members/timeline.html", context, part=part)


def _cursor(request: Request) -> timelines.Cursor | None:
    micros, _dash, fact = request.GET.get("before", "").partition("-")
    if all(p.isascii() and p.isdigit() and len(p) < 18 for p in (micros, fact)):
        return int(micros), int(fact)
    return None


@require_GET
@http.page()
def matching_segments(request: Request, pk: int) -> HttpResponse:
    """The segments that she is in now."""
    member = presenters.get_visible_member(request, pk)
    found = []
    for segment in segments.list_active(request.community):
        rule = {"segment": {"any": [segment.key]}}
        people = audiences.people(
            community=request.community, rule=rule, by=request.staff, at=request.at
        )
        if member.id in people:
            found.append(segment)
    context = {"member": member, "segments": found}
    part = "console/members/_segments.html"
    return http.render(request, "console/members/segments.html", context, part=part)


@require_GET
@http.page()
def member_peek(request: Request, pk: int) -> HttpResponseBase:
    """Beside the list; the whole page where there is no list."""
    if not request.htmx:
        return redirect("members:detail", pk=pk)
    member = presenters.get_visible_member(request, pk)
    week = request.at - timedelta(days=7)
    context = {
        "member": member,
        "layers": _layer_rows(request, member),
        "remark": remark_names.render_for(member.person, by=request.staff),
        "week": week,
    }
    return http.render(request, "console/members/_peek.html", context)


MAX_TAGS_FOUND = 4
MAX_CHOICES = 300
"""Tags and groups that a filter offers."""


@require_GET
@http.page()
def member_list(request: Request) -> HttpResponse:
    part = "console/members/_rows.html"
    return http.render(
        request, "console/members/list.html", list_context(request), part=part
    )


def render_list_error(request: Request, error: str) -> HttpResponse:
    """The list once more, with what was ticked and typed, and why it did not go."""
    ticked = request.POST.getlist("member")
    context = {
        **list_context(request),
        "error": error,
        "ticked": {int(t) for t in ticked if t.isascii() and t.isdigit()},
        "everyone": request.POST.get("everyone") == "1",
        "typed": request.POST.get("tag", ""),
    }
    return http.render(request, "console/members/list.html", context, status=422)


def list_url(request: Request) -> str:
    query = request.GET.urlencode()
    return reverse("members:list") + (f"?{query}" if query else "")


def list_context(request: Request) -> dict[str, Any]:
    by, chosen = request.staff, filters.parse(request.GET, request.staff)
    words = request.GET.get("q", "")[: search.MAX_QUERY_LENGTH].replace("\0", "")
    page = members.get_page(
        by=by, at=request.at, rule=chosen.rule, query=words, before=_before_id(request)
    )
    return {
        "page": page,
        "chosen": chosen,
        "words": words,
        "tags_called_so": _tags_named(request, words.strip()),
        "is_narrowed": bool(chosen.clauses or chosen.error or words.strip()),
        "may_tag": permissions.may(by, assignments.APPLY),
        "may_add": permissions.may(by, accounts.EDIT),
        "may_export": permissions.may(by, member_export.EXPORT),
        "may_pattern": permissions.may(by, remark_names.MANAGE),
        "ticked": set(),
        "everyone": False,
        "typed": "",
        "error": "",
        **({} if _is_part(request) else _filter_choices(request)),
    }


def _tags_named(request: Request, words: str) -> list[tag_models.Tag]:
    """Tags that are called like what is searched: one click makes them the filter."""
    if not words:
        return []
    named = Q(name__icontains=words) | Q(key__icontains=words)
    return list(library.list_tags(request.community).filter(named)[:MAX_TAGS_FOUND])


def _is_part(request: Request) -> bool:
    htmx = request.htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def _before_id(request: Request) -> int | None:
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _filter_choices(request: Request) -> dict[str, Any]:
    """What the filters offer, and what is chosen of it."""
    community, given = request.community, request.GET
    return {
        "all_segments": segments.list_active(community),
        "all_tags": list(library.list_tags(community)[:MAX_CHOICES]),
        "all_groups": list(groups.list_visible(request.staff)[:MAX_CHOICES]),
        "all_layers": [
            (each.name, [_layer_choice(each, one) for one in each.spec["layers"]])
            for each in layers.list_active(community)
        ],
        "given": {name: given.get(name, "") for name in filters.PARAMETERS},
        "is_empty": not Account.objects.filter(community=community).exists(),
    }


def _layer_choice(layering: layers.Layering, one: dict[str, Any]) -> tuple[str, str]:
    return f"{layering.pk}:{one['key']}", str(one.get("name") or one["key"])


CHANNEL = "hand"


@require_http_methods(["GET", "POST"])
@http.page(accounts.EDIT)
def member_create(request: Request) -> HttpResponse:
    form = MemberForm(request.POST or None)
    if form.is_valid():
        try:
            account = _create(request, dict(form.cleaned_data))
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("%(name)s added.") % {"name": account})
            head = account_queries.account_ids_of_person(account.pk)[0]
            return http.redirect_back(request, reverse("members:detail", args=[head]))
    status = 422 if form.is_bound else 200
    context = {"form": form}
    return http.render(request, "console/members/new.html", context, status=status)


def _create(request: Request, given: dict[str, str]) -> account_models.Account:
    known = {kind: given[kind] for kind in ("phone", "email") if given[kind]}
    return accounts.create(
        community=request.community,
        key=given["key"] or f"m-{secrets.token_hex(5)}",
        name=given["name"],
        source=given["source"].strip(),
        channel=CHANNEL,
        identifiers=known,
        by=request.staff,
        at=request.at,
    )


@require_http_methods(["GET", "POST"])
@http.page(attributes.EDIT)
def member_update(request: Request, pk: int) -> HttpResponseBase:
    member = presenters.get_visible_member(request, pk)
    if member.id != pk:
        return redirect("members:update", pk=member.id)
    every = list(attributes.list_all(request.community))
    form = _build_profile_form(request, member, every)
    if form.is_valid():
        changed = _save_profile(request, member, every, form)
        if not form.errors:
            said = _("Saved.") if changed else _("Nothing was changed.")
            http.flash(request, said)
            return http.redirect_back(request, reverse("members:detail", args=[pk]))
    context = {"member": member, "form": form, "past": _past_values(member, every)}
    status = 422 if form.is_bound else 200
    return http.render(request, "console/members/profile.html", context, status=status)


def _build_profile_form(
    request: Request, member: presenters.Member, every: list[Attribute]
) -> ProfileForm:
    held = member.person.attributes
    return ProfileForm(
        request.POST or None,
        attributes=every,
        held={name: one.text for name, one in held.items()},
        name=member.person.name,
        may_rename=permissions.may(request.staff, accounts.EDIT),
    )


def _save_profile(
    request: Request,
    member: presenters.Member,
    every: list[Attribute],
    form: ProfileForm,
) -> bool:
    """Only what differs is written: the rest keeps its source and its time."""
    about: dict[str, Any] = {"by": request.staff, "at": request.at}
    changed = False
    if "name" in form.changed_data:
        account = visibility.get(by=request.staff, account=member.id, at=request.at)
        try:
            accounts.update(account=account, name=form.cleaned_data["name"], **about)
            changed = True
        except errors.QunceError as error:
            form.add_error("name", str(error))
    for attribute in every:
        field = field_name(attribute)
        if field in form.changed_data:
            changed |= _set_attribute(member, attribute, form, field, about)
    return changed


def _set_attribute(
    member: presenters.Member,
    attribute: Attribute,
    form: ProfileForm,
    field: str,
    about: dict[str, Any],
) -> bool:
    """The first account keeps it; the others' values go to the history."""
    text = form.cleaned_data[field].strip()
    values: dict[int, str | None] = dict.fromkeys(member.family)
    values[member.id] = text or None
    try:
        return bool(attributes.set_values(attribute=attribute, values=values, **about))
    except errors.QunceError as error:
        form.add_error(field, str(error))
        return False


def _past_values(
    member: presenters.Member, every: list[Attribute]
) -> list[tuple[Attribute, list[attributes.HistoryEntry]]]:
    """What was known before, of those attributes that have such a thing."""
    found = [(one, attributes.list_history(one, member.family)) for one in every]
    return [(one, past) for one, past in found if past]


@require_GET
@http.page(assignments.APPLY)
def tag_job(request: Request, pk: int) -> HttpResponse:
    found = bulk_tagging.get(by=request.staff, pk=pk)
    context = {
        "job": found,
        "said": presenters.tagged_message(found.tag, found.action, found.batch.changed),
    }
    part = "console/members/_job.html"
    return http.render(request, "console/members/job.html", context, part=part)
