"""Entries of the content calendar: what groups, members or staff get, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap


class Kind(models.TextChoices):
    CAMPAIGN = "campaign", pgettext_lazy("calendar", "campaign")
    SERIES = "series", pgettext_lazy("calendar", "series")
    PLAYBOOK = "playbook", pgettext_lazy("calendar", "playbook")
    TASK = "task", pgettext_lazy("calendar", "staff post")
    MESSAGE = "message", pgettext_lazy("calendar", "message")


class Status(models.TextChoices):
    REVIEW = "review", pgettext_lazy("calendar", "waits for approval")
    PLANNED = "planned", pgettext_lazy("calendar", "planned")
    EMPTY = "empty", pgettext_lazy("calendar", "has no content")
    WAITING = "waiting", pgettext_lazy("calendar", "waits to be sent")
    SENT = "sent", pgettext_lazy("calendar", "sent")
    FAILED = "failed", pgettext_lazy("calendar", "not sent")
    SKIPPED = "skipped", pgettext_lazy("calendar", "left out")


NOT_COUNTED = (Status.FAILED, Status.SKIPPED)
"""Groups get nothing from entries with these."""


@dataclass(frozen=True)
class Entry:
    """One thing at one time. `groups` are those that the asker sees.

    `pk` is the campaign, series, playbook or task request, 0 if the asker does not see
    it. `move_key` names what can be moved, and `why_fixed` says why something cannot.
    `to_members` entries have no groups; `size` is how many members they are for, if that
    is known.
    """

    kind: Kind
    pk: int
    title: str
    at: datetime
    status: Status
    groups: BitMap = field(default_factory=lambda: bitmaps.of([]))
    content_type: str = ""
    to_members: bool = False
    size: int = 0
    move_key: str = ""
    why_fixed: str = ""

    @property
    def counts(self) -> bool:
        return self.status not in NOT_COUNTED
