"""The setting `hashtag` of topics and posts: one of an open activity belongs to it alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from qunce.activities.activities.kind_contract import InvalidSetting, NotBetter
from qunce.activities.activities.models import OPEN, Activity
from qunce.activities.topics import hashtags

KINDS = ("topic", "post")
MAX_SETTING = hashtags.MAX_HASHTAG + 2
"""Characters of the setting, which may have a sign before and after it."""


def read(activity: Activity) -> str:
    """The hashtag without its signs, as staff wrote it; "" for none."""
    return str(activity.settings["hashtag"]).strip(hashtags.SIGNS + " ")


def key_of(activity: Activity) -> str:
    """The key of the hashtag, "" for none."""
    return hashtags.normalise(read(activity))


def written_as(activity: Activity) -> str:
    """The hashtag as members write it."""
    return f"{hashtags.SIGN}{read(activity)}{hashtags.SIGN}"


def check_valid(settings: Mapping[str, Any]) -> None:
    """Raise InvalidSetting unless the hashtag is read as one."""
    if settings["hashtag"] and not hashtags.is_valid(settings["hashtag"]):
        raise InvalidSetting(
            _(
                "“Hashtag” needs 1 to %(n)s letters or digits, without spaces and "
                "punctuation, such as #reading#."
            )
            % {"n": hashtags.MAX_HASHTAG}
        )


def check_free(activity: Activity) -> None:
    """Raise InvalidSetting if another open activity has the hashtag."""
    key = key_of(activity)
    rows = Activity.objects.filter(
        community=activity.community_id, kind__in=KINDS, state__in=OPEN
    )
    for other in rows.exclude(pk=activity.pk).order_by("pk"):
        if key and key_of(other) == key:
            raise InvalidSetting(
                _(
                    "The hashtag %(hashtag)s belongs to “%(name)s”, which is not over. "
                    "Choose another one."
                )
                % {"hashtag": written_as(activity), "name": other.name}
            )


def check_same(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Raise NotBetter for another hashtag after publication."""
    if hashtags.normalise(before["hashtag"]) != hashtags.normalise(after["hashtag"]):
        raise NotBetter(
            _("Members have read the hashtag. It cannot change after publication.")
        )
