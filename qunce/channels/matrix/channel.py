"""The channel Matrix, and how a community connects its account on a homeserver."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _

from qunce.channels import channel_contract
from qunce.channels.accounts import accounts
from qunce.channels.accounts.invitations import Invitation, InvitationNotAnswered
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.accounts.providers import Explanation, Problem
from qunce.channels.accounts.receiving import AccountRefused, TryLater
from qunce.channels.channel_contract import (
    NOT_CONNECTED,
    AttachmentKind,
    Capabilities,
    GroupAction,
    LengthUnit,
    Message,
    Outcome,
)
from qunce.channels.matrix import (
    client,
    erased_members,
    group_actions,
    homeservers,
    invites,
    openid,
    reports,
    rights,
    rooms,
    sync,
)
from qunce.channels.matrix.client import (
    HomeserverDown,
    LimitExceeded,
    MatrixError,
    ReplyLost,
)
from qunce.channels.matrix.sending import Batch

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

log = logging.getLogger(__name__)
NAME = sync.CHANNEL
CAPABILITIES = Capabilities(
    to_member=True,
    to_group=True,
    can_mute=True,
    can_kick=True,
    can_ban=True,
    can_delete=True,
    can_invite=True,
    can_close_door=True,
    idempotent_sends=True,
    # An event has at most 65,536 bytes, with everything that is around the text.
    max_length=40_000,
    length_unit=LengthUnit.BYTES,
    attachments=frozenset(
        {AttachmentKind.IMAGE, AttachmentKind.VIDEO, AttachmentKind.FILE}
    ),
    max_attachments=10,
)


@dataclass(frozen=True)
class MatrixChannel:
    """Without an account it describes the channel; `for_community` gives it one."""

    account: ChannelAccount | None = None
    name: ClassVar[str] = NAME
    label: ClassVar[StrOrPromise] = "Matrix"

    @property
    def capabilities(self) -> Capabilities:
        if self.account is None:
            return CAPABILITIES
        per_minute = self.account.settings.get("per_minute")
        return replace(CAPABILITIES, per_minute=per_minute)

    def send(self, messages: Sequence[Message], *, at: datetime) -> list[Outcome]:
        if not messages:
            return []
        if self.account is None:
            return [channel_contract.failed(NOT_CONNECTED)] * len(messages)
        with client.connected(self.account.address, self.account.secret) as connection:
            return Batch(self.account, connection, at).send_all(messages)

    def act(self, action: GroupAction, *, at: datetime) -> Outcome:
        if self.account is None:
            return channel_contract.failed(NOT_CONNECTED)
        with client.connected(self.account.address, self.account.secret) as connection:
            return group_actions.Actor(self.account, connection, at).act(action)

    def for_community(self, community_id: int) -> MatrixChannel:
        return MatrixChannel(accounts.find(community_id, NAME))


def is_connected(community_id: int) -> bool:
    return accounts.find(community_id, NAME) is not None


@dataclass(frozen=True)
class MatrixProvider:
    """Connects accounts, checks their rights, answers their invitations and receives.

    Members sign in through it with a token of their homeserver.
    """

    channel: ClassVar[str] = NAME
    sign_in_fields: ClassVar[Sequence[str]] = openid.FIELDS

    def check_address(self, address: str) -> str:
        return homeservers.check(address)

    def identify(self, address: str, secret: str) -> str:
        homeservers.resolve(address, seconds=client.CONNECT_SECONDS)
        try:
            with client.connected(address, secret) as connection:
                user = str(connection.whoami().get("user_id", ""))
        except LimitExceeded:
            raise accounts.InvalidChannelAccount(
                _("The homeserver asks to wait. Try again in a minute.")
            ) from None
        except MatrixError:
            raise accounts.InvalidChannelAccount(
                _("The homeserver does not accept this access token.")
            ) from None
        except (HomeserverDown, ReplyLost):
            raise accounts.InvalidChannelAccount(
                _("There is no Matrix homeserver at %(address)s.")
                % {"address": address}
            ) from None
        if not user.startswith("@"):
            raise accounts.InvalidChannelAccount(
                _("There is no Matrix homeserver at %(address)s.")
                % {"address": address}
            )
        return user

    def inspect(self, account: ChannelAccount, *, at: datetime) -> list[Problem]:
        with client.connected(account.address, account.secret) as connection:
            return rights.inspect(account, connection, at=at)

    def explain(self, problem: Problem) -> Explanation:
        return rights.explain(problem)

    def list_invitations(self, account: ChannelAccount) -> list[Invitation]:
        return [
            Invitation(room.room_id, str(room), invites.inviter_of(room))
            for room in invites.list_waiting(account)
        ]

    def answer_invitation(
        self, account: ChannelAccount, key: str, *, accepts: bool, at: datetime
    ) -> None:
        try:
            with client.connected(account.address, account.secret) as connection:
                invites.answer(account, connection, key, accepts=accepts, at=at)
        except LimitExceeded:
            raise InvitationNotAnswered(
                _("The homeserver asks to wait. Try again in a minute.")
            ) from None
        except (HomeserverDown, ReplyLost):
            raise InvitationNotAnswered(
                _("The homeserver did not answer. Try again in a minute.")
            ) from None
        except MatrixError as error:
            raise InvitationNotAnswered(
                _("The homeserver refused: %(error)s") % {"error": error.text[:200]}
            ) from None

    def poll(self, account: ChannelAccount, *, at: datetime) -> None:
        """Read what members have reported, and unmute who was erased."""
        may_report = rights.REPORTS_HIDDEN not in {
            problem["code"] for problem in account.problems
        }
        with client.connected(account.address, account.secret) as connection:
            try:
                erased_members.unmute_all(account, connection, at=at)
                if may_report:
                    reports.receive(account, connection, at=at)
            except (LimitExceeded, HomeserverDown, ReplyLost):
                return
            except MatrixError as error:
                # Such as of an account that is no administrator any more.
                log.warning("%s: reports were refused: %s", account, error)
                accounts.request_check(account)

    def read_token(self, account: ChannelAccount, handed: Mapping[str, str]) -> str:
        return openid.read_token(account, handed)

    def find_user(self, account: ChannelAccount, token: str) -> str:
        return openid.find_user(account, token)

    def list_personal_data(
        self, account: ChannelAccount, users: Collection[str]
    ) -> list[dict[str, Any]]:
        return rooms.list_personal_data(account, users)

    def receive(
        self,
        account: ChannelAccount,
        *,
        lease: str,
        clock: Callable[[], datetime],
        wait: timedelta = sync.WAIT,
    ) -> int:
        try:
            with client.connected(account.address, account.secret) as connection:
                return sync.sync_once(
                    account, connection, lease=lease, clock=clock, wait=wait
                )
        except LimitExceeded as error:
            raise TryLater(error.wait) from None
        except (HomeserverDown, ReplyLost):
            raise TryLater from None
        except MatrixError as error:
            if rights.is_invalid_token(error):
                problem = Problem(rights.TOKEN_INVALID, is_blocking=True)
                raise AccountRefused(problem) from None
            # Such as a proxy that has moved; the page of the channel shows the silence.
            log.warning("%s: the sync was refused: %s", account, error)
            raise TryLater from None
