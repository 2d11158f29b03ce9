"""The table of persona cards."""

from __future__ import annotations

from django.db import models

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.segments.segments import Segment

MAX_NAME, MAX_SENTENCE, MAX_TEXT = 80, 200, 500


@personal_texts.erased_in(sentences=("name", "sentence", "wants", "avoid"))
class PersonaCard(models.Model):
    """What staff write about the typical member of a segment.

    `wants` is what such a member wants, `avoid` what staff should not do.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    segment = models.OneToOneField(Segment, models.PROTECT, related_name="persona_card")
    name = models.CharField(max_length=MAX_NAME)
    sentence = models.CharField(max_length=MAX_SENTENCE, default="", blank=True)
    wants = models.TextField(default="", blank=True)
    avoid = models.TextField(default="", blank=True)
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "insight_persona_card"

    def __str__(self) -> str:
        return self.name
