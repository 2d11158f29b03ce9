"""Definitions of stored versions, and which kinds of facts the live ones look at."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from qunce.outreach.playbooks import definitions
from qunce.outreach.playbooks.definitions import Definition
from qunce.outreach.playbooks.models import Playbook, PlaybookVersion, State


@functools.lru_cache(maxsize=512)
def _parse(version_id: int, region: str) -> Definition:
    # A version never changes, so its definition is parsed once in a process.
    stored = PlaybookVersion.objects.values_list("definition", flat=True)
    return definitions.parse(stored.get(pk=version_id), region=region)


def load(version_id: int, playbook: Playbook) -> Definition:
    """The definition of a version of the playbook."""
    return _parse(version_id, playbook.community.region)


def forget() -> None:
    """For tests, whose databases use ids again."""
    _parse.cache_clear()


def list_live(community_id: int | None = None) -> list[Playbook]:
    """Playbooks that are switched on in whatever way, by pk."""
    rows = Playbook.objects.exclude(state__in=[State.DRAFT, State.STOPPED])
    if community_id is not None:
        rows = rows.filter(community_id=community_id)
    return list(rows.select_related("community").order_by("pk"))


def ids_in_use(playbooks: Iterable[Playbook]) -> dict[int, set[int]]:
    """Playbook → its current version and those that live runs follow."""
    by_pk = {playbook.pk: playbook for playbook in playbooks}
    used: dict[int, set[int]] = {pk: set() for pk in by_pk}
    rows = PlaybookVersion.objects.filter(playbook__in=list(by_pk))
    for playbook_id, pk, number in rows.values_list("playbook_id", "pk", "number"):
        # All of them: there are few, and a query for the runs would cost more.
        if number <= by_pk[playbook_id].version:
            used[playbook_id].add(pk)
    return used
