"""What the page of a poll shows: votes as shares, tags, and the text for the group."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.activities.activities.models import Activity
from qunce.activities.kinds import poll
from qunce.activities.polls import options, results
from qunce.activities.polls.results import PollResults, Share
from qunce.members.tags import library
from qunce.members.tags.models import Tag

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff


def votes(activity: Activity, *, by: Staff, at: datetime) -> dict[str, Any]:
    """The votes of the members whom `by` sees."""
    found = results.collect(activity, at, by=by)
    return {
        "rows": _rows(activity, found),
        "voted_of": poll.voted_of(activity, found.voters, by=by, at=at),
        "has_tags": any(share.option.tag for share in found.shares),
        "result_text": result_text(activity, found),
    }


def _rows(activity: Activity, found: PollResults) -> list[tuple[Share, Tag | None]]:
    keys = [option.tag for option in options.list_options(activity.settings)]
    tags = library.find(activity.community, filter(None, keys))
    return [(share, tags.get(share.option.tag)) for share in found.shares]


def result_text(activity: Activity, found: PollResults) -> str:
    """The result to paste into the group."""
    lines = [
        _("%(option)s: %(n)s (%(percent)s%%)")
        % {
            "option": share.option.label,
            "n": f"{share.votes:,}",
            "percent": share.percent,
        }
        for share in found.shares
    ]
    last = _("Members who voted: %(n)s") % {"n": f"{found.voters:,}"}
    return "\n".join([activity.name, *lines, last])
