"""The search for members, tags, groups, segments, pages and actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.http import HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.console import http, navigation
from qunce.console.http import Request
from qunce.groups import visibility as groups
from qunce.importing.jobs import access
from qunce.members.accounts import masking
from qunce.members.accounts import models as account_models
from qunce.members.search import pinyin, search
from qunce.members.segments import segments
from qunce.members.tags import library

MAX_HITS_PER_GROUP = 6
ACTIONS: tuple[tuple[StrOrPromise, str, str | None], ...] = (
    (gettext_lazy("Import a file"), "importing:create", access.IMPORT),
    (gettext_lazy("New segment"), "segments:new", segments.MANAGE),
    (gettext_lazy("New campaign"), "outreach:campaign-create", None),
    (gettext_lazy("Add a member"), "members:create", None),
)
"""Label, URL name and permission of actions that can be searched."""


@dataclass(frozen=True)
class Hit:
    text: str
    url: str
    detail: str = ""


@dataclass(frozen=True)
class HitGroup:
    label: StrOrPromise
    hits: list[Hit] = field(default_factory=list)


@http.page()
def results(request: Request) -> HttpResponse:
    query = request.GET.get("q", "").strip()[: search.MAX_QUERY_LENGTH]
    groups = list(_hit_groups(request, query)) if query else []
    context = {"searched": query, "hit_groups": groups}
    part = "console/search/_results.html"
    return http.render(request, "console/search/results.html", context, part=part)


def _hit_groups(request: Request, query: str) -> Iterator[HitGroup]:
    tags = (
        Hit(
            tag.name,
            reverse("tags:detail", args=[tag.pk]),
            tag.group.name if tag.group else "",
        )
        for tag in library.list_tags(request.community)
        if matches(query, tag.name, tag.key)
    )
    active_segments = (
        Hit(segment.name, reverse("segments:detail", args=[segment.pk]))
        for segment in segments.list_active(request.community)
        if matches(query, segment.name, segment.key)
    )
    visible_groups = (
        Hit(group.name, reverse("groups:detail", args=[group.pk]))
        for group in groups.list_visible(request.staff)
        if matches(query, group.name, group.key)
    )
    found: tuple[tuple[StrOrPromise, Iterable[Hit]], ...] = (
        (gettext_lazy("Members"), _find_members(request, query)),
        (gettext_lazy("Tags"), tags),
        (gettext_lazy("Segments"), active_segments),
        (gettext_lazy("Groups"), visible_groups),
        (gettext_lazy("Pages and actions"), _find_pages(request, query)),
    )
    for label, hits in found:
        first = list(hits)[:MAX_HITS_PER_GROUP]
        if first:
            yield HitGroup(label, first)


def _find_members(request: Request, query: str) -> Iterator[Hit]:
    by = request.staff
    person_ids = search.suggest(
        by=by, query=query, at=request.at, limit=MAX_HITS_PER_GROUP
    )
    accounts = account_models.Account.objects.in_bulk(person_ids)
    for person_id in person_ids:
        account = accounts[person_id]
        key = masking.key(account.key, by)
        url = reverse("members:detail", args=[person_id])
        yield Hit(account.name or key, url, key)


def _find_pages(request: Request, query: str) -> Iterator[Hit]:
    tabs = [
        (tab.label, tab.view, tab.permission)
        for area in navigation.AREAS
        for tab in area.tabs
    ]
    for label, view, permission in (*ACTIONS, *tabs):
        is_visible = navigation.may_open(request.staff, permission)
        if is_visible and matches(query, str(label), view.replace(":", " ")):
            try:
                yield Hit(str(label), reverse(view), _("go to page"))
            except NoReverseMatch:
                continue


def matches(query: str, *texts: str) -> bool:
    """Whether a text contains the query, or a word in it begins with its pinyin."""
    normalised = pinyin.normalise(query)
    syllables = pinyin.parse_query(normalised)
    for text in map(pinyin.normalise, texts):
        if normalised and normalised in text:
            return True
        if syllables and pinyin.SEPARATOR + syllables in pinyin.spellings(text):
            return True
    return False
