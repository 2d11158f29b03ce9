"""The console's navigation: the rail of areas, and the tabs of each area."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core import permissions
from qunce.core.staff import linked_accounts
from qunce.core.staff.models import Staff


@dataclass(frozen=True)
class Tab:
    label: StrOrPromise
    view: str
    permission: str | None = None


@dataclass(frozen=True)
class Area:
    """An entry of the rail. It links to the first of its tabs."""

    key: str
    label: StrOrPromise
    icon: str
    tabs: tuple[Tab, ...]


AREAS = (
    Area("today", _("Today"), "sun", (Tab(_("Today"), "today:queue"),)),
    Area(
        "members",
        _("Members"),
        "users",
        (
            Tab(_("Members"), "members:list"),
            Tab(_("Segments"), "segments:list"),
            Tab(_("Tags"), "tags:list"),
            Tab(_("Layers"), "layers:list"),
            Tab(_("Import"), "importing:list", "members.import"),
        ),
    ),
    Area(
        "outreach",
        _("Outreach"),
        "paper-airplane",
        (
            Tab(_("Campaigns"), "outreach:campaign-list"),
            Tab(_("Staff tasks"), "outreach:task-list"),
            Tab(_("Opt-outs"), "outreach:opt-out-list"),
        ),
    ),
    Area(
        "sales",
        pgettext_lazy("menu", "Sales"),
        "shopping-bag",
        (Tab(_("Orders"), "sales:order-list"),),
    ),
    Area(
        "groups",
        pgettext_lazy("menu", "Groups"),
        "chat-bubble-left-right",
        (
            Tab(_("Groups"), "groups:list"),
            Tab(_("Staff accounts"), "groups:staff-list", "members.mark_staff"),
        ),
    ),
    Area("insight", _("Insight"), "chart-bar", (Tab(_("Insight"), "insight:metrics"),)),
    Area(
        "settings",
        _("Settings"),
        "cog-6-tooth",
        (
            Tab(_("My account"), "settings:account"),
            Tab(_("Community"), "settings:community", "communities.manage"),
            Tab(_("Staff"), "settings:staff-list", "staff.manage"),
            Tab(_("Units"), "settings:unit-list", "staff.manage"),
            Tab(_("Roles"), "settings:role-list"),
            Tab(_("Identity"), "settings:identity", "members.edit_identity"),
            Tab(_("Exchange rates"), "settings:rate-list", "settings.exchange_rates"),
            Tab(_("API keys"), "settings:api-key-list", "staff.manage"),
            Tab(_("Webhooks"), "webhooks:list", "webhooks.manage"),
            Tab(_("Background jobs"), "settings:job-list", "jobs.manage"),
            Tab(_("Audit log"), "settings:audit-log", "audit_log.view"),
        ),
    ),
)
STATIC = Path(__file__).parent / "static"
PAGE_STYLES = tuple(
    path.relative_to(STATIC).as_posix()
    for path in sorted((STATIC / "console" / "pages").glob("*.css"))
)
"""Stylesheets of single areas, listed once at start-up."""
AREA_BY_NAMESPACE = {
    tab.view.partition(":")[0]: area.key for area in AREAS for tab in area.tabs
}
"""URL namespace → key of its area."""


def navigation_context(request: HttpRequest) -> dict[str, Any]:
    """Return what the base template shows around the page (a context processor)."""
    staff = getattr(request, "user", None)
    if not isinstance(staff, Staff):
        return {"rail": (), "page_styles": PAGE_STYLES, "theme": "system"}
    match = request.resolver_match
    namespace = match.namespace if match else ""
    key = AREA_BY_NAMESPACE.get(namespace, namespace)
    rail = [(area, url) for area in AREAS if (url := _find_url(area.tabs[0].view))]
    current = next((area for area, _url in rail if area.key == key), None)
    return {
        "page_styles": PAGE_STYLES,
        "search_url": _find_url("search:results"),
        "searched": "",
        "account_url": _find_url("settings:account"),
        "sign_out_url": _find_url("login:sign-out"),
        "rail": rail,
        "current_area": current,
        "tabs": _list_tabs(current, staff, request.path) if current else (),
        "community": staff.community,
        "other_accounts": linked_accounts.list_others(staff),
        "theme": getattr(staff, "theme", "system"),
    }


def _list_tabs(area: Area, staff: Staff, path: str) -> list[tuple[Tab, str, bool]]:
    """Return each visible tab with its URL and whether it is the current one.

    The current tab is the one with the longest URL that `path` starts with.
    """
    visible = [tab for tab in area.tabs if may_open(staff, tab.permission)]
    tabs = [(tab, url) for tab in visible if (url := _find_url(tab.view))]
    matches = [url for _tab, url in tabs if path.startswith(url)]
    current = max(matches, key=len, default="")
    return [(tab, url, url == current) for tab, url in tabs] if len(tabs) > 1 else []


def may_open(staff: Staff, permission: str | None) -> bool:
    """Whether a page with this permission is shown to a staff member."""
    if permission is None:
        return True
    return permission in permissions.declared() and permissions.may(staff, permission)


def _find_url(view: str) -> str:
    """Return the URL of a view, or "" if this installation has no such view."""
    try:
        return reverse(view)
    except NoReverseMatch:
        return ""
