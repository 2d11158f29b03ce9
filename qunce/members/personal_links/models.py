"""The tables behind member pages: devices, their links and sign-ins, codes and views."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account

MAX_PURPOSE_LENGTH = 30
MAX_SOURCE_LENGTH = 30


@personal_texts.erased_in("contact")
class PortalSettings(models.Model):
    """How the member pages of a community are; without a row they are open.

    `contact` is whom members ask.
    """

    community = models.OneToOneField(Community, models.PROTECT, related_name="+")
    is_open = models.BooleanField(default=True)
    contact = models.CharField(max_length=100, default="", blank=True)

    def __str__(self) -> str:
        return f"member pages of {self.community_id}"


class Device(models.Model):
    """A browser of a member, by the digest of the secret in its cookie."""

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    digest = models.BinaryField(max_length=32)
    label = models.CharField(max_length=30)
    """What members recognise it by, such as “iPhone, WeChat”."""
    first_seen_at = timestamps.TimestampField()
    last_seen_at = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "digest"], name="one_row_per_device"
            )
        ]

    def __str__(self) -> str:
        return f"device {self.pk}"


class LinkBinding(models.Model):
    """A personal link that staff made, or that a device has, or that was revoked.

    Links in messages have no row before one of the last two.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    token_id = models.BinaryField(max_length=8, unique=True)
    purpose = models.CharField(max_length=MAX_PURPOSE_LENGTH)
    source = models.CharField(max_length=MAX_SOURCE_LENGTH, default="", blank=True)
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="links")
    made_at = timestamps.TimestampField()
    expires_at = timestamps.TimestampField()
    bound_at = timestamps.TimestampField(null=True)
    revoked_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"link of {self.account_id} for {self.purpose}"


class LinkRevocation(models.Model):
    """All links of a member, or for a purpose, that were made until a moment."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    purpose = models.CharField(max_length=MAX_PURPOSE_LENGTH, default="", blank=True)
    revoked_at = timestamps.TimestampField()
    by = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        indexes = [
            models.Index(fields=["community", "purpose"], name="revocation_by_purpose")
        ]

    def __str__(self) -> str:
        return f"links revoked at {self.revoked_at}"


class SignIn(models.Model):
    """A device on which a member is signed in; `rung` is 3 or 4.

    `provider` is the channel, or “code”. `expires_at` is when it ends at the latest; see
    `devices.find_sign_in`.
    """

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, models.PROTECT, related_name="sign_ins")
    rung = models.PositiveSmallIntegerField()
    provider = models.CharField(max_length=20)
    signed_in_at = timestamps.TimestampField()
    expires_at = timestamps.TimestampField()
    ended_at = timestamps.TimestampField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["device"],
                condition=models.Q(ended_at__isnull=True),
                name="one_sign_in_per_device",
            )
        ]

    def __str__(self) -> str:
        return f"sign-in of {self.account_id}"


class SignInCode(models.Model):
    """Six digits, as a keyed hash: shown to a device, or made for an account.

    One that is shown gets its account when it is confirmed, one that is made its device
    when it is typed.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="+")
    digits = models.BinaryField(max_length=32)
    made_at = timestamps.TimestampField()
    expires_at = timestamps.TimestampField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", db_index=False
    )

    def __str__(self) -> str:
        return f"sign-in code {self.pk}"


class ChannelProof(models.Model):
    """What proved through a channel who a member is, by the digest of its token.

    It is taken once: by the device that sent it, or by the browser that sends the code,
    of which there is a digest, too.
    """

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    channel = models.CharField(max_length=20)
    digest = models.BinaryField(max_length=32, unique=True)
    code = models.BinaryField(max_length=32, null=True, unique=True)
    proven_at = timestamps.TimestampField()
    expires_at = timestamps.TimestampField()
    used_at = timestamps.TimestampField(null=True)

    def __str__(self) -> str:
        return f"proof of {self.account_id}"


class RequestCount(models.Model):
    """How many requests of one subject, by its digest, were sent in one span of time."""

    subject = models.CharField(max_length=30)
    window = models.BigIntegerField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "window"], name="one_count_per_window"
            )
        ]
        indexes = [models.Index(fields=["window"], name="request_count_by_window")]

    def __str__(self) -> str:
        return self.subject


class PageView(models.Model):
    """A member's view of a page in one half hour; `half_hour` counts from 1970."""

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    account = models.ForeignKey(
        Account, models.PROTECT, related_name="+", db_index=False
    )
    page = models.CharField(max_length=MAX_PURPOSE_LENGTH)
    half_hour = models.IntegerField()
    seconds = models.PositiveIntegerField(default=0)
    source = models.CharField(max_length=MAX_SOURCE_LENGTH, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "page", "half_hour"], name="one_view_per_half_hour"
            )
        ]
        indexes = [
            models.Index(fields=["community", "page"], name="page_views_by_page")
        ]

    def __str__(self) -> str:
        return f"view of {self.page} by {self.account_id}"


class AnonymousViews(models.Model):
    """Views of a page on a community day by nobody we know, and by programs."""

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    page = models.CharField(max_length=MAX_PURPOSE_LENGTH)
    day = models.IntegerField()
    views = models.PositiveIntegerField(default=0)
    seconds = models.PositiveBigIntegerField(default=0)
    programs = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "page", "day"], name="one_row_per_page_and_day"
            )
        ]

    def __str__(self) -> str:
        return f"anonymous views of {self.page}"


class SharedPage(models.Model):
    """A device that opened a page through a member's link or reference."""

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    account = models.ForeignKey(
        Account, models.PROTECT, related_name="+", db_index=False
    )
    page = models.CharField(max_length=MAX_PURPOSE_LENGTH)
    opened_by = models.BinaryField(max_length=32)
    opened_at = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "page", "opened_by"], name="one_share_per_device"
            )
        ]
        indexes = [models.Index(fields=["community", "page"], name="shares_by_page")]

    def __str__(self) -> str:
        return f"share of {self.page} by {self.account_id}"


class ErasureState(models.TextChoices):
    OPEN = "open", gettext_lazy("open")
    ERASED = "erased", gettext_lazy("erased")
    DECLINED = "declined", gettext_lazy("declined")
    WITHDRAWN = "withdrawn", gettext_lazy("withdrawn")


@personal_texts.erased_in(sentences=("answer",))
class ErasureRequest(models.Model):
    """A member's wish to be erased; `answer` says why it was declined."""

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=10, choices=ErasureState.choices, default=ErasureState.OPEN
    )
    requested_at = timestamps.TimestampField()
    closed_at = timestamps.TimestampField(null=True)
    answer = models.CharField(max_length=300, default="", blank=True)
    by = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        indexes = [models.Index(fields=["community", "state"], name="erasure_by_state")]
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=models.Q(state="open"),
                name="one_open_erasure_request",
            )
        ]

    def __str__(self) -> str:
        return f"erasure request of {self.account_id}"
