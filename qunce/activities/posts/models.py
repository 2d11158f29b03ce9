"""The tables of posts: texts and pictures of members, and what they consent to.

Rows name the account and the person of that moment, and a merge rewrites none of them.
"""

from __future__ import annotations

import secrets

from django.db import models
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.activities.models import (
    ALPHABET,
    MAX_KEY,
    MAX_SENTENCE,
    Activity,
    Way,
)
from qunce.core import personal_texts, timestamps
from qunce.core.staff.models import Staff

MAX_TEXT, MAX_PRODUCT, MAX_PICTURES = 2_000, 80, 9
MIN_RATING, MAX_RATING = 1, 5
CODE_LENGTH = 12


def new_code() -> str:
    """A code for addresses, which nobody can guess."""
    return "".join(secrets.choice(ALPHABET) for _place in range(CODE_LENGTH))


class PostState(models.TextChoices):
    """Only an accepted post is read by other members."""

    WAITING = "waiting", pgettext_lazy("post", "waiting for staff")
    ACCEPTED = "accepted", pgettext_lazy("post", "accepted")
    REJECTED = "rejected", pgettext_lazy("post", "rejected")
    HIDDEN = "hidden", pgettext_lazy("post", "hidden")
    DELETED = "deleted", pgettext_lazy("post", "deleted")


class Use(models.TextChoices):
    """What a member consents to, each apart."""

    FEATURE = "feature", gettext_lazy("Feature it among the best posts")
    MATERIAL = "material", gettext_lazy("Use it in messages to other members")
    NAME = "name", gettext_lazy("Show it with my name")


@personal_texts.erased_in(
    "message_key",
    sentences=("text", "product", "found", "reason", "reward"),
    community="activity__community_id",
)
class Post(models.Model):
    """What a member wrote. `found` is what moderation found, for staff only.

    `reason` is why it was rejected or hidden, which its author reads. A post with
    `rewarded_at` is marked wherever it is shown, and that is never taken back; `reward`
    says what was given beside `points`. `message_key` names the message of a chat that it
    was, "" elsewhere.
    """

    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="posts", db_index=False
    )
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    code = models.CharField(max_length=CODE_LENGTH, unique=True, default=new_code)
    text = models.TextField(default="", blank=True)
    product = models.CharField(max_length=MAX_PRODUCT, default="", blank=True)
    rating = models.PositiveSmallIntegerField(null=True)
    state = models.CharField(max_length=10, choices=PostState.choices)
    found = models.CharField(max_length=MAX_SENTENCE, default="", blank=True)
    reason = models.CharField(max_length=MAX_SENTENCE, default="", blank=True)
    source = models.CharField(max_length=10, choices=Way.choices)
    group_id = models.BigIntegerField(null=True)
    message_key = models.CharField(max_length=MAX_KEY, default="", blank=True)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    edited_at = timestamps.TimestampField(null=True)
    decided_at = timestamps.TimestampField(null=True)
    decided_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    featured_at = timestamps.TimestampField(null=True)
    featured_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    rewarded_at = timestamps.TimestampField(null=True)
    rewarded_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    points = models.PositiveIntegerField(default=0)
    reward = models.CharField(max_length=MAX_SENTENCE, default="", blank=True)

    class Meta:
        db_table = "posts_post"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rating__isnull=True)
                | models.Q(rating__gte=MIN_RATING, rating__lte=MAX_RATING),
                name="post_rating_is_1_to_5",
            ),
            models.CheckConstraint(
                condition=models.Q(featured_at__isnull=True)
                | models.Q(state="accepted"),
                name="featured_post_is_accepted",
            ),
        ]
        indexes = [
            models.Index(fields=["activity", "state", "at"], name="posts_by_time"),
            models.Index(fields=["account_id"], name="posts_of_account"),
            models.Index(
                fields=["activity", "featured_at"],
                condition=models.Q(featured_at__isnull=False),
                name="posts_featured",
            ),
            models.Index(
                fields=["message_key"],
                condition=~models.Q(message_key=""),
                name="posts_of_message",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:40]

    @property
    def is_rewarded(self) -> bool:
        return self.rewarded_at is not None

    @property
    def is_featured(self) -> bool:
        return self.featured_at is not None


@personal_texts.erased_in("key", "product", community="activity__community_id")
class PostDraft(models.Model):
    """A form that is being sent, until taking part makes a post of it or refuses it.

    `key` is that of the attempt, which a draft of the same account has.
    """

    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="+", db_index=False
    )
    account_id = models.BigIntegerField()
    key = models.CharField(max_length=MAX_KEY)
    product = models.CharField(max_length=MAX_PRODUCT, default="", blank=True)
    rating = models.PositiveSmallIntegerField(null=True)
    uses = models.CharField(max_length=40, default="", blank=True)
    received_at = timestamps.TimestampField(null=True)
    at = timestamps.TimestampField()

    class Meta:
        db_table = "posts_draft"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "key"], name="one_draft_per_form"
            )
        ]
        indexes = [models.Index(fields=["account_id"], name="post_drafts_of_account")]

    def __str__(self) -> str:
        return f"draft of {self.account_id}"


class PostPicture(models.Model):
    """A picture, encoded again without what cameras add, of a post or a draft."""

    code = models.CharField(max_length=CODE_LENGTH, unique=True, default=new_code)
    post = models.ForeignKey(
        Post, models.CASCADE, null=True, related_name="pictures", db_index=False
    )
    draft = models.ForeignKey(
        PostDraft, models.CASCADE, null=True, related_name="pictures"
    )
    number = models.PositiveSmallIntegerField()
    content = models.BinaryField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()

    class Meta:
        db_table = "posts_picture"
        constraints = [
            models.UniqueConstraint(
                fields=["post", "number"], name="one_picture_per_place"
            ),
            models.CheckConstraint(
                condition=models.Q(post__isnull=True) ^ models.Q(draft__isnull=True),
                name="picture_of_post_or_draft",
            ),
        ]

    def __str__(self) -> str:
        return f"picture {self.number} of {self.post_id}"


class PostConsent(models.Model):
    """That the author consented to a use, and when they withdrew it.

    `by` are staff who confirm that they received it at `received_at`, null for what the
    author ticked.
    """

    post = models.ForeignKey(Post, models.PROTECT, related_name="consents")
    use = models.CharField(max_length=10, choices=Use.choices)
    given_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    received_at = timestamps.TimestampField(null=True)
    withdrawn_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "posts_consent"
        constraints = [
            models.UniqueConstraint(
                fields=["post", "use"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="one_consent_per_use",
            )
        ]

    def __str__(self) -> str:
        return f"{self.use} of {self.post_id}"


class PostMaterial(models.Model):
    """That a material was made of a post, which is sent only while consent holds.

    `has_name` is whether the name of the author is in it. `is_cleared` is whether its text
    and pictures were deleted, as the post was.
    """

    post = models.ForeignKey(Post, models.PROTECT, related_name="materials")
    material_id = models.BigIntegerField(unique=True)
    has_name = models.BooleanField()
    is_cleared = models.BooleanField(default=False)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "posts_material"

    def __str__(self) -> str:
        return f"material {self.material_id}"


class PostRewardCount(models.Model):
    """How many rewards of an activity are given, which the cap limits."""

    activity = models.OneToOneField(
        Activity, models.PROTECT, related_name="+", primary_key=True
    )
    given = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "posts_reward_count"

    def __str__(self) -> str:
        return f"{self.activity_id}: {self.given}"
