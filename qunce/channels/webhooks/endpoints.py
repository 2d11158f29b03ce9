"""Endpoints: where facts are delivered to, of which kinds, and with which secret."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels.webhooks import signing, url_policy
from qunce.core import encryption, errors, permissions, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.facts import (
    audit,
    committed_facts,
    fact_consumers,
    facts,
    interned_names,
)
from qunce.core.staff.models import Staff

MANAGE = permissions.declare(
    "webhooks.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("manage webhooks"),
)
CONSUMER = "webhooks"
MAX_ENDPOINTS = 50
"""Endpoints of a community."""
MAX_KINDS = 100
"""Kinds of facts of an endpoint."""
MAX_NAME_LENGTH = 80


class State(models.TextChoices):
    ACTIVE = "active", gettext_lazy("active")
    PAUSED = "paused", gettext_lazy("paused")
    STOPPED = "stopped", gettext_lazy("stopped after failures")


STATES = state_machine.StateMachine(
    {
        "pause": (("active", "stopped"), "paused"),
        "resume": (("paused", "stopped"), "active"),
        "stop": (("active",), "stopped"),
    }
)


class Endpoint(models.Model):
    """`kinds` maps each kind of fact to the microsecond since which it is delivered.

    `failures` counts failed attempts since the last successful one.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    url = models.CharField(max_length=url_policy.MAX_URL_LENGTH)
    secret: encryption.EncryptedField[str, str] = encryption.EncryptedField()
    kinds: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    failures = models.PositiveIntegerField(default=0)
    failing_since = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, kw_only=True)
class WebhookFact(facts.FactKind):
    webhook: int
    name: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WebhookCreated(WebhookFact):
    kind = "webhook.created"
    label = gettext_lazy("webhook created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WebhookChanged(WebhookFact):
    """`fields` lists the fields that changed."""

    kind = "webhook.changed"
    label = gettext_lazy("webhook changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WebhookStateChanged(WebhookFact):
    """`state` is the new state."""

    kind = "webhook.state_changed"
    label = gettext_lazy("webhook state changed")
    state: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WebhookDeleted(WebhookFact):
    kind = "webhook.deleted"
    label = gettext_lazy("webhook deleted")


class WebhookNotFound(errors.NotFound):
    """There is no such webhook."""


class InvalidWebhook(errors.Invalid):
    """A webhook needs a name, an address and kinds of facts."""


# Checks


def check_may(by: Staff, endpoint: Endpoint | None = None) -> None:
    """Raise NotAllowed without the permission, or if `by` sees only some members.

    A webhook delivers facts of all members.
    """
    if endpoint is not None:
        permissions.check_community(by, endpoint.community_id)
    permissions.check_unscoped(
        by,
        _(
            "A webhook reports on all members, but %(name)s sees only part of "
            "the community."
        )
        % {"name": by.name},
    )
    permissions.check_may(by, MANAGE)


def _check_name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        raise InvalidWebhook(_("A webhook's name has 1 to 80 characters."))
    return name


def _check_kinds(kinds: Iterable[str]) -> list[str]:
    unique = sorted(set(kinds))
    if not 0 < len(unique) <= MAX_KINDS:
        raise InvalidWebhook(
            _("Choose 1 to %(most)s kinds of facts.") % {"most": MAX_KINDS}
        )
    for kind in unique:
        facts.check_kind(kind)
    return unique


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
    name, kinds = _check_name(name), _check_kinds(kinds)
    # Each fact is stored once per endpoint, so their number has to be limited.
    if Endpoint.objects.filter(community=community).count() >= MAX_ENDPOINTS:
        raise InvalidWebhook(
            _("A community has at most %(n)s webhooks.") % {"n": MAX_ENDPOINTS}
        )
    _skip_old_facts()
    endpoint = Endpoint.objects.create(
        community=community,
        name=name,
        url=url,
        secret=signing.new_secret(),
        kinds=dict.fromkeys(kinds, timestamps.to_micros(at)),
        created_at=at,
        by=by,
    )
    _record(WebhookCreated(webhook=endpoint.pk, name=name), endpoint, by, at)
    return endpoint


@transaction.atomic
def update(
    *,
    endpoint: Endpoint,
    by: Staff,
    at: datetime,
    name: str | None = None,
    url: str | None = None,
    kinds: Iterable[str] | None = None,
) -> list[str]:
    """Update the fields that are given. Return the names of those that changed.

    Facts of a new kind are delivered if they are recorded from now on.
    """
    check_may(by)
    new: dict[str, object] = {}
    if name is not None:
        new["name"] = _check_name(name)
    if url is not None:
        url_policy.check(url)
        new["url"] = url
    if kinds is not None:
        now = timestamps.to_micros(at)
        new["kinds"] = {
            kind: endpoint.kinds.get(kind, now) for kind in _check_kinds(kinds)
        }
    changed = sorted(field for field in new if getattr(endpoint, field) != new[field])
    _save(endpoint, {field: new[field] for field in changed}, by, at)
    return changed


@transaction.atomic
def renew_secret(*, endpoint: Endpoint, by: Staff, at: datetime) -> None:
    """Replace the secret. Requests are signed with the new one from now on."""
    check_may(by)
    _save(endpoint, {"secret": signing.new_secret()}, by, at)


def _save(
    endpoint: Endpoint, fields: dict[str, object], by: Staff, at: datetime
) -> None:
    if not fields:
        return
    for field, value in fields.items():
        setattr(endpoint, field, value)
    endpoint.save(update_fields=list(fields))
    fact = WebhookChanged(
        webhook=endpoint.pk, name=endpoint.name, fields=sorted(fields)
    )
    _record(fact, endpoint, by, at)


@transaction.atomic
def pause(*, endpoint: Endpoint, by: Staff, at: datetime) -> None:
    """Pause an endpoint.

    Facts that are recorded in the meantime are not delivered. Deliveries that exist
    already are sent when it is resumed.
    """
    check_may(by)
    _transition(endpoint, "pause", by, at)


@transaction.atomic
def resume(*, endpoint: Endpoint, by: Staff, at: datetime) -> None:
    """Resume an endpoint. Facts that are recorded from now on are delivered."""
    check_may(by)
    _skip_old_facts()
    # Facts of the time of the pause are not delivered, even if the log is not read yet.
    kinds = dict.fromkeys(endpoint.kinds, timestamps.to_micros(at))
    _transition(endpoint, "resume", by, at, failures=0, failing_since=None, kinds=kinds)


@transaction.atomic
def stop(*, endpoint: Endpoint, at: datetime) -> None:
    """Stop an endpoint that keeps failing, on behalf of the system."""
    _transition(endpoint, "stop", None, at)


def _transition(
    endpoint: Endpoint,
    transition: str,
    by: Staff | None,
    at: datetime,
    **changes: object,
) -> None:
    STATES.transition(endpoint, transition, **changes)
    fact = WebhookStateChanged(
        webhook=endpoint.pk, name=endpoint.name, state=endpoint.state
    )
    _record(fact, endpoint, by, at)


@transaction.atomic
def delete(*, endpoint: Endpoint, by: Staff, at: datetime) -> None:
    """Delete an endpoint and its log."""
    check_may(by)
    fact = WebhookDeleted(webhook=endpoint.pk, name=endpoint.name)
    _record(fact, endpoint, by, at)
    # After the fact, which needs the id and the name.
    endpoint.delete()


def _skip_old_facts() -> None:
    """Move the consumer to the end of the log if no endpoint is active anywhere.

    It does not advance while it has no kinds to look for, so it would otherwise read
    the whole log since then.
    """
    if not Endpoint.objects.filter(state=State.ACTIVE).exists():
        fact_consumers.ConsumerPosition.objects.update_or_create(
            consumer=CONSUMER, defaults={"position": committed_facts.last_position()}
        )


def _record(
    fact: facts.FactKind, endpoint: Endpoint, by: Staff | None, at: datetime
) -> None:
    facts.record(fact, community=endpoint.community, by=by, at=at)


# Reads


def list_endpoints(by: Staff) -> list[Endpoint]:
    check_may(by)
    return list(Endpoint.objects.filter(community=by.community).order_by("name", "pk"))


def get(*, by: Staff, pk: int) -> Endpoint:
    check_may(by)
    query = Endpoint.objects.select_related("community", "by")
    for endpoint in query.filter(community=by.community, pk=pk):
        return endpoint
    raise WebhookNotFound(_("There is no such webhook."))


def list_kinds() -> list[tuple[str, str]]:
    """Return all kinds of facts with their labels, by kind."""
    kinds = {*facts.declared(), *interned_names.names_by_id("kind", 0).values()}
    # Entries of the audit log alone are no facts, so no endpoint ever receives them.
    kinds -= audit.declared().keys() - facts.declared().keys()
    return [(kind, facts.label_of(kind)) for kind in sorted(kinds)]
