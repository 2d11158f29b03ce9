"""Recommended rules, from which staff start; all of them observe at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.groups.moderation.checks import base

NEWCOMER_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A rule in the form in which rules are created. `options` has those by check."""

    key: str
    name: StrOrPromise
    description: StrOrPromise
    options: Mapping[str, Mapping[str, Any]]
    conditions: Mapping[str, Any] = field(default_factory=dict)

    def list_checks(self) -> list[dict[str, Any]]:
        """The checks with all their options."""
        checks = []
        for key, given in self.options.items():
            check = base.get(key)
            options = check.options_to_json(check.parse_options(given))
            checks.append({"check": key, "options": options})
        return checks


PRESETS: Sequence[Preset] = (
    Preset(
        key="contacts",
        name=gettext_lazy("Contacts and invitations"),
        description=gettext_lazy(
            "Other people’s numbers, ids, short links, invitations and QR codes. Enter "
            "your own as allowed."
        ),
        options={"contacts": {}, "codes": {}, "shares": {}},
    ),
    Preset(
        key="floods",
        name=gettext_lazy("Floods and repeats"),
        description=gettext_lazy(
            "More than 8 messages in 10 seconds or 15 in a minute, or one text three "
            "times in ten minutes."
        ),
        options={"floods": {}, "repeats": {}},
    ),
    Preset(
        key="copies",
        name=gettext_lazy("One advert from many accounts"),
        description=gettext_lazy(
            "Nearly the same text of three people within ten minutes."
        ),
        options={"copies": {}},
    ),
    Preset(
        key="join_wave",
        name=gettext_lazy("Join wave"),
        description=gettext_lazy("More than 15 people who join within a minute."),
        options={"join_waves": {}},
    ),
    Preset(
        key="newcomers",
        name=gettext_lazy("Links of newcomers"),
        description=gettext_lazy(
            "Any link, address or forwarded message in the first seven days in a group."
        ),
        options={
            "contacts": {"link": "none", "email": "none"},
            "shares": {"forward": "none"},
        },
        conditions={"newcomer_days": NEWCOMER_DAYS},
    ),
    Preset(
        key="learned",
        name=gettext_lazy("Adverts like earlier ones"),
        description=gettext_lazy(
            "Messages like those of your settled cases, for staff to look at."
        ),
        options={"classified": {}},
    ),
)


def find(key: str) -> Preset | None:
    return next((preset for preset in PRESETS if preset.key == key), None)
