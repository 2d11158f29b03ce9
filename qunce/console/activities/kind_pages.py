"""Pages of a kind of activity beside the general ones. Each folder registers its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.activities.activities.models import Activity


@dataclass(frozen=True, kw_only=True)
class KindPage:
    """A page that the page of an activity links to; `url_name` gets its primary key.

    A page that `is_setup` is there before publication, too, and what is missing then is
    given there.
    """

    kind: str
    label: StrOrPromise
    icon: str
    url_name: str
    is_setup: bool = False


@dataclass(frozen=True, kw_only=True)
class Link:
    label: StrOrPromise
    icon: str
    url: str


_pages: list[KindPage] = []


def register(page: KindPage) -> KindPage:
    _pages.append(page)
    return page


def list_links(activity: Activity, *, is_unpublished: bool) -> list[Link]:
    """The pages of its kind, in the order in which they were registered."""
    return [
        Link(
            label=page.label,
            icon=page.icon,
            url=reverse(page.url_name, args=[activity.pk]),
        )
        for page in _pages
        if page.kind == activity.kind and (page.is_setup or not is_unpublished)
    ]


def find_setup(activity: Activity) -> Link | None:
    """Where to give what is missing before publication, None for the form itself."""
    links = [
        Link(
            label=page.label,
            icon=page.icon,
            url=reverse(page.url_name, args=[activity.pk]),
        )
        for page in _pages
        if page.kind == activity.kind and page.is_setup
    ]
    return links[0] if links else None
