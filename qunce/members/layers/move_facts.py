"""Facts about members who moved to another layer, recorded after each run.

A run of a million members may move a hundred thousand. Their facts are written in short
transactions, so that other writers wait milliseconds, and the run stores how far it got.
Members who are elsewhere because the layering was changed did not move; nothing is
recorded about them, nor about the first run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.members.accounts import queries as account_queries
from qunce.members.layers import runs
from qunce.members.layers.models import LayerRun
from qunce.sets.bitmaps import bitmaps

FACTS_PER_TRANSACTION = 5_000


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberLayerChanged(facts.FactKind):
    """One member's move; the payload has the keys `from` and `to`.

    Nobody has such a fact from a layering's first run, or because it was changed.
    """

    kind = "member.layer_changed"
    label = gettext_lazy("moved to another layer")
    labels = {
        "layering": gettext_lazy("layering"),
        "from": gettext_lazy("former layer"),
        "to": gettext_lazy("new layer"),
    }
    layering: str
    before: str
    after: str

    def payload(self) -> str | None:
        return facts.dump(
            {"layering": self.layering, "from": self.before, "to": self.after}
        )


def record_unrecorded(
    *, community: Community, at: datetime, layering: int | None = None
) -> None:
    """Record the moves of runs that have facts missing, such as after a crash."""
    rows = LayerRun.objects.filter(layering__community=community, is_recorded=False)
    if layering is not None:
        rows = rows.filter(layering=layering)
    for run in rows.select_related("layering__community", "by").order_by("pk"):
        record(run, at=at)


def record(run: LayerRun, *, at: datetime) -> None:
    """Record the moves of a run from where it stopped; they happened when it was made."""
    earlier = LayerRun.objects.filter(layering=run.layering_id, pk__lt=run.pk)
    before = earlier.order_by("-pk").first()
    moved = {}
    if before is not None and not run.is_redefinition:
        moved = runs.moved_people(runs.load_sets(before), runs.load_sets(run))
    happened = timestamps.to_micros(run.at)
    remaining = [
        person for person in bitmaps.union(moved.values()) if person > run.recorded_to
    ]
    for chunk in account_queries.chunks(remaining, FACTS_PER_TRANSACTION):
        people = bitmaps.of(chunk)
        occurrences = [
            (
                MemberLayerChanged(layering=run.layering.key, before=old, after=new),
                [(person, happened) for person in some],
            )
            for (old, new), group in moved.items()
            if (some := group & people)
        ]
        with transaction.atomic():
            if not _advance(run, chunk[-1]):
                return
            facts.record_occurrences(
                occurrences, community=run.layering.community, by=run.by, at=at
            )
    LayerRun.objects.filter(pk=run.pk, recorded_to=run.recorded_to).update(
        is_recorded=True
    )
    run.is_recorded = True


def _advance(run: LayerRun, person: int) -> bool:
    """Whether the facts up to a person are this process's; another may record them."""
    rows = LayerRun.objects.filter(pk=run.pk, recorded_to=run.recorded_to)
    run.recorded_to = person
    return rows.update(recorded_to=person) == 1
