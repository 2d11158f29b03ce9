"""What every command may be given: community, operator, moment, language, rule.

This is where the command line reads the clock; everything below takes `at`.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.db import IntegrityError
from django.utils.translation import activate
from django.utils.translation import gettext as _

from qunce.core import communities, community_days, errors, timestamps
from qunce.core.staff import models as staff_models

LANGUAGES = {"zh": "zh-hans", "en": "en"}
DEFAULT_KEY = "default"
BEARABLE = 2_000_000
"""Facts that a question counts first; what waits beyond that, `serve` brings in."""


class BadUsage(errors.Invalid):
    """The command was not given as it has to be."""


class WhichCommunity(errors.Invalid):
    """Several communities live here and none was named."""


class UnknownOperator(errors.NotFound):
    """Nobody works here under that login."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    common = parser.add_argument_group(_("common options"))
    known = parser._option_string_actions

    def add(flag: str, **options: Any) -> None:
        if flag not in known:
            # An action's parser must not put its defaults over what stood before it.
            common.add_argument(flag, default=argparse.SUPPRESS, **options)

    add("--json", action="store_true", help=_("print one JSON document"))
    add(
        "--community",
        metavar="KEY",
        help=_("required if there are several communities"),
    )
    add("--at", metavar="ISO", help=_("time to use as the current time"))
    add("--as", dest="login", metavar="LOGIN", help=_("act as this staff member"))
    add("--lang", choices=sorted(LANGUAGES), help=_("output language"))


DEFAULTS = {"json": False, "community": None, "at": None, "login": None, "lang": None}


def fill(args: argparse.Namespace) -> None:
    for name, value in DEFAULTS.items():
        if not hasattr(args, name):
            setattr(args, name, value)


def settle(args: argparse.Namespace) -> None:
    """Turn `at` into a moment, and speak the community's language unless told."""
    if args.at is None:
        args.at = datetime.now(UTC)
    else:
        args.at = moment(args.at, _clock(args))
    if language(_told(args)) is None:
        only = communities.Community.objects.order_by("pk")[:2]
        if len(only) == 1:
            activate(only[0].language)


def _clock(args: argparse.Namespace) -> communities.Community:
    """The community whose time zone `at` is read in.

    One that does not exist yet must not be created here, for its first moment is `at`;
    an unsaved one stands in for it.
    """
    every = communities.Community.objects.all()
    named = every.filter(key=args.community) if args.community else every
    if named.exists():
        return community(args)
    zone = getattr(args, "timezone", None)
    return communities.Community(**({"timezone": zone} if zone else {}))


def _told(args: argparse.Namespace) -> list[str]:
    return ["--lang", args.lang] if args.lang else []


def language(words: Sequence[str]) -> str | None:
    """What the reader asked for, or the environment tells; None where neither does."""
    told = [*words]
    while told:  # the last one counts, as argparse has it
        value = told.pop()
        if value.startswith("--lang="):
            return LANGUAGES.get(value.removeprefix("--lang="))
        if told[-1:] == ["--lang"]:
            return LANGUAGES.get(value)
    for variable in ("QUNCE_LANG", "LC_ALL", "LANG"):
        found = LANGUAGES.get(os.environ.get(variable, "")[:2].lower())
        if found:
            return found
    return None


def moment(text: str, community: communities.Community) -> datetime:
    """ISO 8601; without an offset it is the community's own clock."""
    try:
        if len(text) == len("2026-03-05"):
            day = community_days.from_date(date.fromisoformat(text))
            begin = community_days.begin(community.timezone, community.day_start, day)
            return timestamps.from_micros(begin)
        given = datetime.fromisoformat(text)
    except ValueError:
        raise BadUsage(
            _("“%(text)s” is not a valid time. Write it like 2026-03-05T20:00.")
            % {"text": text}
        ) from None
    if given.tzinfo is None:
        given = given.replace(tzinfo=communities.zone(community))
    return given.astimezone(UTC)


def community(args: argparse.Namespace) -> communities.Community:
    """The one that was named, or the only one; an empty home gets it made."""
    here = list(communities.Community.objects.order_by("key"))
    if not here:
        return _first(args.community or DEFAULT_KEY, args.at)
    if args.community is None and len(here) > 1:
        keys = ", ".join(each.key for each in here)
        raise WhichCommunity(
            _("Choose a community with --community: %(keys)s.") % {"keys": keys}
        )
    if args.community is None:
        return here[0]
    for each in here:
        if each.key == args.community:
            return each
    return communities.get(args.community)


def any_community(args: argparse.Namespace) -> None:
    """For what serves all of them: an empty home gets its first."""
    if not communities.Community.objects.exists():
        community(args)


def _first(key: str, at: datetime) -> communities.Community:
    try:
        return communities.create(key=key, at=at, language=language([]) or "zh-hans")
    except IntegrityError:  # another process was faster
        return communities.get(key)


def staff(
    args: argparse.Namespace, community: communities.Community
) -> staff_models.Staff:
    """Who acts: `--as LOGIN`, else the house itself."""
    if not args.login:
        return staff_models.system(community)
    found = staff_models.Staff.objects.filter(community=community, login=args.login)
    for each in found:
        return each
    raise unknown(community, args.login)


def unknown(community: communities.Community, login: str) -> UnknownOperator:
    return UnknownOperator(
        _("There is no staff member with the login “%(login)s” in “%(community)s”.")
        % {"community": community.key, "login": login}
    )


def rule(text: str) -> Any:
    """A rule as JSON, `@file` with JSON in it, or `segment:key`."""
    if text.startswith("segment:"):
        return {"segment": {"any": [text.removeprefix("segment:")]}}
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8-sig")
        except OSError as error:
            raise BadUsage(
                _("The rule file cannot be read: %(why)s.") % {"why": error}
            ) from None
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadUsage(
            _("The rule is not valid JSON: %(why)s.") % {"why": error}
        ) from None
