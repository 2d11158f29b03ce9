"""One search for everything: members, tags, groups, segments, pages and actions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from django.http import HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.console import http, navigation
from qunce.console.http import Request
from qunce.core import permissions
from qunce.groups import visibility as groups
from qunce.importing import jobs
from qunce.members.accounts import masking
from qunce.members.accounts import models as account_models
from qunce.members.search import pinyin, search
from qunce.members.segments import segments
from qunce.members.tags import library

MAX_HITS_PER_KIND = 6
ACTIONS: tuple[tuple[StrOrPromise, str, str | None], ...] = (
    (gettext_lazy("Import a file"), "importing:create", jobs.IMPORT),
    (gettext_lazy("New segment"), "segments:new", segments.MANAGE),
    (gettext_lazy("New campaign"), "outreach:campaign-create", None),
    (gettext_lazy("Add a member"), "members:create", None),
)


@dataclass(frozen=True)
class Hit:
    text: str
    url: str
    about: str = ""


@dataclass(frozen=True)
class HitGroup:
    words: StrOrPromise
    hits: list[Hit] = field(default_factory=list)


Finder = Callable[[Request, str], Iterable[Hit]]


@http.page()
def results(request: Request) -> HttpResponse:
    words = request.GET.get("q", "").strip()[: search.MAX_QUERY_LENGTH]
    kinds = list(_hit_groups(request, words)) if words else []
    context = {"searched": words, "kinds": kinds}
    part = "console/search/_results.html"
    return http.render(request, "console/search/results.html", context, part=part)


def _hit_groups(request: Request, words: str) -> Iterator[HitGroup]:
    reads: tuple[tuple[StrOrPromise, Finder], ...] = (
        (gettext_lazy("Members"), _find_members),
        (gettext_lazy("Tags"), _find_tags),
        (gettext_lazy("Segments"), _find_segments),
        (gettext_lazy("Groups"), _find_groups),
        (gettext_lazy("Pages and actions"), _find_pages),
    )
    for said, read in reads:
        hits = list(read(request, words))[:MAX_HITS_PER_KIND]
        if hits:
            yield HitGroup(said, hits)


def _find_members(request: Request, words: str) -> Iterator[Hit]:
    by = request.staff
    heads = search.suggest(by=by, query=words, at=request.at, limit=MAX_HITS_PER_KIND)
    known = account_models.Account.objects.in_bulk(heads)
    for head in heads:
        account = known[head]
        url = reverse("members:detail", args=[head])
        key = masking.key(account.key, by)
        yield Hit(account.name or key, url, key)


def _find_tags(request: Request, words: str) -> Iterator[Hit]:
    for tag in library.list_tags(request.community):
        if matches(words, tag.name, tag.key):
            group = tag.group.name if tag.group else ""
            yield Hit(tag.name, reverse("tags:detail", args=[tag.pk]), group)


def _find_segments(request: Request, words: str) -> Iterator[Hit]:
    for segment in segments.list_active(request.community):
        if matches(words, segment.name, segment.key):
            yield Hit(segment.name, reverse("segments:detail", args=[segment.pk]))


def _find_groups(request: Request, words: str) -> Iterator[Hit]:
    for group in groups.list_visible(request.staff):
        if matches(words, group.name, group.key):
            yield Hit(group.name, reverse("groups:detail", args=[group.pk]))


def _find_pages(request: Request, words: str) -> Iterator[Hit]:
    by = request.staff
    places = [
        (tab.words, tab.view, tab.permission)
        for area in navigation.AREAS
        for tab in area.tabs
    ]
    for said, view, permission in (*ACTIONS, *places):
        allowed = permission is None or (
            permission in permissions.declared() and permissions.may(by, permission)
        )
        if allowed and matches(words, str(said), view.replace(":", " ")):
            yield from _page_hit(str(said), view)


def _page_hit(said: str, view: str) -> Iterator[Hit]:
    try:
        yield Hit(said, reverse(view), _("go to page"))
    except NoReverseMatch:
        return


def matches(words: str, *texts: str) -> bool:
    """Whether what is typed is in one of the texts, or how one begins to sound."""
    wanted = pinyin.normalise(words)
    typed = pinyin.parse_query(wanted)
    for text in map(pinyin.normalise, texts):
        if wanted and wanted in text:
            return True
        if typed and pinyin.SEPARATOR + typed in pinyin.spellings(text):
            return True
    return False
