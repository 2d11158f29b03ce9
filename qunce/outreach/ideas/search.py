"""Finds ideas: by words in any of their texts, by pinyin of titles and tags, by filters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from qunce.core.staff.models import Staff
from qunce.outreach.content.materials import search as material_search
from qunce.outreach.ideas import assignment, ideas
from qunce.outreach.ideas.models import Idea

LATE, MINE = "late", "mine"
DUE_CHOICES = (LATE, MINE)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Empty fields do not filter. `due` is one of DUE_CHOICES, `feed` an id."""

    query: str = ""
    state: str = ""
    content_type: str = ""
    source: str = ""
    tag: str = ""
    feed: int | None = None
    due: str = ""
    archived: bool = False


def find(by: Staff, filters: Filters, *, at: datetime) -> list[Idea]:
    """The ideas that fit, the last changed first."""
    rows = ideas.list_visible(by).filter(archived_at__isnull=not filters.archived)
    for name in ("state", "content_type", "source"):
        if value := getattr(filters, name):
            rows = rows.filter(**{name: value})
    if filters.feed is not None:
        rows = rows.filter(feed=filters.feed)
    found = [
        idea
        for idea in rows
        if (not filters.tag or filters.tag in idea.tags)
        and matches(idea, filters.query)
    ]
    return _with_due(found, filters.due, by, at)


def _with_due(found: list[Idea], due: str, by: Staff, at: datetime) -> list[Idea]:
    """Those whose picture or video is late, or is this staff member's to make."""
    if not due:
        return found
    if due == LATE:
        late = assignment.list_late(found, at)
        return [idea for idea in found if idea.pk in late]
    tasks = assignment.find_tasks(found)
    mine = {pk for pk, task in tasks.items() if task.staff_id == by.pk}
    return [idea for idea in found if idea.pk in mine]


def matches(idea: Idea, query: str) -> bool:
    """Whether each word is in a text of the idea, or spells its title or a tag."""
    if not query.strip():
        return True
    feed = idea.feed.title if idea.feed is not None else ""
    return material_search.matches_texts(
        query, names=(idea.title, *idea.tags, feed), texts=(idea.note, idea.url)
    )


def list_tags(found: Iterable[Idea]) -> list[str]:
    return sorted({tag for idea in found for tag in idea.tags})
