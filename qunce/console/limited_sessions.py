"""Sessions that a link began: the pages of one purpose, with the rights of one role."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib import auth
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from qunce.core import permissions
from qunce.core.staff import entry_links
from qunce.core.staff.entry_links import EntryLink, Purpose

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

KEY = "entry_link"
"""The key in the session's data under which the id of the link is."""
TAGGING = (
    "tags:people",
    "tags:suggest",
    "members:tag-undo",
    "members:note-complete",
    "members:note-reopen",
)
"""What both purposes need besides their own pages."""
TASKS = (
    "tasks:task-",
    "tasks:outcome-",
    "outreach:task-",
    "outreach:recipient-mark-sent",
    "outreach:recipient-fail",
    "outreach:recipient-undo",
)
PAGES: dict[str, tuple[str, ...]] = {
    Purpose.SIDEBAR: ("sidebar:", *TAGGING),
    Purpose.TASKS: (*TASKS, *TAGGING),
}
"""Purpose → beginnings of the names of its views."""
HOME = {Purpose.SIDEBAR: "sidebar:home", Purpose.TASKS: "tasks:task-list"}


def is_limited(request: HttpRequest) -> bool:
    return KEY in request.session


def begin(request: HttpRequest, link: EntryLink) -> None:
    """Limit a session that has just begun."""
    request.session[KEY] = link.pk
    request.session.save()
    entry_links.bind_session(link, request.session.session_key or "")


def home(link: EntryLink) -> str:
    return HOME[Purpose(link.purpose)]


def apply(request: HttpRequest, staff: Staff, at: datetime) -> HttpResponseBase | None:
    """Cut the rights of `staff`; returns a redirect from a page of another purpose."""
    if not is_limited(request):
        return None
    link = entry_links.find_active(request.session[KEY], at)
    if link is None or link.staff_id != staff.pk:
        auth.logout(request)
        return redirect("login:sign-in")
    staff.session_role = link.role
    match = request.resolver_match
    view = match.view_name if match else ""
    if view.startswith(PAGES[link.purpose]):
        return None
    if request.method == "GET" and not getattr(request, "htmx", False):
        return redirect(home(link))
    raise permissions.NotAllowed(
        _(
            "You entered by a link for the %(purpose)s. Sign in with your password to do more."
        )
        % {"purpose": link.get_purpose_display()}
    )
