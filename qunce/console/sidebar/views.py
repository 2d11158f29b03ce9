"""The sidebar: a page 360 px wide beside any chat, which needs no SDK of the chat app.

It finds a member by name, remark, pinyin or the tail of their phone, and shows what helps
in the conversation. A channel's SDK only has to open `account/` with the account of
the member.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from qunce.console import http, limited_sessions
from qunce.console.http import Request
from qunce.console.members import presenters, summary
from qunce.console.tasks import task_rows
from qunce.core import errors, permissions
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import notes, visibility
from qunce.members.personal_links import links
from qunce.members.search import search
from qunce.members.tags import assignments
from qunce.sidebar import member_search, member_sidebar

MAX_HITS = 12
MAX_DUE = 20
DUE_CHOICES = (
    (0, gettext_lazy("no reminder")),
    (1, gettext_lazy("remind me tomorrow")),
    (3, gettext_lazy("remind me in 3 days")),
    (7, gettext_lazy("remind me in a week")),
)
"""Days until a note is due again, and the label."""
REMINDER_HOUR = 10


@require_GET
@http.page()
def home(request: Request) -> HttpResponse:
    """The search; without a query, what is due for the one who asks."""
    query = request.GET.get("q", "").strip()[: search.MAX_QUERY_LENGTH]
    context = {
        "query": query,
        "hits": _find(request, query) if query else [],
        "follow_ups": [] if query else _list_due_notes(request),
        "tasks": [] if query else _list_open_tasks(request),
    }
    part = "console/sidebar/_found.html"
    return http.render(request, "console/sidebar/home.html", context, part=part)


def _find(request: Request, query: str) -> list[tuple[int, str, str]]:
    """Id, name and masked key of the members found, the most likely first."""
    by = request.staff
    people = member_search.suggest(by=by, query=query, at=request.at, limit=MAX_HITS)
    rows = Account.objects.in_bulk(people)
    keys = {person: masking.key(rows[person].key, by) for person in people}
    return [(pk, rows[pk].name or keys[pk], keys[pk]) for pk in people]


def _list_due_notes(request: Request) -> list[notes.Note]:
    end = timezone.localtime(request.at).replace(hour=23, minute=59, second=59)
    by, at = request.staff, request.at
    return notes.list_open_until(by=by, until=end, at=at, limit=MAX_DUE)


def _list_open_tasks(request: Request) -> list[task_rows.TaskRow]:
    # Who entered by a link for the sidebar has no other pages.
    if limited_sessions.is_limited(request):
        return []
    by, at = request.staff, request.at
    found = task_rows.list_tasks(by, at, of_all=False, finished=False)
    return task_rows.load(request, found.ids[:MAX_DUE])


@require_GET
@http.page()
def by_account(request: Request) -> HttpResponseBase:
    """Redirect to the member of an account: what an SDK of a channel opens."""
    channel, key = (
        request.GET.get(name, "").replace("\0", "") for name in ("channel", "key")
    )
    if not key:
        return redirect("sidebar:home")
    rows = Account.objects.filter(
        community=request.community, channel=channel, key=key, erased_at__isnull=True
    )
    found = visibility.filter_visible(
        by=request.staff, accounts=rows.values_list("pk", flat=True), at=request.at
    )
    if not found:
        raise account_queries.MemberNotFound(_("There is no member with this account."))
    return redirect("sidebar:member", pk=min(found))


@require_GET
@http.page()
def member_page(request: Request, pk: int) -> HttpResponseBase:
    return _render_member(request, presenters.get_visible_member(request, pk))


def _render_member(
    request: Request, member: presenters.Member, error: str = "", typed: str = ""
) -> HttpResponse:
    by = request.staff
    context = {
        "member": member,
        "line": summary.build(member, summary.layer_rows(member)),
        "sidebar": member_sidebar.load(account=member.id, by=by, at=request.at),
        "may_tag": permissions.may(by, assignments.APPLY),
        "may_note": permissions.may(by, notes.WRITE),
        "may_sign_in": permissions.may(by, links.GIVE),
        "reminders": DUE_CHOICES,
        "error": error,
        "typed": typed,
        "query": "",
    }
    status = 422 if error else 200
    return http.render(request, "console/sidebar/member.html", context, status=status)


@require_POST
@http.page(notes.WRITE)
def create_note(request: Request, pk: int) -> HttpResponse:
    """Save a line of text; with a reminder it is a next step."""
    member = presenters.get_visible_member(request, pk)
    text = request.POST.get("text", "").replace("\0", "").strip()
    due_at = _reminder_time(request)
    account = visibility.get(by=request.staff, account=member.id, at=request.at)
    try:
        notes.create(
            account=account,
            text="" if due_at else text,
            next_step=text if due_at else "",
            due_at=due_at,
            by=request.staff,
            at=request.at,
        )
    except errors.Invalid as error:
        return _render_member(request, member, str(error), text)
    http.flash(request, _("Note saved."))
    return http.redirect_back(request, reverse("sidebar:member", args=[member.id]))


def _reminder_time(request: Request) -> datetime | None:
    chosen = request.POST.get("remind", "")
    days = {str(days): days for days, _label in DUE_CHOICES}.get(chosen, 0)
    if not days:
        return None
    day = timezone.localtime(request.at) + timedelta(days)
    return day.replace(hour=REMINDER_HOUR, minute=0, second=0, microsecond=0)
