"""The contract of a kind of activity: one object per file in `activities/kinds`.

A kind carries all that is special about it: labels, settings, keywords, how a member takes
part, what the portal shows and what the results count. It works on the portal, in a chat
and by hand; the verb `kinds.base.take_part` is the only way into its `take_part`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from django.db import models
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.activities.activities.models import MAX_SAID, Activity, Entry, Way
from qunce.core import errors

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.core.guards.legal_notices import LegalNotice
    from qunce.core.staff.models import Staff

ALL_WAYS = frozenset(Way)
Choices = Sequence[tuple[str, "StrOrPromise"]]


class KindNotFound(errors.NotFound):
    """There is no such kind of activity."""


class InvalidSetting(errors.Invalid):
    """A setting of a kind is missing or out of its limits."""


class NotBetter(errors.Refused):
    """After publication a change has to be in the members' favour."""


def is_stricter(before: int | None, after: int | None) -> bool:
    """Whether a limit became lower; None is no limit."""
    return after is not None and (before is None or after < before)


class Aim(models.TextChoices):
    """What a kind is for, by which the kinds are listed; in the order of the list."""

    HABIT = "habit", gettext_lazy("Come back every day")
    CHANCE = "chance", gettext_lazy("Win something")
    PLAY = "play", gettext_lazy("Play and guess")
    VOICE = "voice", gettext_lazy("Ask and listen")
    SPEND = "spend", gettext_lazy("Spend points and buy")
    MEET = "meet", gettext_lazy("Meet")


@dataclass(frozen=True, kw_only=True)
class SettingField:
    """A setting of a kind, from which forms and the API make their fields.

    `type` is one of `number`, `money`, `text`, `lines`, `choice`, `choices`, `yes_no`,
    `dates`, `time` and `rows`. A time is stored as an ISO text in UTC, "" for none. Money is
    written as a text such as "88.00", and stored in the smallest unit of the community's
    currency. A number and money have limits; a null one means "no limit" where `none_label` names that, and no choice, "", is
    possible where it names that. `choices` that depend on what somebody sees are a
    function of the staff member. `rows` are a table of at most `most_rows` objects, with a
    value for each of `columns`.
    """

    name: str
    label: StrOrPromise
    type: str = "text"
    default: Any = ""
    help: StrOrPromise = ""
    least: int = 0
    most: int = 1_000_000
    max_length: int = 200
    none_label: StrOrPromise = ""
    choices: Choices | Callable[[Staff], Choices] = ()
    is_required: bool = False
    columns: tuple[SettingField, ...] = ()
    least_rows: int = 0
    most_rows: int = 50

    def list_choices(self, by: Staff) -> Choices:
        """The values that `by` can choose, with their labels; "" is not among them."""
        return self.choices(by) if callable(self.choices) else self.choices


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Somebody takes part; who it is and when it is comes from the server only.

    `accounts` are all accounts of the person. `served_at` is when the page was served on
    which it was asked for, `said_at` when it was said in a chat, as far as that is known.
    In a rehearsal everything is undone afterwards. What is heard was said without the
    keyword, so it may be about something else. `entries` are those that the person has, the
    oldest first, as `kinds.base.take_part` has read them; None if it has not.
    """

    activity: Activity
    account_id: int
    person_id: int
    accounts: tuple[int, ...]
    way: Way
    said: str
    key: str
    at: datetime
    served_at: datetime | None = None
    said_at: datetime | None = None
    group_id: int | None = None
    by: Staff | None = None
    is_rehearsal: bool = False
    is_heard: bool = False
    entries: tuple[Entry, ...] | None = None


class InGroup(StrEnum):
    """What a group reads of an answer in its chat, at most once in 10 minutes."""

    NOTHING = "nothing"
    RECEIVED = "received"
    STATE = "state"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the member reads. `is_repeated` marks the answer to the same key as before.

    In a chat it is sent to the member if it `is_direct`. A reply to something heard that
    `is_ignored` undoes all, and the message stays one for staff. What `turn_away` replies
    is not stored, so `is_stored` is false in what `kinds.base.take_part` returns then.
    """

    text: str
    accepted: bool = True
    is_repeated: bool = False
    code: str = ""
    is_direct: bool = True
    in_group: InGroup = InGroup.RECEIVED
    is_ignored: bool = False
    is_stored: bool = True


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What an activity can cost at most; null where it has no limit."""

    points: int | None = 0
    money: int | None = 0


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number of the results, of the people whom the reader sees."""

    key: str
    label: StrOrPromise
    value: int | str


def _no_check(activity: Activity, at: datetime) -> None:
    """Nothing but the general checks."""


def _nobody(attempt: Attempt) -> Reply | None:
    """Every attempt is judged and stored."""
    return None


def _no_cost(activity: Activity) -> Cost:
    return Cost()


def _nothing_to_compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Any change of the settings is in the members' favour."""


def _no_stock(activity: Activity) -> list[tuple[int, int]]:
    """No prizes."""
    return []


def _no_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    return {}


class Describe(Protocol):
    """Returns the rules as sentences, which mention the page only if there is one."""

    def __call__(self, activity: Activity, *, has_page: bool = True) -> list[str]: ...


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`take_part` runs inside a transaction, after eligibility was judged.

    `parse_line` returns what the rest of a pasted line says, None if it is not about this
    kind. `describe` returns the rules as sentences, for the review page, the portal and
    the texts to copy. `check_better` raises NotBetter. `check_publishable` and
    `check_settleable` raise with what is missing. `metrics` gets the people who count.
    `publish`, `close` and `cancel` run in the transaction of that step, after the state
    has changed. `portal_context` gets the account only of a visitor whom the page may show theirs.
    """

    key: str
    label: StrOrPromise
    description: StrOrPromise
    keywords: tuple[str, ...]
    take_part: Callable[[Attempt], Reply]
    describe: Describe
    metrics: Callable[[Activity, Sequence[int], datetime], list[Metric]]
    portal_template: str
    aim: Aim
    settings_form: tuple[SettingField, ...] = ()
    parse_line: Callable[[str], str | None] | None = None
    check_settings: Callable[[dict[str, Any]], None] | None = None
    check_better: Callable[[Mapping[str, Any], Mapping[str, Any]], None] = (
        _nothing_to_compare
    )
    check_publishable: Callable[[Activity, datetime], None] = _no_check
    check_settleable: Callable[[Activity, datetime], None] = _no_check
    publish: Callable[[Activity, datetime], None] = _no_check
    close: Callable[[Activity, datetime], None] = _no_check
    cancel: Callable[[Activity, datetime], None] = _no_check
    highest_cost: Callable[[Activity], Cost] = _no_cost
    list_stock: Callable[[Activity], list[tuple[int, int]]] = _no_stock
    """The ids of its prizes, and how many it promises of each."""
    portal_context: Callable[[Activity, int | None, datetime], dict[str, Any]] = (
        _no_context
    )
    ways: frozenset[Way] = field(default=ALL_WAYS)
    notices: tuple[LegalNotice, ...] = ()
    """What the law or a platform says about this kind, for the page before publication."""
    may_extend: bool = True
    """Whether the end can become later once members have read it."""
    may_close_early: bool = False
    """Whether staff can close it before the end that members have read."""
    takes_late: bool = False
    """Whether what was said before the end is taken from staff until it is settled."""
    listens: Callable[[Activity, str], str | None] | None = None
    """What a line of a chat without the keyword says for a running activity, None if it
    is about something else. In a direct chat only those who joined are listened to."""
    listens_to_all: bool = False
    """Whether in a direct chat those who have not joined are listened to as well."""
    choose: Callable[[Sequence[Activity], str], Sequence[Activity]] | None = None
    """Which of several running activities the words after the keyword are for; all of
    them without this."""
    describe_state: Callable[[Activity], str] | None = None
    """How far it is, in one line, for a group that reads `InGroup.STATE`."""
    spends_points: bool = False
    """Whether taking part spends points, which needs a sign-in on the page."""
    max_said: int = MAX_SAID
    """Characters that members can write. A pasted line has at most MAX_SAID."""
    turn_away: Callable[[Attempt], Reply | None] = _nobody
    """Answers an attempt before anything is written, such as one after the last piece.

    Not in chats, where what is answered is stored to be sent."""

    @property
    def keyword(self) -> str:
        """The keyword to write in a chat, in the active language."""
        is_chinese = (translation.get_language() or "").startswith("zh")
        fitting = [word for word in self.keywords if word.isascii() != is_chinese]
        return (fitting or list(self.keywords))[0]

    def read_line(self, text: str) -> str | None:
        """What a line of a chat says for this kind, None if it is about something else."""
        if self.parse_line is not None:
            return self.parse_line(text)
        return find_after_keyword(text, self.keywords)


SEPARATORS = " \t:：,，。.、!！~～;；"
FOLLOWING = re.compile(r"[\s\d第#＃]|[^\w]")
"""What may follow a keyword directly: 打卡第三天 and 竞拍88 are meant, 打卡机 is not."""


def find_after_keyword(text: str, keywords: Sequence[str]) -> str | None:
    """The words after a keyword that a text begins with, "" if it is only the keyword.

    None for a text that asks something, or only has a word in it that is like a keyword.
    """
    said = text.strip()
    if said.endswith(("?", "？", "吗")):
        return None
    lowered = said.casefold()
    for keyword in sorted(keywords, key=len, reverse=True):
        if not lowered.startswith(keyword.casefold()):
            continue
        rest = said[len(keyword) :]
        if not rest or FOLLOWING.match(rest):
            return rest.strip(SEPARATORS)
    return None


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    _kinds[kind.key] = kind
    return kind


def unregister(key: str) -> None:
    _kinds.pop(key, None)


def get(key: str) -> Kind:
    try:
        return _kinds[key]
    except KeyError:
        text = _("There is no kind of activity “%(kind)s”. Choose one of: %(kinds)s.")
        raise KindNotFound(
            text % {"kind": key[:30], "kinds": ", ".join(sorted(_kinds))}
        ) from None


def list_kinds() -> list[Kind]:
    return sorted(_kinds.values(), key=lambda kind: kind.key)


def list_by_aim() -> list[tuple[Aim, list[Kind]]]:
    """The kinds under what they are for; what no kind is for is left out."""
    kinds = list_kinds()
    by_aim = [(aim, [kind for kind in kinds if kind.aim == aim]) for aim in Aim]
    return [(aim, found) for aim, found in by_aim if found]
