"""The tables of the board: wishes and pains, and who voiced them in which message."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff

MAX_TITLE, MAX_TEXT = 120, 2_000


class Kind(models.TextChoices):
    WISH = "wish", pgettext_lazy("board", "wish")
    PAIN = "pain", pgettext_lazy("board", "pain")


class State(models.TextChoices):
    NEW = "new", pgettext_lazy("wish", "new")
    PLANNED = "planned", pgettext_lazy("wish", "planned")
    DOING = "doing", pgettext_lazy("wish", "in work")
    DONE = "done", pgettext_lazy("wish", "done")
    DECLINED = "declined", pgettext_lazy("wish", "declined")


ANY = tuple(State.values)
STATES = state_machine.StateMachine(
    {
        "reset": (("planned", "doing", "done", "declined"), "new"),
        "plan": (("new", "doing", "done", "declined"), "planned"),
        "begin": (("new", "planned", "done", "declined"), "doing"),
        "finish": (("new", "planned", "doing", "declined"), "done"),
        "decline": (("new", "planned", "doing", "done"), "declined"),
    }
)
STEP_TO = {target: name for name, (_origins, target) in STATES.transitions.items()}


@personal_texts.erased_in(sentences=("title", "text", "answer"))
class Wish(models.Model):
    """`merged_into` is the wish that says the same, and has its voices since.

    `answer` is for those who asked; `campaign` is the key of its draft.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.WISH)
    title = models.CharField(max_length=MAX_TITLE)
    text = models.TextField(default="", blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    answer = models.TextField(default="", blank=True)
    campaign = models.CharField(max_length=200, default="", blank=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="merged"
    )
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "groups_wish"
        indexes = [models.Index(fields=["community", "state"], name="wishes_by_state")]

    def __str__(self) -> str:
        return self.title


class WishVoice(models.Model):
    """A member who asked for a wish, in a message if `key` is one.

    `origin` is the wish that the voice was added to, before a merge.
    """

    wish = models.ForeignKey(Wish, models.CASCADE, related_name="voices")
    origin = models.ForeignKey(Wish, models.CASCADE, related_name="+")
    account_id = models.BigIntegerField()
    source_id = models.IntegerField(default=0)
    key = models.CharField(max_length=300, default="", blank=True)
    group_id = models.BigIntegerField(default=0)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "groups_wish_voice"
        constraints = [
            models.UniqueConstraint(
                fields=["wish", "account_id", "source_id", "key"],
                name="one_voice_per_message",
            )
        ]
        indexes = [models.Index(fields=["account_id"], name="voices_of_account")]

    def __str__(self) -> str:
        return f"{self.account_id} for {self.wish_id}"
