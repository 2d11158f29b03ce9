"""Answers to questions about files, remembered for each source of a community."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import models

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff


@personal_texts.erased_in("source", "key", "answer")
class ImportAnswer(models.Model):
    community = models.ForeignKey(Community, models.CASCADE, related_name="+")
    source = models.CharField(max_length=120)
    key = models.CharField(max_length=250)
    answer = models.CharField(max_length=200)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    at = timestamps.TimestampField()

    class Meta:
        db_table = "importing_answer"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "source", "key"], name="one_answer_per_question"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.key}: {self.answer}"


def remember(
    *,
    community: Community,
    source: str,
    answers: Mapping[str, str],
    by: Staff,
    at: datetime,
) -> None:
    """Store the answers; an earlier answer to the same question is replaced."""
    ImportAnswer.objects.bulk_create(
        [
            ImportAnswer(
                community=community,
                source=source[:120],
                key=key[:250],
                answer=answer,
                by=by,
                at=at,
            )
            for key, answer in answers.items()
        ],
        update_conflicts=True,
        unique_fields=["community", "source", "key"],
        update_fields=["answer", "by", "at"],
    )


def list_remembered(community: Community, source: str) -> dict[str, str]:
    """Return the answers by key."""
    stored = ImportAnswer.objects.filter(community=community, source=source[:120])
    return dict(stored.values_list("key", "answer"))
