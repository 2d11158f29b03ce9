"""Doctor check of layerings: everyone in exactly one layer of the newest run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import db, timestamps
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.members.layers import layering_specs, runs
from qunce.members.layers.layers import Layering, LayerRun
from qunce.members.people.merges import MemberUnmerged, Merge
from qunce.sets import audiences
from qunce.sets import log as fact_log
from qunce.sets.bitmaps import bitmaps
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding

if TYPE_CHECKING:
    from pyroaring import BitMap

CHANGED_SINCE = (
    "SELECT DISTINCT account_id FROM core_fact WHERE recorded_at >= %s AND account_id "
)
ACCOUNT = 2
"""The column of rows of the log that names the account."""


@doctor.register_check("layers")
def check_layers() -> Iterator[Finding]:
    """The sets of the newest run are complete, disjoint, and cover the community."""
    active = Layering.objects.filter(state="active").select_related("community")
    for layering in active.order_by("pk"):
        run = runs.latest_run(layering)
        if run is None:
            continue
        for text in _list_faults(layering, run):
            remedy = _("Recompute the layering “%(name)s”.") % {"name": layering.name}
            yield Finding("layers", f"{layering.pk} {layering.key}", f"{text} {remedy}")


def _list_faults(layering: Layering, run: LayerRun) -> Iterator[str]:
    sets, sizes = runs.load_sets(run), runs.sizes(run)
    if set(sets) != set(layering_specs.names_of(run.spec)):
        yield _("The newest run does not have a set for each layer.")
    if any(len(people) != sizes[layer] for layer, people in sets.items()):
        yield _("The sizes of the newest run differ from its sets.")
    everyone = bitmaps.union(sets.values())
    if twice := sum(map(len, sets.values())) - len(everyone):
        yield _("%(n)s members are in more than one layer.") % {"n": f"{twice:,}"}
    if missing := _find_missing(layering, run, everyone):
        yield _("%(n)s members are in no layer.") % {"n": f"{len(missing):,}"}


def _find_missing(layering: Layering, run: LayerRun, everyone: BitMap) -> BitMap:
    """Members who were in the community at the run and are in no set of it.

    Without those about whom something was recorded since, such as a join on an earlier
    day: they are in the layer for new members until the next run.
    """
    community = layering.community
    by = staff_models.system(community)
    present = audiences.people(
        community=community, rule=audiences.EVERYONE, by=by, at=run.at
    )
    missing: BitMap = present - everyone
    if not missing:
        return missing
    since = timestamps.to_micros(run.at)
    for chunk in account_queries.chunks(list(missing)):
        rows = db.rows(CHANGED_SINCE + db.among_ids(chunk), [since])
        missing = missing - bitmaps.of(row[0] for row in rows)
        if run.log_end is not None:
            # A long import records facts with the time at which it began.
            later = fact_log.list_after(run.log_end, community.pk, chunk)
            missing = missing - bitmaps.of(row[ACCOUNT] for row in later)
    return missing - _list_unmerged(run, missing)


def _list_unmerged(run: LayerRun, missing: BitMap) -> BitMap:
    """Both sides of each merge that was undone after the run, if `missing` has any."""
    if not missing:
        return missing
    community = run.layering.community
    undone = Merge.objects.filter(community=community, undone_at__isnull=False)
    recent = undone.filter(undone_at__gte=run.at)
    if run.log_end is not None:
        kind = facts.find_kind(MemberUnmerged.kind) or 0
        rows = fact_log.list_kinds_after(run.log_end, community.pk, [kind])
        recent |= undone.filter(right_id__in=[row[1] for row in rows])
    pairs = recent.values_list("left_id", "right_id")
    return bitmaps.of(account for pair in pairs for account in pair)
