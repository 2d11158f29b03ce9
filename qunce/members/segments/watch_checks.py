"""A check of the doctor: the facts of a watched segment lead to who is in it."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from qunce.core import db, timestamps
from qunce.core.facts import facts
from qunce.members.segments import watches
from qunce.members.segments.segments import SegmentEntered, SegmentLeft
from qunce.members.segments.watches import SegmentWatch
from qunce.sets.bitmaps import bitmaps
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding

SELECT_MOVES = """
SELECT account_id, sum(CASE WHEN kind_id = %s THEN 1 ELSE -1 END) FROM core_fact
WHERE community_id = %s AND kind_id IN (%s, %s) AND happened_at > %s AND payload = %s
    AND account_id IS NOT NULL
GROUP BY account_id
"""


@doctor.register_check("watched_segments")
def check_watches() -> Iterator[Finding]:
    """Watched segments whose entries and exits do not add up to the stored set."""
    for pk in list(watches.list_active().values_list("pk", flat=True)):
        # The watch and its facts of the same moment.
        with db.snapshot():
            watch = watches.list_active().filter(pk=pk).first()
            wrong = count_wrong(watch) if watch else 0
        if watch is not None and wrong:
            text = _(
                "Segment “%(name)s”: the recorded entries and exits of %(n)s members do not lead to who is in it."
            )
            params = {"name": watch.segment.name, "n": wrong}
            yield Finding("segment_moves", watch.community.key, text % params)


def count_wrong(watch: SegmentWatch) -> int:
    """The accounts of which entries less exits do not say whether they are inside."""
    kinds = [facts.find_kind(kind.kind) or 0 for kind in (SegmentEntered, SegmentLeft)]
    payload = SegmentEntered(segment=watch.segment.key).payload()
    since = timestamps.to_micros(watch.base_at)
    rows = db.rows(
        SELECT_MOVES,
        [kinds[0], watch.segment.community_id, *kinds, since, payload],
    )
    base, inside = (bitmaps.from_bytes(blob) for blob in (watch.base, watch.blob))
    moved = {account: int(number) for account, number in rows}
    entered = bitmaps.of([account for account, number in moved.items() if number == 1])
    left = bitmaps.of([account for account, number in moved.items() if number == -1])
    odd = sum(abs(number) > 1 for number in moved.values())
    return odd + len(((base | entered) - left) ^ inside)
