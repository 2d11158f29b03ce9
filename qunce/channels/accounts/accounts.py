"""Connect and disconnect the accounts of channels, and check what they may do."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels import inbox
from qunce.channels.accounts import providers
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.accounts.providers import Explanation, Problem
from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff

log = logging.getLogger(__name__)

MANAGE = permissions.declare(
    "channels.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("connect channels"),
)
MAX_SECRET_LENGTH = 4_000
MAX_PER_MINUTE = 10_000
CHECK_INTERVAL = timedelta(days=1)
STALE_AFTER = timedelta(minutes=5)
"""After so long without an answer of the platform, an account is reported as silent."""


@dataclass(frozen=True, kw_only=True)
class ChannelFact(facts.FactKind):
    channel: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ChannelConnected(ChannelFact):
    kind = "channel.connected"
    label = gettext_lazy("channel connected")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ChannelChanged(ChannelFact):
    """`fields` lists the settings that changed."""

    kind = "channel.changed"
    label = gettext_lazy("channel changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ChannelDisconnected(ChannelFact):
    kind = "channel.disconnected"
    label = gettext_lazy("channel disconnected")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ChannelHealthChanged(ChannelFact):
    """`problems` lists the codes of what the check has found."""

    kind = "channel.health_changed"
    label = gettext_lazy("health of a channel changed")
    problems: list[str]


class ChannelAccountNotFound(errors.NotFound):
    """The community has not connected this channel."""


class InvalidChannelAccount(errors.Invalid):
    """An address, a secret or a limit is missing or not valid."""


class ChannelAccountAlreadyConnected(errors.Refused):
    """Another community has connected this account."""


# Checks


def check_may(by: Staff, account: ChannelAccount | None = None) -> None:
    """Raise NotAllowed without the permission, or if `by` sees only some members."""
    permissions.check_may(by, MANAGE)
    permissions.check_unscoped(by)
    if account is not None:
        permissions.check_community(by, account.community_id)


def check_per_minute(per_minute: int | None) -> int | None:
    """The most messages a minute; null is no limit of ours."""
    if per_minute is not None and not 1 <= per_minute <= MAX_PER_MINUTE:
        raise InvalidChannelAccount(
            _("A channel sends 1 to %(most)s messages a minute, or has no limit.")
            % {"most": f"{MAX_PER_MINUTE:,}"}
        )
    return per_minute


def _check_secret(secret: str) -> str:
    secret = secret.strip()
    if not 0 < len(secret) <= MAX_SECRET_LENGTH or not secret.isascii():
        raise InvalidChannelAccount(_("Paste the access token of the account."))
    return secret


# Verbs


def connect(
    *,
    community: Community,
    channel: str,
    address: str,
    secret: str,
    by: Staff,
    at: datetime,
    per_minute: int | None = None,
) -> ChannelAccount:
    """Connect an account, or give the connected one another secret; then check it.

    The platform is asked whose secret it is before anything is stored.
    """
    check_may(by)
    permissions.check_community(by, community.pk)
    provider = providers.get(channel)
    address, secret = provider.check_address(address), _check_secret(secret)
    check_per_minute(per_minute)
    user = provider.identify(address, secret)
    fields = {
        "address": address,
        "user": user,
        "secret": secret,
        "connected_at": at,
        "disconnected_at": None,
        "problems": [],
        "checked_at": None,
        "by": by,
    }
    try:
        account = _store(community, channel, fields, per_minute, by, at)
    except IntegrityError:
        raise ChannelAccountAlreadyConnected(
            _("“%(user)s” is connected to another community. Use another account.")
            % {"user": user}
        ) from None
    _check(account, at)
    return account


@transaction.atomic
def _store(
    community: Community,
    channel: str,
    fields: dict[str, object],
    per_minute: int | None,
    by: Staff,
    at: datetime,
) -> ChannelAccount:
    rows = ChannelAccount.objects.select_for_update()
    account = rows.filter(community=community, channel=channel).first()
    if account is None:
        account = ChannelAccount(community=community, channel=channel)
    elif (account.address, account.user) != (fields["address"], fields["user"]):
        # The events of another account begin elsewhere.
        none = dict.fromkeys(("received_at", "limited_at"))
        fields = fields | none | {"cursor": "", "state": {}}
    # What else staff have set is true of the account with another secret, too.
    account.settings = account.settings | {"per_minute": per_minute}
    for name, value in fields.items():
        setattr(account, name, value)
    account.save()
    facts.record(ChannelConnected(channel=channel), community=community, by=by, at=at)
    return account


@transaction.atomic
def change_limit(
    *, account: ChannelAccount, per_minute: int | None, by: Staff, at: datetime
) -> None:
    """Set how many messages a minute the account sends at most; null is no limit."""
    check_may(by, account)
    check_per_minute(per_minute)
    if account.settings.get("per_minute") == per_minute:
        return
    account.settings = account.settings | {"per_minute": per_minute}
    account.save(update_fields=["settings"])
    fact = ChannelChanged(channel=account.channel, fields=["per_minute"])
    facts.record(fact, community=account.community, by=by, at=at)


@transaction.atomic
def disconnect(*, account: ChannelAccount, by: Staff, at: datetime) -> None:
    """Forget the secret. Nothing is sent or received any more; what was received stays."""
    check_may(by, account)
    rows = ChannelAccount.objects.filter(pk=account.pk, disconnected_at__isnull=True)
    changes = {
        "secret": "",
        "disconnected_at": at,
        "lease": "",
        "leased_until": None,
        "problems": [],
    }
    if not rows.update(**changes):
        return
    account.refresh_from_db()
    fact = ChannelDisconnected(channel=account.channel)
    facts.record(fact, community=account.community, by=by, at=at)


def check(*, account: ChannelAccount, by: Staff, at: datetime) -> list[Problem]:
    """Ask the platform now what is wrong with the account."""
    check_may(by, account)
    if not account.is_connected:
        return []
    return _check(account, at)


def check_due(*, at: datetime) -> None:
    """Check the accounts whose last check is a day ago, on behalf of the system."""
    rows = ChannelAccount.objects.filter(disconnected_at__isnull=True)
    due = models.Q(checked_at__isnull=True) | models.Q(
        checked_at__lte=at - CHECK_INTERVAL
    )
    for account in rows.filter(due).select_related("community").order_by("pk"):
        try:
            _check(account, at)
        except Exception:
            # The other accounts are checked, too.
            log.exception("the account %s was not checked", account)


def _check(account: ChannelAccount, at: datetime) -> list[Problem]:
    found = providers.get(account.channel).inspect(account, at=at)
    record_problems(account, found, at=at)
    return found


@transaction.atomic
def record_problems(
    account: ChannelAccount, found: list[Problem], *, at: datetime
) -> None:
    """Store what a check has found. A change of it is a fact."""
    rows = ChannelAccount.objects.filter(pk=account.pk, disconnected_at__isnull=True)
    locked = rows.select_for_update().first()
    if locked is None:
        return
    before = {str(problem["code"]) for problem in locked.problems}
    account.problems = [problem.to_json() for problem in found]
    account.checked_at = at
    account.save(update_fields=["problems", "checked_at"])
    after = {problem.code for problem in found}
    if before != after:
        fact = ChannelHealthChanged(channel=account.channel, problems=sorted(after))
        facts.record(fact, community=account.community, by=None, at=at)


def request_check(account: ChannelAccount) -> None:
    """Have the account checked soon, as something about its rights has changed."""
    ChannelAccount.objects.filter(pk=account.pk).update(checked_at=None)


# Reads


def list_accounts(by: Staff) -> list[ChannelAccount]:
    """The connected accounts of the community, by channel."""
    check_may(by)
    rows = ChannelAccount.objects.filter(
        community=by.community, disconnected_at__isnull=True
    )
    return list(rows.select_related("community").order_by("channel"))


def get(*, channel: str, by: Staff) -> ChannelAccount:
    check_may(by)
    account = find(by.community_id, channel)
    if account is None:
        raise ChannelAccountNotFound(
            _("The channel “%(name)s” is not connected.") % {"name": channel}
        )
    return account


def find(community_id: int, channel: str) -> ChannelAccount | None:
    """The connected account of a community on a channel."""
    rows = ChannelAccount.objects.filter(
        community=community_id, channel=channel, disconnected_at__isnull=True
    )
    return rows.select_related("community").first()


def list_connected() -> models.QuerySet[ChannelAccount]:
    """The connected accounts of all communities."""
    rows = ChannelAccount.objects.filter(disconnected_at__isnull=True)
    return rows.select_related("community").order_by("pk")


def explain(account: ChannelAccount) -> list[tuple[Problem, Explanation]]:
    """What the last check has found, in the reader's language."""
    provider = providers.get(account.channel)
    found = [Problem.from_json(stored) for stored in account.problems]
    return [(problem, provider.explain(problem)) for problem in found]


def heard_until(account: ChannelAccount) -> datetime:
    """Up to when all that happened on the platform is known; later it may still come."""
    pending = inbox.pending().filter(
        community=account.community_id, channel=account.channel
    )
    oldest = pending.values_list("received_at", flat=True).first()
    last = account.received_at or account.connected_at
    return last if oldest is None else min(last, oldest)


def is_blocked(account: ChannelAccount) -> bool:
    """Whether a check has found what only staff can put right."""
    return any(problem.get("is_blocking") for problem in account.problems)


def has_problems(account: ChannelAccount) -> bool:
    """Whether something does not work as it should; a hint is no problem."""
    return any(not problem.get("is_hint") for problem in account.problems)


def is_silent(account: ChannelAccount, at: datetime) -> bool:
    """Whether nothing was heard from the platform for longer than it takes."""
    last = account.received_at or account.connected_at
    return at - last > STALE_AFTER
