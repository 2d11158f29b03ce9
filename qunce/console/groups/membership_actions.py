"""People are put into a group, given a part in it, taken out."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.groups import views
from qunce.console.groups.join_form import JoinForm
from qunce.core import errors, timestamps
from qunce.groups import groups, memberships, visibility
from qunce.groups.groups import Group
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility as people_in_sight
from qunce.sets import audiences


@require_POST
@http.page(groups.TEND)
def join(request: http.Request, pk: int) -> HttpResponse:
    group = visibility.get(by=request.operator, pk=pk)
    form = JoinForm(request.operator, request.POST)
    if form.is_valid():
        try:
            accounts = _wanted(request, form)
            joined = groups.join(
                group=group,
                accounts=accounts,
                role=memberships.check_role(form.cleaned_data["role"] or "member"),
                by=request.operator,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            _say_joined(request, group, joined)
            return http.back(request, reverse("groups:page", args=[pk]))
    return views.render(request, group, form)


def _say_joined(request: http.Request, group: Group, joined: int) -> None:
    if not joined:
        http.say(request, _("They were already in the group."), level="info")
        return
    text = ngettext(
        "%(n)s member was added to the group.",
        "%(n)s members were added to the group.",
        joined,
    ) % {"n": f"{joined:,}"}
    moment = timestamps.to_micros(request.at)
    http.say(request, text, undo=reverse("groups:undo", args=[group.pk, moment]))


def _wanted(request: http.Request, form: JoinForm) -> list[int]:
    """Accounts of the keys and of the segment's people, as far as they are in sight."""
    by, at = request.operator, request.at
    found, unknown = [], []
    for key in form.cleaned_data["keys"]:
        try:
            found.append(people_in_sight.by_key(by=by, key=key, at=at).pk)
        except account_queries.MemberNotFound:
            unknown.append(key)
    if unknown:
        keys = _(", ").join(f"“{key[:80]}”" for key in unknown[:5])
        text = ngettext(
            "There is no member %(keys)s. Nobody was added.",
            "%(n)s keys do not belong to a member, for example %(keys)s. Nobody "
            "was added.",
            len(unknown),
        )
        raise account_queries.MemberNotFound(text % {"keys": keys, "n": len(unknown)})
    segment = form.cleaned_data["segment"]
    if segment:
        found += audiences.list_ids(
            community=request.community, rule=segment.rule, by=by, at=at
        )
    if not found:
        raise errors.Invalid(_("You cannot see any member of this segment."))
    return found


@require_POST
@http.page(groups.TEND)
def undo(request: http.Request, pk: int, moment: int) -> HttpResponse:
    group = visibility.get(by=request.operator, pk=pk)
    left = memberships.undo_join(
        group=group, moment=moment, by=request.operator, at=request.at
    )
    text = ngettext(
        "%(n)s member was removed from the group.",
        "%(n)s members were removed from the group.",
        left,
    )
    http.say(request, text % {"n": f"{left:,}"})
    return http.back(request, reverse("groups:page", args=[pk]))


@require_POST
@http.page(groups.TEND)
def role(request: http.Request, pk: int, account: int) -> HttpResponse:
    group = visibility.get(by=request.operator, pk=pk)
    memberships.give_role(
        group=group,
        account=account,
        role=request.POST.get("role", ""),
        by=request.operator,
        at=request.at,
    )
    http.say(request, _("Saved."))
    return http.back(request, reverse("groups:page", args=[pk]))


@require_POST
@http.page(groups.TEND)
def leave(request: http.Request, pk: int, account: int) -> HttpResponse:
    by, at = request.operator, request.at
    group = visibility.get(by=by, pk=pk)
    person = people_in_sight.get(by=by, account=account, at=at)
    groups.leave(group=group, accounts=account_queries.account_ids_of_person(account), by=by, at=at)
    text = _("%(name)s was removed from the group.") % {
        "name": person.name or masking.key(person.key, by)
    }
    http.say(request, text, undo=reverse("groups:back", args=[pk, account]))
    return http.back(request, reverse("groups:page", args=[pk]))


@require_POST
@http.page(groups.TEND)
def back(request: http.Request, pk: int, account: int) -> HttpResponse:
    """Undo of `leave`: with the part that was played before."""
    by, at = request.operator, request.at
    group = visibility.get(by=by, pk=pk)
    people_in_sight.check(by=by, accounts=[account], at=at)
    memberships.bring_back(group=group, account=account, by=by, at=at)
    return http.back(request, reverse("groups:page", args=[pk]))
