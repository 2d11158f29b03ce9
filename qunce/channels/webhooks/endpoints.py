"""Endpoints: who is told of which kinds of facts, and with which secret."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels.webhooks import signing, url_policy
from qunce.core import errors, permissions, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.facts import committed, consumers, facts, interned_names
from qunce.core.staff.models import Staff

MANAGE = permissions.declare("webhooks.manage", permissions.Role.MANAGER)
CONSUMER = "webhooks"
MOST = 50
"""Endpoints of a community, and kinds of facts of one endpoint twice as many."""


class State(models.TextChoices):
    ACTIVE = "active", gettext_lazy("active")
    PAUSED = "paused", gettext_lazy("paused")
    BROKEN = "broken", gettext_lazy("stopped after failures")


FLOW = state_machine.StateMachine(
    {
        "pause": (("active", "broken"), "paused"),
        "resume": (("paused", "broken"), "active"),
        "break": (("active",), "broken"),
    }
)


class Endpoint(models.Model):
    """`kinds` maps each kind of fact to the microsecond from which it is told.

    `failures` counts tries without success since the last one that had it.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    url = models.CharField(max_length=url_policy.LONGEST)
    secret = models.CharField(max_length=80)
    kinds: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    failures = models.PositiveIntegerField(default=0)
    failing_since = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, kw_only=True)
class About(facts.FactKind):
    webhook: int
    name: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WebhookCreated(About):
    kind = "webhook.created"
    label = gettext_lazy("webhook created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WebhookChanged(About):
    """`fields` names what changed."""

    kind = "webhook.changed"
    label = gettext_lazy("webhook changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WebhookMoved(About):
    """`state` is the one that it came to."""

    kind = "webhook.state_changed"
    label = gettext_lazy("webhook state changed")
    state: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WebhookRemoved(About):
    kind = "webhook.removed"
    label = gettext_lazy("webhook removed")


class UnknownWebhook(errors.NotFound):
    """There is no such webhook in this community."""


class InvalidWebhook(errors.Invalid):
    """A webhook needs a name, an address and kinds of facts."""


# Checks


def check_may(by: Staff) -> None:
    permissions.check_may(by, MANAGE)
    permissions.check_unscoped(
        by,
        _(
            "A webhook reports on all members, but %(name)s sees only part of "
            "the community."
        )
        % {"name": by.name},
    )


def _check_name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= 80:
        raise InvalidWebhook(_("A webhook's name has 1 to 80 characters."))
    return name


def _check_kinds(kinds: Iterable[str]) -> list[str]:
    wanted = sorted(set(kinds))
    if not 0 < len(wanted) <= 2 * MOST:
        raise InvalidWebhook(
            _("Choose 1 to %(most)s kinds of facts.") % {"most": 2 * MOST}
        )
    for kind in wanted:
        facts.check_kind(kind)
    return wanted


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    name: str,
    url: str,
    kinds: Iterable[str],
    by: Staff,
    at: datetime,
) -> Endpoint:
    check_may(by)
    url_policy.check(url)
    name, wanted = _check_name(name), _check_kinds(kinds)
    if Endpoint.objects.filter(community=community).count() >= MOST:
        raise InvalidWebhook(_("A community has at most %(n)s webhooks.") % {"n": MOST})
    _begin_here()
    endpoint = Endpoint.objects.create(
        community=community,
        name=name,
        url=url,
        secret=signing.new_secret(),
        kinds=dict.fromkeys(wanted, timestamps.to_micros(at)),
        created_at=at,
        by=by,
    )
    _tell(WebhookCreated(webhook=endpoint.pk, name=name), endpoint, by, at)
    return endpoint


@transaction.atomic
def change(
    *,
    endpoint: Endpoint,
    by: Staff,
    at: datetime,
    name: str | None = None,
    url: str | None = None,
    kinds: Iterable[str] | None = None,
) -> list[str]:
    """A kind that is new is told from now on. Returns what differs now."""
    check_may(by)
    new: dict[str, object] = {}
    if name is not None:
        new["name"] = _check_name(name)
    if url is not None:
        url_policy.check(url)
        new["url"] = url
    if kinds is not None:
        now = timestamps.to_micros(at)
        new["kinds"] = {k: endpoint.kinds.get(k, now) for k in _check_kinds(kinds)}
    changed = sorted(each for each in new if getattr(endpoint, each) != new[each])
    return _changed(endpoint, {each: new[each] for each in changed}, by, at)


def _changed(
    endpoint: Endpoint, new: dict[str, object], by: Staff, at: datetime
) -> list[str]:
    if new:
        for field, value in new.items():
            setattr(endpoint, field, value)
        endpoint.save(update_fields=list(new))
        event = WebhookChanged(
            webhook=endpoint.pk, name=endpoint.name, fields=sorted(new)
        )
        _tell(event, endpoint, by, at)
    return sorted(new)


@transaction.atomic
def renew_secret(*, endpoint: Endpoint, by: Staff, at: datetime) -> None:
    """What is sent from now on bears the new one."""
    check_may(by)
    _changed(endpoint, {"secret": signing.new_secret()}, by, at)


@transaction.atomic
def pause(*, endpoint: Endpoint, by: Staff, at: datetime) -> None:
    """Nothing is kept for it meanwhile; what waits goes on waiting."""
    check_may(by)
    _move(endpoint, "pause", by, at)


@transaction.atomic
def resume(*, endpoint: Endpoint, by: Staff, at: datetime) -> None:
    """It is told of what happens from now on."""
    check_may(by)
    _begin_here()
    kinds = dict.fromkeys(endpoint.kinds, timestamps.to_micros(at))
    _move(endpoint, "resume", by, at, failures=0, failing_since=None, kinds=kinds)


def stop(*, endpoint: Endpoint, at: datetime) -> None:
    """The house itself gives up on it."""
    with transaction.atomic():
        _move(endpoint, "break", None, at)


def _move(
    endpoint: Endpoint, step: str, by: Staff | None, at: datetime, **changes: object
) -> None:
    FLOW.move(endpoint, step, **changes)
    event = WebhookMoved(webhook=endpoint.pk, name=endpoint.name, state=endpoint.state)
    _tell(event, endpoint, by, at)


@transaction.atomic
def remove(*, endpoint: Endpoint, by: Staff, at: datetime) -> None:
    """With its log."""
    check_may(by)
    event = WebhookRemoved(webhook=endpoint.pk, name=endpoint.name)
    _tell(event, endpoint, by, at)
    endpoint.delete()


def _begin_here() -> None:
    """Where nobody was told of anything, the log so far is passed over."""
    if not Endpoint.objects.filter(state=State.ACTIVE).exists():
        consumers.ConsumerPosition.objects.update_or_create(
            consumer=CONSUMER, defaults={"position": committed.last_position()}
        )


def _tell(
    event: facts.FactKind, endpoint: Endpoint, by: Staff | None, at: datetime
) -> None:
    facts.record(event, community=endpoint.community, by=by, at=at)


# Reads


def listed(by: Staff) -> list[Endpoint]:
    check_may(by)
    return list(Endpoint.objects.filter(community=by.community).order_by("name", "pk"))


def get(*, by: Staff, pk: int) -> Endpoint:
    check_may(by)
    found = Endpoint.objects.select_related("community", "by")
    for endpoint in found.filter(community=by.community, pk=pk):
        return endpoint
    raise UnknownWebhook(_("There is no such webhook."))


def choices() -> list[tuple[str, str]]:
    """Kinds of facts that there are, each with its words, by kind."""
    kinds = {*facts.declared(), *interned_names.listed("kind", 0).values()}
    return [(kind, facts.label_of(kind)) for kind in sorted(kinds)]
