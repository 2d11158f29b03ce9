"""What a command is called with: community, staff member, time, language, rules.

This is where the command line reads the clock; everything below takes `at`.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from django.db import DatabaseError, IntegrityError
from django.utils.translation import gettext as _

from qunce.cli import base, help_language
from qunce.cli.output import Out
from qunce.core import communities, community_days, data_dir, errors, timestamps
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.sets.mirror import deriver
from qunce.sets.rules import tree

DEFAULT_KEY = "default"
MAX_FACTS_TO_DERIVE = 2_000_000
"""Facts that a command derives before it answers; `serve` derives the rest."""


class BadUsage(errors.Invalid):
    """The command line is not valid."""


class CommunityRequired(errors.Invalid):
    """There are several communities, and none was chosen."""


class StaffNotFound(errors.NotFound):
    """There is no staff member with this login."""


class Invocation:
    """One call of a command. Community, staff member and time are found when needed."""

    def __init__(self, common: base.CommonOptions, out: Out) -> None:
        self.out = out
        self.community_key = common.community
        # Of a community that the command is about to create.
        self.timezone: str | None = None
        self._login, self._at, self._language = (
            common.login,
            common.at,
            common.language,
        )
        # Read once, so that all steps of a command happen at the same time.
        self.now = datetime.now(UTC)

    @cached_property
    def at(self) -> datetime:
        """The time of `--at`, else of the clock, which is read once."""
        if self._at is None:
            return self.now
        # A time without an offset is in the time zone of the community.
        chosen = Community.objects.all()
        if self.community_key:
            chosen = chosen.filter(key=self.community_key)
        # A community that does not exist must not be created here, because `at` becomes
        # the time of its creation. An unsaved one stands in for it.
        # One with an offset needs no community, of which there may be several.
        if _has_offset(self._at):
            clock = Community()
        elif self.timezone:
            clock = Community(timezone=self.timezone)
        else:
            clock = self.community if chosen.exists() else Community()
        return parse_time(self._at, clock)

    @cached_property
    def community(self) -> Community:
        """The chosen community, or the only one; an empty home gets its first."""
        existing = list(Community.objects.order_by("key"))
        if not existing:
            # A new installation needs no set-up before its first command.
            return self._create_first()
        if self.community_key is None and len(existing) > 1:
            keys = ", ".join(community.key for community in existing)
            raise CommunityRequired(
                _("Choose a community with --community: %(keys)s.") % {"keys": keys}
            )
        if self.community_key is None:
            return existing[0]
        return communities.get(self.community_key)

    @cached_property
    def by(self) -> Staff:
        """The staff member of `--as`, else the system user."""
        if not self._login:
            return staff_models.system(self.community)
        return get_staff(self.community, self._login)

    @cached_property
    def preview_args(self) -> dict[str, Any]:
        """Like `query_args`, but an empty home gets no community, not even its first."""
        if Community.objects.exists():
            community = self.community
        else:
            key = self.community_key or DEFAULT_KEY
            language = help_language.requested_language([]) or "zh-hans"
            community = Community(
                pk=0, key=key, name=key, language=language, created_at=self.at
            )
        if self._login:
            by = get_staff(community, self._login)
        else:
            by = staff_models.system_for_preview(community)
        return {"community": community, "by": by, "at": self.at}

    @property
    def is_by_staff(self) -> bool:
        return bool(self._login)

    @property
    def verb_args(self) -> dict[str, Any]:
        """`by` and `at`, as most verbs take them."""
        return {"by": self.by, "at": self.at}

    @property
    def query_args(self) -> dict[str, Any]:
        """`community`, `by` and `at`, as questions about audiences take them."""
        return {"community": self.community, **self.verb_args}

    def derive(self, *, wait: bool = True) -> None:
        """Derive the facts that are not yet counted, before a question about them."""
        deriver.catch_up(limit=MAX_FACTS_TO_DERIVE, wait=wait)

    def ensure_community(self) -> None:
        """Create the first community of an empty home, for commands that serve all."""
        if not Community.objects.exists():
            self._create_first()

    def _create_first(self) -> Community:
        key, language = self.community_key or DEFAULT_KEY, self.language() or "zh-hans"
        try:
            community = communities.create(key=key, at=self.at, language=language)
        except IntegrityError:  # another process was faster
            community = communities.get(key)
        # The first output is in the language of all that follow.
        self.activate_language()
        return community

    def act_as(self, login: str | None) -> None:
        self._login = login or self._login

    def language(self) -> str | None:
        """The language that the user asked for, by option or environment."""
        words = ["--lang", self._language] if self._language else []
        return help_language.requested_language(words)

    def activate_language(self) -> None:
        """Use the only community's language unless the user asked for another."""
        if self.language() is None:
            # Two rows are enough to know that there are several.
            languages = Community.objects.values_list("language", flat=True)[:2]
            if len(languages) == 1:
                help_language.activate(languages[0])


def pass_invocation(function: Callable[..., Any]) -> Callable[..., Any]:
    """Call a command with an `Invocation`, in a home whose database is up to date."""

    @functools.wraps(function)
    def call(**params: Any) -> Any:
        common = click.get_current_context().ensure_object(base.CommonOptions)
        out = Out(as_json=common.json)
        try:
            # Before anything reads the database, which may be empty or of an older version.
            data_dir.ready()
            invocation = Invocation(common, out)
            invocation.activate_language()
            return function(invocation, **params)
        finally:
            # A reader that has closed the pipe shows here and not at the exit of Python.
            out.flush()

    return call


def pass_invocation_of_repair(function: Callable[..., Any]) -> Callable[..., Any]:
    """Like `pass_invocation`, for commands that mend a home.

    They are called with `damaged`, which is None if the databases can be read.
    """

    @functools.wraps(function)
    def call(**params: Any) -> Any:
        common = click.get_current_context().ensure_object(base.CommonOptions)
        out, damaged = Out(as_json=common.json), None
        try:
            try:
                data_dir.ready()
            except data_dir.DatabaseDamaged as error:
                damaged = error
            invocation = Invocation(common, out)
            with contextlib.suppress(DatabaseError):
                invocation.activate_language()
            return function(invocation, damaged=damaged, **params)
        finally:
            out.flush()

    return call


def get_staff(community: Community, login: str) -> Staff:
    try:
        return Staff.objects.get(community=community, login=login)
    except Staff.DoesNotExist:
        raise staff_not_found(community, login) from None


def staff_not_found(community: Community, login: str) -> StaffNotFound:
    return StaffNotFound(
        _("There is no staff member with the login “%(login)s” in “%(community)s”.")
        % {"community": community.key, "login": login}
    )


def _has_offset(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def parse_time(text: str, community: Community) -> datetime:
    """Parse ISO 8601; without an offset it is in the community's time zone."""
    try:
        # A date means the start of that community day, which need not be midnight.
        if len(text) == len("2026-03-05"):
            day = community_days.from_date(date.fromisoformat(text))
            start = community_days.start_of(
                community.timezone, community.day_start, day
            )
            return timestamps.from_micros(start)
        time = datetime.fromisoformat(text)
    except ValueError:
        raise BadUsage(
            _("“%(text)s” is not a valid time. Write it like 2026-03-05T20:00.")
            % {"text": text}
        ) from None
    if time.tzinfo is None:
        return _to_utc(time, communities.zone(community))
    return time.astimezone(UTC)


def _to_utc(time: datetime, zone: ZoneInfo) -> datetime:
    """Refuse a local time that does not exist, or exists twice, when clocks change."""
    first = time.replace(tzinfo=zone)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != time:
        raise BadUsage(
            _("“%(text)s” does not exist in %(zone)s, as clocks are set forward then.")
            % {"text": time.isoformat(), "zone": zone.key}
        )
    if first.utcoffset() != first.replace(fold=1).utcoffset():
        raise BadUsage(
            _(
                "“%(text)s” is there twice in %(zone)s, as clocks are set back then. "
                "Write it with its offset, such as %(example)s."
            )
            % {"text": time.isoformat(), "zone": zone.key, "example": first.isoformat()}
        )
    return first.astimezone(UTC)


def parse_rule(text: str) -> Any:
    """Parse a rule given as JSON, as `@file` with JSON in it, or as `segment:KEY`."""
    if text.startswith("segment:"):
        return {"segment": {"any": [text.removeprefix("segment:")]}}
    if text.startswith("@"):
        try:
            # Editors on Windows put a byte order mark before the text.
            text = Path(text[1:]).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise BadUsage(
                _("The rule file cannot be read: %(why)s.") % {"why": error}
            ) from None
    try:
        return json.loads(text, object_pairs_hook=tree.refuse_duplicates)
    except ValueError as error:
        raise BadUsage(
            _("The rule is not valid JSON: %(why)s.") % {"why": error}
        ) from None


def format_rule(rule: Any) -> str:
    return json.dumps(rule, ensure_ascii=False)
