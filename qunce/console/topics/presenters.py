"""What the pages of topics show to staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator

from qunce.activities.activities import activities
from qunce.activities.activities.models import OPEN, PUBLISHED, Activity
from qunce.activities.topics import hashtag_settings, hot_list, reply_list, rewards
from qunce.activities.topics import replies as reply_verbs
from qunce.activities.topics.models import ReplyState, TopicReply
from qunce.console import http, member_names, paging
from qunce.console.activities import presenters as activity_presenters

PAGE_SIZE, MAX_TOPICS = 50, 200
CHIPS = {
    ReplyState.SHOWN: "",
    ReplyState.HELD: "warn",
    ReplyState.HIDDEN: "bad",
    ReplyState.WITHDRAWN: "",
    ReplyState.DELETED: "",
}


@dataclass(frozen=True, kw_only=True)
class TopicLine:
    activity: Activity
    hashtag: str
    css: str
    people: int
    last_at: datetime | None
    held: int


@dataclass(frozen=True, kw_only=True)
class ReplyLine:
    row: TopicReply
    name: str
    css: str
    is_uncounted: bool

    @property
    def version(self) -> str:
        """What goes with the form that shows the reply."""
        return reply_verbs.version_of(self.row)

    @property
    def may_hide(self) -> bool:
        return self.row.state in (ReplyState.SHOWN, ReplyState.HELD)

    @property
    def may_show(self) -> bool:
        return self.row.state in (ReplyState.HELD, ReplyState.HIDDEN)


def topics(request: http.Request, *, days: int) -> dict[str, Any]:
    """The topics that `by` sees: the hottest first, then those without a reply."""
    by, at = request.staff, request.at
    rows = activities.list_visible(by).filter(
        kind=reply_verbs.KIND, state__in=PUBLISHED
    )
    seen = {row.pk: row for row in rows.select_related("community")[:MAX_TOPICS]}
    hot = hot_list.rank(request.community, days=days, at=at, among=seen.keys())
    held = _count_held(request, list(seen))
    lines = [
        _line(each.activity, each.people, each.last_at, held.get(each.activity.pk, 0))
        for each in hot
    ]
    hottest = {each.activity.pk for each in hot}
    others = [
        _line(row, 0, None, held.get(pk, 0))
        for pk, row in seen.items()
        if pk not in hottest and (row.state in OPEN or held.get(pk))
    ]
    return {"lines": lines, "others": others}


def _line(
    activity: Activity, people: int, last_at: datetime | None, held: int
) -> TopicLine:
    return TopicLine(
        activity=activity,
        hashtag=hashtag_settings.written_as(activity),
        css=activity_presenters.CHIPS.get(activities.State(activity.state), ""),
        people=people,
        last_at=last_at,
        held=held,
    )


def _count_held(request: http.Request, topics_seen: Sequence[int]) -> dict[int, int]:
    """Topic → its held replies of members whom `by` sees."""
    return reply_list.count_held(topics_seen, by=request.staff, at=request.at)


def replies(activity: Activity, request: http.Request, *, state: str) -> dict[str, Any]:
    """A page of the replies, how hot the topic is, and the rewards that are left."""
    found = reply_list.list_visible(
        activity=activity, by=request.staff, at=request.at, state=state
    )
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = list(page)
    names = member_names.find(row.account_id for row in rows)
    uncounted = reply_list.find_uncounted(activity, rows, request.at)
    lines = [
        ReplyLine(
            row=row,
            name=names.get(row.account_id, ""),
            css=CHIPS[ReplyState(row.state)],
            is_uncounted=row.account_id in uncounted,
        )
        for row in rows
    ]
    has_points = bool(activity.settings["points"])
    return {
        "lines": lines,
        "count": page.paginator.count,
        "state": state,
        "states": ReplyState.choices,
        "hashtag": hashtag_settings.written_as(activity),
        "heat": [
            (days, hot_list.count(activity, days=days, at=request.at))
            for days in hot_list.WINDOWS
        ],
        "points": activity.settings["points"],
        "left": rewards.count_left(activity) if has_points else None,
        "next": paging.link(request, page=page.next_page_number())
        if page.has_next()
        else "",
        "first": paging.link(request, page=None) if page.number > 1 else "",
    }
