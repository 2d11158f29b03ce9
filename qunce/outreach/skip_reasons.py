"""Why a recipient did not get the message: the codes, and their labels for staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

WORKS_HERE = "works_here"
LEFT = "left"
EXCLUDED = "excluded"
OPTED_OUT = "opted_out"
BLACKLISTED = "blacklisted"
IN_OTHER_GROUP = "in_other_group"
OVER_CONTACT_LIMIT = "over_contact_limit"
NOT_VISIBLE = "not_visible"
NO_VALUE = "no_value"
NO_ADDRESS = "no_address"
GROUP_RETIRED = "group_retired"
CANCELLED = "cancelled"
HELD_OUT = "held_out"
TOO_SOON = "too_soon"
STALE = "stale"
MATERIAL = "material"
NO_SENDER = "no_sender"
TOO_MANY_ATTEMPTS = "too_many_attempts"
CARE_BUDGET = "care_budget"
KEPT_PLACE = "kept_place"

LABELS: dict[str, StrOrPromise] = {
    WORKS_HERE: gettext_lazy("works here or is a volunteer"),
    LEFT: gettext_lazy("has left the community"),
    EXCLUDED: gettext_lazy("is excluded by the campaign"),
    OPTED_OUT: gettext_lazy("has opted out of messages"),
    BLACKLISTED: gettext_lazy("is on the blacklist"),
    IN_OTHER_GROUP: gettext_lazy("is in another group of the set"),
    OVER_CONTACT_LIMIT: gettext_lazy("the contact limit is reached"),
    TOO_SOON: gettext_lazy("the last message was too recent"),
    KEPT_PLACE: gettext_lazy("the place is kept for a more important campaign"),
    HELD_OUT: gettext_lazy("is held out for comparison"),
    NO_SENDER: gettext_lazy("no sender is chosen"),
    STALE: gettext_lazy("it was too late to send it"),
    MATERIAL: gettext_lazy("a material is archived, sold out or out of licence"),
    NOT_VISIBLE: gettext_lazy("is not visible to any of the selected staff"),
    NO_VALUE: gettext_lazy("a variable has no value and no fallback"),
    NO_ADDRESS: gettext_lazy("has no account on this channel"),
    GROUP_RETIRED: gettext_lazy("the group is retired"),
    CANCELLED: gettext_lazy("was cancelled"),
    TOO_MANY_ATTEMPTS: gettext_lazy("too many failed attempts"),
    CARE_BUDGET: gettext_lazy("the budget of care of this month is spent"),
    "channel_down": gettext_lazy("the channel could not be reached"),
}


class SendFailure(models.TextChoices):
    """The reasons that staff choose from if they cannot send a message."""

    NOT_FOUND = "not_found", gettext_lazy("not among my contacts")
    BLOCKED = "blocked", gettext_lazy("they blocked or deleted me")
    NOT_IN_GROUP = "not_in_group", gettext_lazy("I am not in this group")
    MUTED = "muted", gettext_lazy("the group is muted now")
    UNSUITABLE = "unsuitable", gettext_lazy("not suitable for this person now")
    OTHER = "other", gettext_lazy("another reason")


MEMBER_FAILURES = (
    SendFailure.NOT_FOUND,
    SendFailure.BLOCKED,
    SendFailure.UNSUITABLE,
    SendFailure.OTHER,
)
GROUP_FAILURES = (SendFailure.NOT_IN_GROUP, SendFailure.MUTED, SendFailure.OTHER)


def label_of(reason: str) -> str:
    """The label of a code. Codes that only a channel knows are returned unchanged."""
    if reason in SendFailure:
        return str(SendFailure(reason).label)
    return str(LABELS.get(reason, reason))


def sentence(reason: str, *, kept_for: str) -> str:
    """The label of a code, with the name of the campaign that a place is kept for.

    The name is "" for a campaign that the asker does not see.
    """
    if reason == KEPT_PLACE and kept_for:
        return _("the place is kept for “%(name)s”") % {"name": kept_for}
    return label_of(reason)
