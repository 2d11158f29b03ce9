"""Joins that came with an imported file, whose members nobody welcomes."""

from __future__ import annotations

from collections.abc import Sequence

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.facts.facts import RecordedFact
from qunce.importing.jobs.jobs import ImportJob
from qunce.outreach.welcomes import joins


@joins.register_lists
def find_imported(community: Community, facts: Sequence[RecordedFact]) -> set[int]:
    """The ids of the facts that an import recorded.

    It records all of them at the time of its start, which is a microsecond.
    """
    times = {timestamps.to_micros(fact.recorded_at) for fact in facts}
    rows = ImportJob.objects.filter(community=community, started_at__in=sorted(times))
    jobs = {(job.by_id, job.started_at) for job in rows}
    return {fact.id for fact in facts if (fact.actor, fact.recorded_at) in jobs}
