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

from qunce.console import limited_sessions
from qunce.core import permissions
from qunce.core.staff import linked_accounts
from qunce.core.staff.models import Staff


@dataclass(frozen=True)
class Tab:
    """A page of an area. Areas with many pages show those of one section at a time."""

    label: StrOrPromise
    view: str
    permission: str | None = None
    section: StrOrPromise = ""


@dataclass(frozen=True)
class Area:
    """An entry of the rail. It links to the first of its tabs."""

    key: str
    label: StrOrPromise
    icon: str
    tabs: tuple[Tab, ...]


SENDING, AUTOMATIC = (
    pgettext_lazy("menu", "Sending"),
    pgettext_lazy("menu", "Automatic"),
)
CONTENT, RULES = pgettext_lazy("menu", "Content"), pgettext_lazy("menu", "Rules")
"""Sections of the area “Outreach”: what staff send, what is sent when its time comes, what
is sent, and what limits it.
"""
RESULTS, PEOPLE, ROOMS, SALES = (
    pgettext_lazy("menu", "Results"),
    _("Members"),
    _("Groups"),
    pgettext_lazy("menu", "Sales"),
)
"""Sections of the area “Insight”, besides `CONTENT`. A page belongs to the section that its
tab names; sections appear in the order of their first tabs.
"""
MODERATION, FEEDBACK = (
    pgettext_lazy("menu", "Moderation"),
    pgettext_lazy("menu", "Feedback"),
)
"""Sections of the area “Groups”, besides that of the groups. In each, what is done daily
comes first, and what is set up once comes last.
"""
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
            Tab(_("Tag rules"), "tag_rules:list", "tag_rules.view"),
            Tab(_("Layers"), "layers:list"),
            Tab(_("Surveys"), "surveys:list", "surveys.view"),
            Tab(_("Import"), "importing:list", "members.import"),
        ),
    ),
    Area(
        "outreach",
        _("Outreach"),
        "paper-airplane",
        (
            Tab(_("Campaigns"), "outreach:campaign-list", section=SENDING),
            Tab(_("Inbox"), "inbox:list", "replies.view", SENDING),
            Tab(_("Staff tasks"), "tasks:task-list", section=SENDING),
            Tab(_("Requests"), "tasks:request-list", "campaigns.manage", SENDING),
            Tab(_("Sidebar"), "sidebar:home", section=SENDING),
            Tab(_("Playbooks"), "playbooks:list", "playbooks.view", AUTOMATIC),
            Tab(pgettext_lazy("menu", "Series"), "series:list", section=AUTOMATIC),
            Tab(_("Welcomes"), "welcomes:list", "welcomes.view", AUTOMATIC),
            Tab(pgettext_lazy("menu", "Care"), "care:list", "care.view", AUTOMATIC),
            Tab(_("Automatic replies"), "inbox:rule-list", "replies.view", AUTOMATIC),
            Tab(_("Content calendar"), "content_calendar:week", section=CONTENT),
            Tab(pgettext_lazy("menu", "Ideas"), "ideas:list", section=CONTENT),
            Tab(_("Materials"), "materials:list", section=CONTENT),
            Tab(_("Product album"), "materials:product-list", section=CONTENT),
            Tab(_("Message templates"), "message_templates:list", section=CONTENT),
            Tab(_("Opt-outs"), "outreach:opt-out-list", section=RULES),
            Tab(
                _("Contact limits"),
                "contact_budget:settings",
                "contact_budget.manage",
                RULES,
            ),
            Tab(
                _("Styles of service"),
                "service_styles:list",
                "service_styles.manage",
                RULES,
            ),
        ),
    ),
    Area(
        "activities",
        _("Activities"),
        "sparkles",
        (
            Tab(_("Activities"), "activities:list", "activities.run"),
            Tab(pgettext_lazy("menu", "Topics"), "topics:list", "activities.run"),
            Tab(_("Points"), "points:list", "points.manage"),
            Tab(_("Leaderboard"), "points:leaderboard", "points.adjust"),
            Tab(pgettext_lazy("menu", "Levels"), "levels:list", "levels.manage"),
            Tab(_("Prizes"), "prizes:list", "prizes.deliver"),
            Tab(_("Hand over prizes"), "prizes:award-list", "prizes.deliver"),
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
            Tab(_("Groups"), "groups:list", section=ROOMS),
            Tab(
                _("Group templates"),
                "group_templates:list",
                "group_templates.view",
                ROOMS,
            ),
            Tab(_("Entry gates"), "entry:list", "entry.decide", ROOMS),
            Tab(_("Several groups"), "overlaps:list", "overlaps.view", ROOMS),
            Tab(_("Staff accounts"), "groups:staff-list", "members.mark_staff", ROOMS),
            Tab(_("Complaints"), "complaints:list", "complaints.view", FEEDBACK),
            Tab(_("Wishes"), "wishes:list", "wishes.view", FEEDBACK),
            Tab(_("Digests"), "digests:list", "messages.read", FEEDBACK),
            Tab(_("Queue"), "moderation:queue", "moderation.view", MODERATION),
            Tab(_("Patrol"), "patrol:list", "patrol.walk", MODERATION),
            Tab(
                _("Paste messages"), "moderation:paste", "moderation.decide", MODERATION
            ),
            Tab(_("Appeals"), "moderation:appeal-list", "moderation.view", MODERATION),
            Tab(
                pgettext_lazy("menu", "Cases"),
                "moderation:case-list",
                "moderation.view",
                MODERATION,
            ),
            Tab(pgettext_lazy("menu", "Lists"), "lists:list", "lists.edit", MODERATION),
            Tab(
                _("Mass actions"),
                "moderation:mass-list",
                "moderation.decide",
                MODERATION,
            ),
            Tab(
                pgettext_lazy("menu", "Rules"),
                "moderation:rule-list",
                "moderation.view",
                MODERATION,
            ),
            Tab(
                pgettext_lazy("menu", "Limits"),
                "moderation:settings",
                "moderation.manage",
                MODERATION,
            ),
        ),
    ),
    Area(
        "insight",
        _("Insight"),
        "chart-bar",
        (
            Tab(pgettext_lazy("menu", "Overview"), "insight:metrics", section=RESULTS),
            Tab(_("Findings"), "insight:findings", section=RESULTS),
            Tab(_("Reports"), "insight:reports", section=RESULTS),
            Tab(pgettext_lazy("menu", "Goals"), "insight:goals", section=RESULTS),
            Tab(_("Notebook"), "notebook:list", section=RESULTS),
            Tab(_("Positioning"), "insight:positioning", section=RESULTS),
            Tab(_("Retention"), "insight:retention", section=PEOPLE),
            Tab(_("Retained members"), "insight:retained", section=PEOPLE),
            Tab(_("Lifetime value"), "insight:lifetime-value", section=PEOPLE),
            Tab(_("Scores"), "insight:scores", section=PEOPLE),
            Tab(pgettext_lazy("menu", "Portraits"), "insight:portrait", section=PEOPLE),
            Tab(
                pgettext_lazy("menu", "Completeness"),
                "insight:completeness",
                section=PEOPLE,
            ),
            Tab(_("Groups compared"), "insight:groups", section=ROOMS),
            Tab(_("Peak hours"), "insight:hours", section=ROOMS),
            Tab(_("Staff performance"), "insight:staff", section=ROOMS),
            Tab(_("Typed numbers"), "typed_numbers:grid", section=ROOMS),
            Tab(pgettext_lazy("menu", "Words"), "insight:words", "words.view", CONTENT),
            Tab(_("Funnels"), "insight:funnels", section=SALES),
            Tab(pgettext_lazy("menu", "Touches"), "insight:touches", section=SALES),
        ),
    ),
    Area(
        "settings",
        _("Settings"),
        "cog-6-tooth",
        (
            Tab(_("My account"), "settings:account"),
            Tab(_("Community"), "settings:community", "communities.manage"),
            Tab(_("Staff"), "settings:staff-list", "staff.manage"),
            Tab(_("Entry links"), "settings:entry-link-list", "staff.manage"),
            Tab(_("Units"), "settings:unit-list", "staff.manage"),
            Tab(_("Roles"), "settings:role-list"),
            Tab(_("Identity"), "settings:identity", "members.edit_identity"),
            Tab(_("Exchange rates"), "settings:rate-list", "settings.exchange_rates"),
            Tab(_("API keys"), "settings:api-key-list", "staff.manage"),
            Tab(_("Channels"), "channels:list", "channels.manage"),
            Tab(_("Webhooks"), "webhooks:list", "webhooks.manage"),
            Tab(_("Member pages"), "member_pages:settings", "portal.manage"),
            Tab(_("Background jobs"), "settings:job-list", "jobs.manage"),
            Tab(_("Audit log"), "settings:audit-log", "audit_log.view"),
        ),
    ),
)
STATIC = Path(__file__).parent / "static"
STYLESHEETS = {
    path.stem: path.relative_to(STATIC).as_posix()
    for path in sorted((STATIC / "console" / "pages").glob("*.css"))
}
"""Area → its stylesheet, listed once at start-up."""
STYLESHEETS_OF_ALL = ("charts", "search")
"""Areas whose stylesheets every page has."""
STYLESHEETS_USED = {
    "activities": ("outreach", "today"),
    "complaints": ("today",),
    "inbox": ("today",),
    "wishes": ("today",),
    "prizes": ("today",),
    "draws": ("today",),
    "games": ("today",),
    "instant_draws": ("activities", "outreach", "today"),
    "mall": ("activities", "outreach", "today"),
    "live_sessions": ("activities", "outreach", "today"),
    "homework": ("activities", "outreach", "today"),
    "meetups": ("activities", "outreach", "today"),
    "posts": ("activities", "outreach", "today"),
    "flash_sales": ("activities", "outreach", "today"),
    "auctions": ("activities", "outreach", "today"),
    "polls": ("activities", "outreach", "today"),
    "tiered_tasks": ("activities", "outreach", "today"),
    "topics": ("activities", "outreach", "today"),
    "care": ("materials", "outreach"),
    "contact_budget": ("settings",),
    "group_templates": ("groups",),
    "groups": ("metrics",),
    "ideas": ("materials",),
    "insight": ("findings", "goals", "metrics", "positioning", "reports"),
    "layers": ("segments",),
    "levels": ("activities", "contact_budget", "outreach", "settings", "today"),
    "members": ("tags",),
    "message_templates": ("materials", "outreach"),
    "outreach": ("materials", "tags"),
    "patrol": ("groups",),
    "playbooks": ("materials",),
    "points": ("contact_budget", "settings", "today"),
    "series": ("materials",),
    "service_styles": ("contact_budget", "settings"),
    "settings": ("segments",),
    "sidebar": ("members", "tags"),
    "surveys": ("activities", "metrics", "today"),
    "tag_rules": ("segments",),
    "tags": ("members",),
    "tasks": ("materials", "outreach"),
    "welcomes": ("materials", "outreach"),
}
"""Area → areas whose templates its pages include, and whose stylesheets they have, too."""
AREA_BY_NAMESPACE = {
    tab.view.partition(":")[0]: area.key for area in AREAS for tab in area.tabs
} | {
    "draws": "activities",
    "games": "activities",
    "instant_draws": "activities",
    "mall": "activities",
    "live_sessions": "activities",
    "homework": "activities",
    "meetups": "activities",
    "posts": "activities",
    "flash_sales": "activities",
    "auctions": "activities",
    "polls": "activities",
    "tiered_tasks": "activities",
}
"""URL namespace → key of its area; the page of a draw has no tab of its own."""


def navigation_context(request: HttpRequest) -> dict[str, Any]:
    """Return what the base template shows around the page (a context processor)."""
    staff = getattr(request, "user", None)
    match = request.resolver_match
    namespace = match.namespace if match else ""
    styles = list_styles(namespace)
    if not isinstance(staff, Staff):
        return {"rail": (), "page_styles": styles, "theme": "system"}
    if limited_sessions.is_limited(request):
        return _limited_context(staff) | {"page_styles": styles}
    key = AREA_BY_NAMESPACE.get(namespace, namespace)
    rail = [(area, url) for area in AREAS if (url := _find_url(area.tabs[0].view))]
    current = next((area for area, _url in rail if area.key == key), None)
    return {
        "page_styles": styles,
        "search_url": _find_url("search:results"),
        "searched": "",
        "account_url": _find_url("settings:account"),
        "sign_out_url": _find_url("login:sign-out"),
        "rail": rail,
        "current_area": current,
        **_list_tabs(current, staff, request.path),
        "community": staff.community,
        "other_accounts": linked_accounts.list_others(staff),
        "is_limited": False,
        "theme": getattr(staff, "theme", "system"),
    }


def list_styles(area: str) -> tuple[str, ...]:
    """The stylesheets of an area's pages, so that no other one reaches into them."""
    areas = {area, *STYLESHEETS_USED.get(area, ()), *STYLESHEETS_OF_ALL}
    return tuple(sheet for name, sheet in STYLESHEETS.items() if name in areas)


def _limited_context(staff: Staff) -> dict[str, Any]:
    """What surrounds a page for somebody who entered by a link: the way out."""
    return {
        "search_url": "",
        "searched": "",
        "account_url": "",
        "sign_out_url": _find_url("login:sign-out"),
        "rail": (),
        "current_area": None,
        "area_sections": (),
        "tabs": (),
        "community": staff.community,
        "other_accounts": (),
        "is_limited": True,
        "theme": getattr(staff, "theme", "system"),
    }


def _list_tabs(area: Area | None, staff: Staff, path: str) -> dict[str, Any]:
    """Return the sections, and the visible tabs of the current one, of an area.

    Both with URLs and whether they are current. The current tab is the one with the
    longest URL that `path` starts with; a section links to its first tab.
    """
    visible = (
        [tab for tab in area.tabs if may_open(staff, tab.permission)] if area else []
    )
    tabs = [(tab, url) for tab in visible if (url := _find_url(tab.view))]
    matches = [(len(url), url, tab) for tab, url in tabs if path.startswith(url)]
    _size, current, current_tab = max(
        matches, default=(0, "", None), key=lambda m: m[0]
    )
    section = (
        current_tab.section if current_tab else (tabs[0][0].section if tabs else "")
    )
    first_urls: dict[StrOrPromise, str] = {}
    for tab, url in tabs:
        first_urls.setdefault(tab.section, url)
    shown = [(tab, url, url == current) for tab, url in tabs if tab.section == section]
    sections = [(name, url, name == section) for name, url in first_urls.items()]
    return {
        "area_sections": sections if len(sections) > 1 else (),
        "tabs": shown if len(shown) > 1 else (),
    }


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
