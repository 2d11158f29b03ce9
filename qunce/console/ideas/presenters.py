"""Ideas as cards of a board, and feeds as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core.staff.models import Staff
from qunce.outreach.ideas import assignment, download_errors, feeds
from qunce.outreach.ideas.models import STATES, Feed, Idea, LinkReading, Source, State
from qunce.outreach.tasks.staff_tasks import StaffTask

ICONS = {
    Source.HAND: "pencil",
    Source.LINK: "link",
    Source.FEED: "rss",
    Source.FESTIVAL: "calendar-days",
    Source.HOT_TOPIC: "fire",
}
ORDER = (State.IDEA, State.DRAFT, State.READY, State.USED)
STEPS: dict[tuple[str, str], StrOrPromise] = {
    ("idea", "draft"): pgettext_lazy("idea", "Start"),
    ("draft", "ready"): pgettext_lazy("idea", "Ready"),
    ("ready", "used"): pgettext_lazy("idea", "Mark as used"),
    ("draft", "idea"): pgettext_lazy("idea", "Back to ideas"),
    ("ready", "draft"): pgettext_lazy("idea", "Back to draft"),
    ("used", "ready"): pgettext_lazy("idea", "Use again"),
}
"""From a state to the next or the one before → the button."""


@dataclass(frozen=True)
class Step:
    """`is_on` is towards being used."""

    to: str
    label: StrOrPromise
    is_on: bool


@dataclass(frozen=True)
class Card:
    """`problem` and `remedy` say why the page of the link was not read."""

    idea: Idea
    task: StaffTask | None
    is_late: bool
    steps: Sequence[Step]
    is_reading: bool
    problem: str
    remedy: str

    @property
    def icon(self) -> str:
        return ICONS[Source(self.idea.source)]

    @property
    def origin(self) -> str:
        """The feed, or the host of the link, or the source."""
        if self.idea.feed is not None:
            return self.idea.feed.title
        host = urlsplit(self.idea.url).hostname or ""
        return host.removeprefix("www.") or str(self.idea.get_source_display())

    @property
    def has_open_task(self) -> bool:
        return self.task is not None and self.task.state == "open"


def cards(found: list[Idea], at: datetime) -> list[Card]:
    tasks = assignment.find_tasks(found)
    readings = {
        reading.idea_id: reading
        for reading in LinkReading.objects.filter(idea__in=[i.pk for i in found])
    }
    return [
        _card(idea, tasks.get(idea.pk), readings.get(idea.pk), at) for idea in found
    ]


def _card(
    idea: Idea, task: StaffTask | None, reading: LinkReading | None, at: datetime
) -> Card:
    problem, remedy = "", ""
    if reading is not None and reading.due_at is None:
        problem, remedy = download_errors.describe(reading.error, reading.status)
    position = ORDER.index(State(idea.state))
    return Card(
        idea=idea,
        task=task,
        is_late=task is not None and task.state == "open" and task.is_late(at),
        steps=[
            Step(to, label, ORDER.index(State(to)) > position)
            for (origin, to), label in STEPS.items()
            if origin == idea.state and STATES.may(to, origin)
        ],
        is_reading=reading is not None and reading.due_at is not None,
        problem=problem,
        remedy=remedy,
    )


@dataclass(frozen=True)
class Column:
    """A state with its cards; `more` of its ideas are not shown."""

    state: State
    cards: Sequence[Card]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.cards)


def columns(
    found: list[Idea], at: datetime, *, states: Sequence[State], start: int, limit: int
) -> list[Column]:
    by_state = {state: [i for i in found if i.state == state] for state in states}
    shown = {state: rows[start : start + limit] for state, rows in by_state.items()}
    by_idea = {
        card.idea.pk: card
        for card in cards([i for rows in shown.values() for i in rows], at)
    }
    return [
        Column(state, [by_idea[i.pk] for i in rows], len(by_state[state]))
        for state, rows in shown.items()
    ]


@dataclass(frozen=True)
class FeedRow:
    feed: Feed
    problem: str
    remedy: str
    is_full: bool
    is_due: bool


def feed_rows(by: Staff, at: datetime) -> list[FeedRow]:
    return [feed_row(feed, at) for feed in feeds.list_visible(by)]


def feed_row(feed: Feed, at: datetime) -> FeedRow:
    problem, remedy = download_errors.describe(feed.error, feed.status)
    is_due = feed.due_at is not None and feed.due_at <= at
    return FeedRow(feed, problem, remedy, feeds.is_full(feed), is_due)
