"""What the settings of homework say: due times, the scale, and the step before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.activities.models import PUBLISHED, Activity, State
from qunce.activities.homework.models import (
    MAX_LINK,
    MAX_TEXT,
    Homework,
)
from qunce.core import errors

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

KIND = "homework"
LINK = re.compile(r"https?://[^\s<>\"'`\\]+", re.IGNORECASE)
MAX_LISTED, MAX_STEPS = 200, 50


class InvalidHomework(errors.Invalid):
    """What is handed in is empty, too long, or has a link that is none."""


def read(settings_text: str) -> datetime | None:
    """The time of a setting, None if it is not given."""
    return datetime.fromisoformat(settings_text) if settings_text else None


def read_times(settings: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """Until when published homework is handed in, and reviewed."""
    due = datetime.fromisoformat(settings["due"])
    return due, read(settings["review_due"]) or due


def score_text(doubled: int) -> str:
    """A score from its double, such as 7 or 7.5."""
    return f"{doubled // 2}.5" if doubled % 2 else str(doubled // 2)


def reviews_needed(reviewers: int) -> int:
    """Reviews without which staff decide: half of them, rounded up."""
    return max((reviewers + 1) // 2, 1)


def review_due(homework: Homework, at: datetime) -> datetime:
    """Until when a review that is given now is to be done, before somebody else gets it."""
    hours = homework.activity.settings["review_hours"]
    if hours is None:
        return homework.review_due_at
    return min(homework.review_due_at, at + timedelta(hours=hours))


# What members hand in


def parse(said: str) -> tuple[str, str]:
    """The text, and the link that the last line is, "" for none; raises InvalidHomework."""
    lines = said.replace("\r\n", "\n").strip().split("\n")
    link = ""
    if LINK.fullmatch(lines[-1].strip()):
        link = lines.pop().strip()
    text = "\n".join(line.rstrip() for line in lines).strip()
    if len(link) > MAX_LINK:
        raise InvalidHomework(
            _("A link can have at most %(most)s characters; this one has %(n)s.")
            % {"most": MAX_LINK, "n": f"{len(link):,}"}
        )
    if len(text) > MAX_TEXT:
        raise InvalidHomework(
            _("Homework can have at most %(most)s characters; it has %(n)s.")
            % {"most": f"{MAX_TEXT:,}", "n": f"{len(text):,}"}
        )
    return text, link


def to_said(text: str, link: str) -> str:
    """What a form with a text and a link says, as `parse` reads it."""
    link = link.strip()
    if link and not LINK.fullmatch(link):
        raise InvalidHomework(
            _("The link has to be an address that starts with https:// or http://.")
        )
    # A line of its own, so that an address at the end of the text stays in the text.
    return f"{text.strip()}\n{link}" if link else text.strip()


# The learning path: homework that comes after other homework


def list_before(by: Staff) -> list[tuple[str, str]]:
    """Published homework that `by` sees and after which other homework can come."""
    rows = activities.list_visible(by).filter(kind=KIND, state__in=PUBLISHED)
    return [(str(row.pk), row.name) for row in rows.order_by("-pk")[:MAX_LISTED]]


def find_before(activity: Activity) -> Activity | None:
    """The step before, None for the first one.

    A cancelled step, which nobody can pass any more, is passed over to the one before it.
    """
    rows = Activity.objects.filter(community=activity.community_id, kind=KIND)
    rows = rows.select_related("community")
    step: Activity | None = activity
    for _step in range(MAX_STEPS):
        if step is None or not step.settings["after"]:
            return None
        step = rows.filter(pk=int(step.settings["after"])).first()  # unique
        if step is not None and step.state != State.CANCELLED:
            return step
    return None


def list_path(activity: Activity) -> list[Activity]:
    """The steps of the learning path that members see, in order; only it, without others.

    Where two steps come after the same one, the path goes to the earlier of them, except
    on the way to this activity.
    """
    path = [activity]
    while len(path) < MAX_STEPS:
        before = find_before(path[0])
        if before is None or before in path or before.state not in PUBLISHED:
            break
        path.insert(0, before)
    while len(path) < MAX_STEPS:
        after = _find_after(path[-1])
        if after is None or after in path:
            break
        path.append(after)
    return path


def _find_after(activity: Activity) -> Activity | None:
    """The published step that comes next, also after one that was cancelled."""
    rows = Activity.objects.filter(community=activity.community_id, kind=KIND)
    rows = rows.select_related("community").order_by("pk")
    keys = [str(activity.pk)]
    for _step in range(MAX_STEPS):
        following = list(rows.filter(settings__after__in=keys))
        published = [each for each in following if each.state in PUBLISHED]
        if published:
            return published[0]
        keys = [str(each.pk) for each in following if each.state == State.CANCELLED]
        if not keys:
            break
    return None
