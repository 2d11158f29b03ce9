"""Topics from the idea box: an idea becomes the draft of a topic in one step."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.activities.models import MAX_NAME, MAX_TEXT, Activity
from qunce.activities.topics import hashtags, replies
from qunce.outreach.ideas import ideas
from qunce.outreach.ideas.models import InvalidIdea, State

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.outreach.ideas.models import Idea

LASTS = timedelta(days=7)


@transaction.atomic
def start(*, idea: Idea, by: Staff, at: datetime) -> Activity:
    """Create a draft with the title and note of an idea, which is then used."""
    ideas.check_may_manage(by, idea)
    if idea.archived_at is not None:
        raise InvalidIdea(_("The idea is archived. Restore it first."))
    if idea.state != State.USED:
        ideas.transition(idea, State.USED, by=by, at=at)
    prompt = idea.note.strip() or idea.title
    return activities.create(
        community=idea.community,
        kind=replies.KIND,
        by=by,
        at=at,
        name=idea.title[:MAX_NAME],
        text=prompt[:MAX_TEXT],
        starts_at=at,
        ends_at=at + LASTS,
        settings={"hashtag": suggest_hashtag(idea.title)},
    )


def suggest_hashtag(title: str) -> str:
    """The letters and digits of a title, as far as they fit into a hashtag."""
    words = "".join(sign for sign in title if sign.isalnum())
    while words and not hashtags.is_valid(words):
        words = words[: min(len(words) - 1, hashtags.MAX_HASHTAG)]
    return words or _("topic")
