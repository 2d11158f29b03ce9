"""Tables of quizzes and text games: rounds, what members answered, and who won.

Rows name the account that acted and the person whom it belonged to. A merge of members
rewrites none of them.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from qunce.activities.activities.models import Activity, Way
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core import personal_texts, timestamps
from qunce.core.staff.models import Staff

MAX_ANSWER = 100
"""Characters of an answer that are stored; no right one is longer."""


class Closed(models.TextChoices):
    """Why a round is over."""

    WON = "won", pgettext_lazy("round", "somebody was first")
    TIME = "time", pgettext_lazy("round", "its time was over")
    STAFF = "staff", pgettext_lazy("round", "closed by staff")
    END = "end", pgettext_lazy("round", "the game has ended")


class Game(models.Model):
    """What was promised when a game was published, and whether it was given.

    `winners` prizes were taken out of the stock, for the best ones at the end.
    """

    activity = models.OneToOneField(Activity, models.PROTECT, related_name="game")
    stock = models.ForeignKey(PrizeStock, models.PROTECT, null=True, related_name="+")
    winners = models.PositiveSmallIntegerField(default=0)
    decided_at = timestamps.TimestampField(null=True)
    paid_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "games_game"

    def __str__(self) -> str:
        return f"game {self.activity_id}"


class Round(models.Model):
    """A question of a game that was asked, or a chain.

    `turn` counts the changes of who has won it, or of the last link of a chain: of two
    answers at the same time, one changes it.
    """

    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="rounds", db_index=False
    )
    number = models.PositiveSmallIntegerField()
    opened_at = timestamps.TimestampField()
    ends_at = timestamps.TimestampField(null=True)
    closed_at = timestamps.TimestampField(null=True)
    closed_by = models.CharField(
        max_length=10, choices=Closed.choices, default="", blank=True
    )
    turn = models.PositiveIntegerField(default=0)
    winner = models.ForeignKey(
        "GameAnswer", models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        db_table = "games_round"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "number"], name="one_round_per_question"
            )
        ]
        indexes = [
            models.Index(
                fields=["ends_at"],
                condition=Q(closed_at__isnull=True),
                name="rounds_to_close",
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} of {self.activity_id}"


@personal_texts.erased_in(
    "word", sentences=("said",), community="round__activity__community_id"
)
class GameAnswer(models.Model):
    """What somebody answered in a round, in the order of the inbox.

    `outcome` is what it was when it came, `ruling` whether staff let it count instead.
    `points` is what it scores if it counts. `word` is its normal form in a chain.
    """

    round = models.ForeignKey(
        Round, models.PROTECT, related_name="answers", db_index=False
    )
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    said = models.CharField(max_length=MAX_ANSWER)
    word = models.CharField(max_length=20, default="", blank=True)
    outcome = models.CharField(max_length=12)
    points = models.PositiveIntegerField(default=0)
    way = models.CharField(max_length=10, choices=Way.choices)
    group_id = models.BigIntegerField(null=True)
    said_at = timestamps.TimestampField()
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    ruling = models.BooleanField(null=True)
    ruled_at = timestamps.TimestampField(null=True)
    ruled_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "games_answer"
        indexes = [
            models.Index(fields=["round", "id"], name="answers_by_round"),
            models.Index(fields=["account_id"], name="game_answers_by_account"),
            models.Index(
                fields=["round", "word"],
                condition=~Q(word=""),
                name="game_answers_by_word",
            ),
        ]

    def __str__(self) -> str:
        return self.said


class GameResult(models.Model):
    """What somebody reached in a game that is decided, and what they got for it."""

    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="game_results", db_index=False
    )
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    place = models.PositiveIntegerField()
    points = models.PositiveIntegerField()
    right = models.PositiveIntegerField()
    award = models.OneToOneField(Award, models.PROTECT, null=True, related_name="+")
    is_paid = models.BooleanField(default=False)

    class Meta:
        db_table = "games_result"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "place"], name="one_result_per_place"
            ),
            models.UniqueConstraint(
                fields=["activity", "person_id"], name="one_result_per_person"
            ),
        ]
        indexes = [models.Index(fields=["account_id"], name="game_results_by_account")]

    def __str__(self) -> str:
        return f"{self.place} in {self.activity_id}"
