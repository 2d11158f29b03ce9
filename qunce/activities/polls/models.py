"""The tables of polls: the vote of each person, and the tags that votes gave.

Rows name the account and the person of that moment, and a merge rewrites none of them. Of
two votes of a person whose accounts were merged, the newest one counts.
"""

from __future__ import annotations

from django.db import models

from qunce.activities.activities.models import Activity, Way
from qunce.core import timestamps
from qunce.core.staff.models import Staff


class Ballot(models.Model):
    """The vote of an account: the numbers of its options, from 1, ascending.

    `said_at` is when it was said, as far as that is known, which may be before it was typed.
    """

    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="ballots", db_index=False
    )
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    choices: models.JSONField[list[int], list[int]] = models.JSONField()
    said_at = timestamps.TimestampField()
    source = models.CharField(max_length=10, choices=Way.choices)
    by = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        db_table = "activities_ballot"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "account_id"], name="one_ballot_per_account"
            )
        ]
        indexes = [models.Index(fields=["account_id"], name="ballots_of_account")]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.choices}"


class BallotTag(models.Model):
    """A tag that the voter of a ballot has because of it."""

    ballot = models.ForeignKey(Ballot, models.CASCADE, related_name="tags")
    tag_id = models.BigIntegerField()

    class Meta:
        db_table = "activities_ballot_tag"
        constraints = [
            models.UniqueConstraint(
                fields=["ballot", "tag_id"], name="one_tag_per_ballot"
            )
        ]

    def __str__(self) -> str:
        return f"{self.ballot_id}: {self.tag_id}"
