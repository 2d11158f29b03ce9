"""The archive: ideas that are out of the box and can come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy

from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.outreach.ideas import assignment, ideas
from qunce.outreach.ideas.ideas import IdeaFact
from qunce.outreach.ideas.models import Idea


@facts.declare
@dataclass(frozen=True, kw_only=True)
class IdeaArchived(IdeaFact):
    kind = "idea.archived"
    label = gettext_lazy("idea archived")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class IdeaRestored(IdeaFact):
    kind = "idea.restored"
    label = gettext_lazy("idea restored")


@transaction.atomic
def archive(*, idea: Idea, by: Staff, at: datetime) -> None:
    """Take an idea out of the box, and cancel its open task."""
    ideas.check_may_manage(by, idea)
    assignment.cancel_open(idea, by=by, at=at)
    _set(idea, at, IdeaArchived, by=by, at=at)


@transaction.atomic
def restore(*, idea: Idea, by: Staff, at: datetime) -> None:
    """Bring an archived idea back, in the state that it had."""
    ideas.check_may_manage(by, idea)
    ideas.check_has_room(idea.community)
    _set(idea, None, IdeaRestored, by=by, at=at)


def _set(
    idea: Idea,
    value: datetime | None,
    kind: type[IdeaFact],
    *,
    by: Staff,
    at: datetime,
) -> None:
    rows = Idea.objects.filter(pk=idea.pk, archived_at__isnull=value is not None)
    if rows.update(archived_at=value):
        fact = kind(idea=idea.pk, name=idea.title)
        facts.record(fact, community=idea.community, by=by, at=at)
    idea.archived_at = value
