"""Tags that facts deepen: each fact of a chosen kind adds 1 to the depth.

A kind counts from the moment at which it is chosen for a tag, so that the choice itself
changes nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.core import errors, permissions, timestamps, value_types
from qunce.core.communities import Community
from qunce.core.facts import committed_facts, fact_consumers, facts
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.tags import assignments, library
from qunce.members.tags.models import MANAGE, Tag
from qunce.sets import audiences

CONSUMER = "tag deepening"
SOURCE = "facts"
MAX_KINDS = 20
EXCLUDED_PREFIXES = ("tag.", "member.erased", "member.removed")
"""Kinds that a tag would cause itself, or that concern nobody any more."""


class InvalidKind(errors.Invalid):
    """This kind of fact cannot deepen a tag."""


# Verbs


@transaction.atomic
def set_kinds(*, tag: Tag, kinds: Sequence[str], by: Staff, at: datetime) -> None:
    """Choose the kinds of facts that deepen the tag; an empty list chooses none."""
    permissions.check_may(by, MANAGE)
    library.check_active(tag)
    kinds = value_types.check_texts(kinds, _("Events"))
    allowed = dict(list_kinds(tag.community)) | dict.fromkeys(tag.deepened_by, "")
    for kind in kinds:
        if kind not in allowed:
            raise InvalidKind(
                _("There is no kind of event “%(kind)s”.") % {"kind": kind}
            )
    if len(set(kinds)) > MAX_KINDS:
        raise InvalidKind(
            _("At most %(n)s kinds of events can deepen a tag.") % {"n": MAX_KINDS}
        )
    _skip_old_facts()
    now = timestamps.to_micros(at)
    tag.deepened_by = {
        kind: tag.deepened_by.get(kind, now) for kind in sorted(set(kinds))
    }
    tag.save(update_fields=["deepened_by"])
    fact = library.TagChanged(tag=tag.key)
    facts.record(fact, community=tag.community, by=by, at=at)


def _skip_old_facts() -> None:
    """Move the consumer to the end of the log if no tag is deepened anywhere.

    It does not advance while it has no kinds to look for.
    """
    if not _deepened_tags().exists():
        fact_consumers.ConsumerPosition.objects.update_or_create(
            consumer=CONSUMER, defaults={"position": committed_facts.last_position()}
        )


def react(*, community: Community, facts: Sequence[RecordedFact], at: datetime) -> None:
    """Reaction: deepen the tags for which this kind of fact is chosen."""
    kind = facts[0].kind
    by = staff_models.system(community)
    for tag in _deepened_tags().filter(community=community).order_by("pk"):
        since = tag.deepened_by.get(kind)
        accounts = [
            fact.account
            for fact in facts
            if fact.account is not None
            and since is not None
            and timestamps.to_micros(fact.recorded_at) >= since
        ]
        present = Account.objects.filter(
            community=community, pk__in=set(accounts), erased_at__isnull=True
        )
        people = account_queries.person_ids(present.values_list("pk", flat=True))
        counts = Counter(people[account] for account in accounts if account in people)
        by_amount: dict[int, list[int]] = {}
        for person, amount in counts.items():
            by_amount.setdefault(amount, []).append(person)
        for amount, person_ids in sorted(by_amount.items()):
            assignments.deepen(
                tag=tag,
                accounts=person_ids,
                amount=amount,
                by=by,
                at=at,
                source=SOURCE,
            )


def _deepened_tags() -> models.QuerySet[Tag]:
    tags = Tag.objects.filter(state="active").exclude(deepened_by={})
    return tags.select_related("community", "group")


class ChosenKinds(Mapping[str, Sequence[fact_consumers.Reaction]]):
    """Maps the kinds that are chosen for some tag now to their reaction."""

    def __getitem__(self, kind: str) -> Sequence[fact_consumers.Reaction]:
        return (react,)

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds())

    def __len__(self) -> int:
        return len(self._kinds())

    def _kinds(self) -> set[str]:
        chosen = _deepened_tags().values_list("deepened_by", flat=True)
        return {kind for kinds in chosen for kind in kinds}


# Reads


def list_kinds(community: Community) -> list[tuple[str, str]]:
    """The kinds of facts that can deepen a tag, with their labels."""
    kinds = audiences.list_fact_kinds(community)
    labelled = (
        (kind, facts.label_of(kind))
        for kind in kinds
        if not kind.startswith(EXCLUDED_PREFIXES)
    )
    return sorted(labelled, key=lambda choice: choice[1])
