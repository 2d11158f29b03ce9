"""Edited and deleted messages of chats that became posts."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from qunce.activities.activities import kind_contract
from qunce.activities.posts import posts, terms
from qunce.activities.posts.models import MAX_TEXT, PostState
from qunce.activities.topics import hashtag_settings, hashtags
from qunce.groups import chat_readers

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.groups.chat_readers import ChangedMessage


@chat_readers.register_changes
@transaction.atomic
def follow(message: ChangedMessage, *, at: datetime) -> None:
    """Delete the post of a deleted message, and take over the new text of one that waits.

    Without its keyword or hashtag a message is no post any more. What staff have decided
    about stays as they read it, until the message is deleted.
    """
    for row in posts.list_of_message(message.community, message.key):
        if message.text is None:
            posts.delete(post=row, at=at)
            continue
        # A message that is too long for a post replaces nothing.
        if row.state != PostState.WAITING or len(message.text) > MAX_TEXT:
            continue
        text = _said(row.activity, message.text)
        if text is None:
            posts.delete(post=row, at=at)
            continue
        form = posts.Form(product=row.product, rating=row.rating)
        kept = list(row.pictures.values_list("code", flat=True))
        # Neither does one that is empty. Staff may have decided at the same moment.
        with contextlib.suppress(terms.InvalidPost, posts.PostDecided):
            posts.edit(post=row, text=text, form=form, kept=kept, at=at)


def _said(activity: Activity, text: str) -> str | None:
    """What a message says without its keyword or hashtag, None if it has neither."""
    kind = kind_contract.get(terms.KIND)
    if (said := kind.read_line(text)) is not None:
        return said
    hashtag = hashtag_settings.key_of(activity)
    if not hashtag or hashtag not in hashtags.find(text):
        return None
    return hashtags.remove(text, hashtag)
