"""Groups that a playbook for groups leaves out; without a row it runs in every group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.groups import Group
from qunce.outreach.playbooks import playbooks, run_endings
from qunce.outreach.playbooks.actions import Ending
from qunce.outreach.playbooks.definitions import Subject
from qunce.outreach.playbooks.models import (
    LIVE,
    ExcludedGroup,
    Playbook,
    Run,
    RunState,
)


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PlaybookGroupChanged(playbooks.PlaybookFact):
    """`runs` says whether the playbook runs in the group from now on."""

    kind = "playbook.group_changed"
    label = gettext_lazy("playbook switched on or off in a group")
    runs: bool


@transaction.atomic
def set_excluded(
    *, playbook: Playbook, group: Group, excluded: bool, by: Staff, at: datetime
) -> None:
    """Leave a group out of a playbook, which ends its runs there, or let it in again.

    What began before the group was let in again starts no run.
    """
    playbooks.check_may_view(playbook, by)
    permissions.check_may(by, groups.MANAGE)
    groups.check_visible(group, by)
    if playbook.subject != Subject.GROUP:
        raise errors.Refused(
            _("“%(name)s” is for members, so it runs in no group.") % {"name": playbook}
        )
    rows = ExcludedGroup.objects.filter(playbook=playbook, group=group)
    if excluded:
        _row, is_new = ExcludedGroup.objects.get_or_create(
            playbook=playbook, group=group, defaults={"at": at, "by": by}
        )
        if not is_new:
            return
        _end_runs(playbook, group, at)
    elif not rows.delete()[0]:
        return
    fact = PlaybookGroupChanged(
        playbook=playbook.key, group=group.pk, runs=not excluded
    )
    playbooks.record(fact, playbook, by, at)


def _end_runs(playbook: Playbook, group: Group, at: datetime) -> None:
    runs = Run.objects.filter(playbook=playbook, target_id=group.pk)
    runs.filter(state=RunState.PENDING).delete()
    live = runs.filter(state__in=LIVE).values_list("pk", flat=True)
    run_endings.end(playbook, list(live), Ending.BY_HAND, at)


def list_groups(playbook: Playbook) -> set[int]:
    """The ids of the groups that a playbook leaves out."""
    rows = ExcludedGroup.objects.filter(playbook=playbook)
    return set(rows.values_list("group_id", flat=True))


def list_pairs(groups: Iterable[int]) -> frozenset[tuple[int, str]]:
    """(group, key of the playbook) for each playbook that leaves one of them out."""
    rows = ExcludedGroup.objects.filter(group__in=list(groups))
    return frozenset(rows.values_list("group_id", "playbook__key"))
