"""Rules of a group: published in versions, and accepted by its members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, text_validation
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import chat_words, memberships
from qunce.groups import groups as group_verbs
from qunce.groups.entry import gates
from qunce.groups.entry.gates import DECIDE
from qunce.groups.entry.models import GroupRules, RulesAcceptance
from qunce.groups.groups import Group
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

MAX_TEXT_LENGTH = 4_000
ACCEPT_WORDS = ("同意", "agree")
"""What members reply, unless the rules say otherwise."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupRulesPublished(facts.FactKind):
    kind = "entry.rules_published"
    label = gettext_lazy("group rules published")
    labels = {"version": gettext_lazy("version")}
    version: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupRulesAccepted(facts.FactKind):
    kind = "entry.rules_accepted"
    label = gettext_lazy("group rules accepted")
    labels = {"version": gettext_lazy("version")}
    instead = gettext_lazy("Record the acceptance on the group's page.")
    version: int


class InvalidRules(errors.Invalid):
    """The text or the words are not valid."""


class NoRules(errors.NotFound):
    """The group has no published rules."""


# Verbs


@transaction.atomic
def publish(
    *,
    group: Group,
    text: str,
    by: Staff,
    at: datetime,
    accept_words: Sequence[str] = ACCEPT_WORDS,
    asks_again: bool = False,
) -> GroupRules:
    """Publish the next version of the rules; the same text again changes nothing."""
    permissions.check_may(by, gates.MANAGE)
    group_verbs.check_visible(group, by)
    text = text.replace("\r\n", "\n").strip()
    if not 0 < len(text) <= MAX_TEXT_LENGTH or not text_validation.is_valid(text):
        raise InvalidRules(
            _("Rules have 1 to %(n)s characters.") % {"n": f"{MAX_TEXT_LENGTH:,}"}
        )
    words = gates.check_words(list(accept_words), limit=gates.MAX_WORDS)
    if not words:
        raise InvalidRules(_("Give at least one word by which members accept."))
    # Locked, so that two publications get two versions.
    Group.objects.select_for_update().get(pk=group.pk)
    latest = find(group)
    if latest is not None and (latest.text, latest.accept_words) == (text, words):
        return latest
    version = latest.version + 1 if latest else 1
    rules = GroupRules.objects.create(
        group=group,
        community=group.community,
        version=version,
        text=text,
        accept_words=words,
        asks_again=asks_again,
        published_at=at,
        by=by,
    )
    event = GroupRulesPublished(group=group.pk, version=version)
    facts.record(event, community=group.community, by=by, at=at)
    return rules


@transaction.atomic
def accept(*, group: Group, account: int, by: Staff, at: datetime) -> bool:
    """Record that a member accepts the present version; False if they had before.

    `by` is the staff member who heard it, or the system for a reply in the chat.
    """
    permissions.check_may(by, DECIDE)
    group_verbs.check_visible(group, by)
    visibility.check_visible(by=by, accounts=[account], at=at)
    rules = get(group)
    accounts = account_queries.account_ids_of_person(account)
    if not group_verbs.Membership.objects.filter(
        group=group, account_id__in=accounts, present=True
    ).exists():
        raise memberships.MembershipNotFound(_("This member is not in the group."))
    if RulesAcceptance.objects.filter(rules=rules, account_id__in=accounts).exists():
        return False
    RulesAcceptance.objects.create(
        rules=rules, account_id=account, accepted_at=at, by=by
    )
    event = GroupRulesAccepted(account=account, group=group.pk, version=rules.version)
    facts.record(event, community=group.community, by=by, at=at)
    return True


# Reads


def find(group: Group) -> GroupRules | None:
    """The present version."""
    rows = GroupRules.objects.filter(group=group).select_related("by")
    return rows.order_by("-version").first()


def get(group: Group) -> GroupRules:
    """The present version; raises NoRules."""
    rules = find(group)
    if rules is None:
        raise NoRules(_("The group “%(group)s” has no rules.") % {"group": group})
    return rules


def list_versions(group: Group) -> list[GroupRules]:
    """All versions, the latest first, each with `accepted`, how many accepted it."""
    rows = GroupRules.objects.filter(group=group).select_related("by")
    counted = rows.annotate(accepted=models.Count("acceptances"))
    return list(counted.order_by("-version")[:100])


def is_acceptance(rules: GroupRules, text: str) -> bool:
    """Whether a reply is one of the words, and nothing else."""
    folded = chat_words.fold(text).strip(" .。!！~～")
    return folded in {chat_words.fold(word) for word in rules.accept_words}


def people_who_accepted(rules: GroupRules) -> BitMap:
    """The people who need not accept this version any more."""
    rows = RulesAcceptance.objects.filter(rules__group=rules.group_id)
    if rules.asks_again:
        rows = rows.filter(rules=rules)
    accounts = list(rows.values_list("account_id", flat=True))
    return bitmaps.of(account_queries.person_ids(accounts).values())


@dataclass(frozen=True)
class Acceptance:
    """Of the members of the group whom the asker sees; staff need not accept."""

    members: int
    accepted: int


def count_accepted(rules: GroupRules, *, by: Staff, at: datetime) -> Acceptance:
    group_verbs.check_visible(rules.group, by)
    people = audiences.people(
        community=rules.community, rule=memberships.rule(rules.group), by=by, at=at
    )
    accepted = people.intersection_cardinality(people_who_accepted(rules))
    return Acceptance(len(people), accepted)
