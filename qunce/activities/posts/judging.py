"""What the checks of moderation find in a post: its words and its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from qunce.activities.activities.models import MAX_SENTENCE, Activity
from qunce.activities.posts.terms import Words
from qunce.groups.moderation.checks.subjects import File
from qunce.groups.moderation.judgements import page_texts


def find(
    activity: Activity, words: Words, pictures: Sequence[bytes], at: datetime
) -> str:
    """The sentence with the rule that found something, "" if none did.

    The classifier is asked as well: a post that waits for staff is not acted on.
    """
    hit = page_texts.find_hit(
        community=activity.community,
        text="\n".join(filter(None, (words.product, words.text))),
        files=tuple(map(_to_file, pictures)),
        groups=list(activity.groups.values_list("key", flat=True)),
        holds_guesses=True,
        at=at,
    )
    if hit is None:
        return ""
    text = _("The rule “%(name)s” found something.")
    return (text % {"name": hit.rule.name})[:MAX_SENTENCE]


def _to_file(content: bytes) -> File:
    return File(name="picture.jpg", media_type="image/jpeg", load=lambda: content)
