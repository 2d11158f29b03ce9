"""What an account may do, and what is wrong with it: each problem with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.channels.accounts import member_sign_in
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.accounts.providers import Explanation, Problem
from qunce.channels.matrix import (
    group_actions,
    invites,
    openid,
    power_levels,
    reports,
    rooms,
    sending,
)
from qunce.channels.matrix.client import (
    HomeserverDown,
    LimitExceeded,
    MatrixClient,
    MatrixError,
    ReplyLost,
)
from qunce.channels.matrix.models import Room
from qunce.channels.matrix.power_levels import PowerLevels

MAX_PROBLEMS = 100
LIMITED_FOR = timedelta(days=1)
"""How long it is reported that the server has asked us to wait."""
SILENT_AFTER = timedelta(minutes=10)
RIGHTS: dict[str, StrOrPromise] = {
    power_levels.SEND: gettext_lazy("send messages"),
    power_levels.REDACT: gettext_lazy("delete messages"),
    power_levels.INVITE: gettext_lazy("invite members"),
    power_levels.KICK: gettext_lazy("remove members"),
    power_levels.BAN: gettext_lazy("ban members"),
    power_levels.POWER_LEVELS: gettext_lazy("mute members"),
    power_levels.JOIN_RULES: gettext_lazy("close the group to newcomers"),
}
"""What the account needs in each room, by the word that Matrix has for it."""
(
    TOKEN_INVALID,
    TOKEN_UNREADABLE,
    OTHER_ACCOUNT,
    UNREACHABLE,
    NO_ROOMS,
    RIGHTS_MISSING,
    ENCRYPTED,
    REMOVED,
    INVITED,
    LIMITED,
    REPORTS_HIDDEN,
    OPENID_HIDDEN,
) = (
    "token_invalid",
    "token_unreadable",
    "other_account",
    "unreachable",
    "no_rooms",
    "rights_missing",
    "room_encrypted",
    "removed_from_room",
    "invite_waiting",
    "rate_limited",
    "reports_hidden",
    "openid_hidden",
)


def inspect(
    account: ChannelAccount, client: MatrixClient, *, at: datetime
) -> list[Problem]:
    """Ask the server whose token it is, and in each room what the account may do."""
    if not account.secret:
        return [Problem(TOKEN_UNREADABLE, is_blocking=True)]
    try:
        user = str(client.whoami().get("user_id", ""))
        if user != account.user:
            return [Problem(OTHER_ACCOUNT, {"user": user}, is_blocking=True)]
        found = [*_room_problems(account, client), *_other_problems(account, at)]
        if member_sign_in.origins_of(account) and openid.is_hidden(account):
            found.insert(0, Problem(OPENID_HIDDEN, {"path": openid.PATH}))
        if not reports.may_read(client):
            found.append(Problem(REPORTS_HIDDEN, {"user": user}, is_hint=True))
    except LimitExceeded:
        return [Problem(LIMITED)]
    except MatrixError as error:
        if is_invalid_token(error):
            return [Problem(TOKEN_INVALID, is_blocking=True)]
        return [Problem(UNREACHABLE, {"error": str(error)[:200]})]
    except (HomeserverDown, ReplyLost) as error:
        return [Problem(UNREACHABLE, {"error": str(error)[:200]})]
    # The hint is the last one, and not left out.
    return [*found[: MAX_PROBLEMS - 1], *found[MAX_PROBLEMS - 1 :][-1:]]


def is_invalid_token(error: MatrixError) -> bool:
    """Whether the server refuses the account, and not only what it asked for."""
    return (
        error.status == HTTPStatus.UNAUTHORIZED or error.code in sending.INVALID_TOKEN
    )


def _room_problems(account: ChannelAccount, client: MatrixClient) -> Iterator[Problem]:
    groups = rooms.list_joined(account).filter(is_direct=False)
    if not groups.exists():
        yield Problem(NO_ROOMS)
    for room in groups:
        if room.is_encrypted:
            yield Problem(ENCRYPTED, {"room": str(room)})
        levels = group_actions.load_levels(client, room)
        if missing := levels.missing(account.user, RIGHTS):
            yield _missing(account, room, levels, missing)


def _missing(
    account: ChannelAccount, room: Room, levels: PowerLevels, missing: list[str]
) -> Problem:
    needed = max(levels.needed_for(action) for action in RIGHTS)
    details = {
        "room": str(room),
        "room_id": room.room_id,
        "rights": ",".join(missing),
        "level": f"{levels.level_of(account.user):g}",
        "needed": f"{needed:g}",
        "user": account.user,
    }
    return Problem(RIGHTS_MISSING, details)


def _other_problems(account: ChannelAccount, at: datetime) -> Iterator[Problem]:
    for room in rooms.list_lost(account):
        yield Problem(
            REMOVED,
            {"room": str(room), "by": room.left_by, "reason": room.left_reason},
        )
    for room in invites.list_waiting(account):
        yield Problem(INVITED, {"room": str(room), "by": invites.inviter_of(room)})
    if account.limited_at is not None and at - account.limited_at < LIMITED_FOR:
        yield Problem(LIMITED)


def explain(problem: Problem) -> Explanation:
    """What is wrong, and how to put it right."""
    explanation = EXPLANATIONS.get(problem.code)
    if explanation is None:
        return Explanation(problem.code, "")
    details = dict.fromkeys(
        ("room", "by", "user", "level", "needed", "error", "reason", "path"), ""
    ) | dict(problem.details)
    wanted = problem.details.get("rights", "").split(",")
    names = [str(RIGHTS[right]) for right in wanted if right in RIGHTS]
    details["rights"] = _(", ").join(names)
    what, remedy = explanation()
    return Explanation(what % details, remedy % details)


EXPLANATIONS: Mapping[str, Callable[[], tuple[str, str]]] = {
    TOKEN_INVALID: lambda: (
        _("The homeserver no longer accepts the access token."),
        _("Create a new access token for the account and connect the channel again."),
    ),
    TOKEN_UNREADABLE: lambda: (
        _("The access token cannot be read with the secret key of this installation."),
        _("Connect the channel again with the access token."),
    ),
    OTHER_ACCOUNT: lambda: (
        _("The access token now belongs to another account, “%(user)s”."),
        _("Connect the channel again with the token of the right account."),
    ),
    UNREACHABLE: lambda: (
        _("The homeserver could not be reached: %(error)s"),
        _("Nothing is lost: Qunce tries again and then receives what it has missed."),
    ),
    NO_ROOMS: lambda: (
        _("The account is in no room yet."),
        _("Invite it into each room that Qunce should look after."),
    ),
    RIGHTS_MISSING: lambda: (
        _("In “%(room)s” the account may not: %(rights)s."),
        _(
            "It has power level %(level)s and needs %(needed)s. In the room, an "
            "administrator sends “/op %(user)s %(needed)s”, or sets it under Room "
            "settings → Roles & permissions."
        ),
    ),
    ENCRYPTED: lambda: (
        _("“%(room)s” is encrypted, so Qunce cannot read what is written there."),
        _(
            "Encryption cannot be switched off. Create a new room without it and move "
            "the members there."
        ),
    ),
    REMOVED: lambda: (
        _("%(by)s has removed the account from “%(room)s”. %(reason)s"),
        _("Invite the account again if Qunce should look after this room."),
    ),
    INVITED: lambda: (
        _("%(by)s invites the account into “%(room)s”."),
        _("Accept the invitation on this page if the room is yours, or refuse it."),
    ),
    REPORTS_HIDDEN: lambda: (
        _("Messages that members report in their app are not seen here."),
        _(
            "The homeserver shows reports to its administrators only. If it is yours, make "
            "%(user)s a server administrator, and reports come to the moderation queue. "
            "Everything else works without."
        ),
    ),
    OPENID_HIDDEN: lambda: (
        _("Members cannot sign in: the homeserver does not verify their tokens."),
        _(
            "Let %(path)s answer at the address of the homeserver. In Synapse it is the "
            "resource “openid” of the listener, and a proxy in front has to pass it on."
        ),
    ),
    LIMITED: lambda: (
        _("The homeserver asked Qunce to send more slowly."),
        _(
            "Messages wait and are sent later. An administrator of the server can lift "
            "the limit for this account; the guide says how."
        ),
    ),
}
