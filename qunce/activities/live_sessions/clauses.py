"""The clause `live_session`: members who reserved a live session, came, or did not."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from qunce.activities.activities import clauses as activity_clauses
from qunce.activities.activities.models import Activity
from qunce.activities.live_sessions.models import LiveSession
from qunce.core import db, revisions, timestamps
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import base, references
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.grammar.forms import Form, Slot
from qunce.sets.rules.grammar.values import Name

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.snapshots import Snapshot

KIND = "live_session"
REFERENCE = "live_session"
RESERVED, ATTENDED, MISSED, WATCHED = "reserved", "attended", "missed", "watched"
STEPS = (RESERVED, ATTENDED, MISSED, WATCHED)
TABLES = {
    RESERVED: "live_sessions_reservation",
    ATTENDED: "live_sessions_attendance",
    WATCHED: "live_sessions_replay_view",
}


def _form(phrase: str, step: str) -> Form:
    return Form(
        phrase,
        {"activity": Slot(Name(REFERENCE), "activity")},
        fixed={"step": step},
    )


@base.register
@dataclass(frozen=True)
class LiveSessionClause(Clause):
    """A person with several accounts did what any of them did.

    Nobody has missed a live session before it is over, nor one that was cancelled.
    """

    name: ClassVar[str] = "live_session"
    description: ClassVar[str] = (
        "Members by what they did with a live session, `activity`: with `step`"
        " `reserved`, `attended`, `missed` (reserved and did not come, once it is over)"
        " or `watched` (opened the replay). Entries that were struck out do not count."
    )
    fields: ClassVar[tuple[str, ...]] = ("activity", "step")
    examples: ClassVar[tuple[dict[str, Any], ...]] = tuple(
        {"activity": "spring-live", "step": step} for step in STEPS
    )
    forms: ClassVar = (
        _form(gettext_noop("has reserved the live session %(activity)s"), RESERVED),
        _form(gettext_noop("came to the live session %(activity)s"), ATTENDED),
        _form(
            gettext_noop("reserved the live session %(activity)s and did not come"),
            MISSED,
        ),
        _form(
            gettext_noop("watched the replay of the live session %(activity)s"), WATCHED
        ),
    )

    activity: int
    step: str

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> LiveSessionClause:
        base.check_fields(args, path, cls.fields)
        here, key = path.child("activity"), args.get("activity")
        if not isinstance(key, str):
            here.fail(_("Write a string."))
        pk = base.resolve_key(REFERENCE, key, here)
        if not activity_clauses.is_visible(pk, path):
            here.fail(
                _("There is no %(what)s “%(key)s”.")
                % {"what": references.get(REFERENCE).label, "key": key}
            )
        step = args.get("step")
        if step not in STEPS:
            path.child("step").fail(
                _("Write one of: %(all)s.") % {"all": ", ".join(STEPS)}
            )
        return cls(pk, str(step))

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from base.mentions_of(REFERENCE, args.get("activity"))

    def dependencies(self) -> Iterable[revisions.Key]:
        return []

    def cache_key(self, snap: Snapshot) -> Hashable:
        # Ids are not used again, and a reservation that changes has another time.
        parts = (
            "SELECT COUNT(*), MAX(at), MAX(cancelled_at) FROM live_sessions_reservation",
            "SELECT COUNT(*), MAX(id), 0 FROM live_sessions_attendance",
            "SELECT COUNT(*), MAX(id), 0 FROM live_sessions_replay_view",
        )
        found = [
            tuple(db.rows(f"{part} WHERE activity_id = %s", [self.activity])[0])
            for part in parts
        ]
        return tuple(found), self._struck_out(), self._is_over(snap)

    def _struck_out(self) -> tuple[int, ...]:
        rows = db.rows(
            "SELECT account_id FROM activities_entry"
            " WHERE activity_id = %s AND struck_out_at IS NOT NULL ORDER BY id",
            [self.activity],
        )
        return tuple(int(account) for (account,) in rows)

    def resolve(self, snap: Snapshot) -> BitMap:
        if self.step == MISSED:
            if not self._is_over(snap):
                return bitmaps.of([])
            found = self._people(RESERVED, snap) - self._people(ATTENDED, snap)
        else:
            found = self._people(self.step, snap)
        struck = snap.people(bitmaps.of(self._struck_out()))
        return (found - struck) & snap.known()

    def _people(self, step: str, snap: Snapshot) -> BitMap:
        state = " AND state = 'reserved'" if step == RESERVED else ""
        rows = db.rows(
            f"SELECT account_id FROM {TABLES[step]} WHERE activity_id = %s{state}",  # noqa: S608 - own names
            [self.activity],
        )
        return snap.people(bitmaps.of(account for (account,) in rows))

    def _is_over(self, snap: Snapshot) -> bool:
        rows = db.rows(
            "SELECT s.ends_at FROM live_sessions_live_session s"
            " JOIN activities_activity a ON a.id = s.activity_id"
            " WHERE s.activity_id = %s AND a.state <> 'cancelled'",
            [self.activity],
        )
        return bool(rows) and rows[0][0] <= timestamps.to_micros(snap.at)

    def explain(self, snap: Snapshot, person: int) -> str:
        holds = person in snap.resolve(self)
        texts = {
            RESERVED: (_("has reserved"), _("has not reserved")),
            ATTENDED: (_("came"), _("did not come")),
            MISSED: (_("reserved and did not come"), _("is not among those missing")),
            WATCHED: (_("watched the replay"), _("did not watch the replay")),
        }
        return texts[self.step][0 if holds else 1]


# What rules mention


def find_ids(community: Community, keys: Sequence[str]) -> dict[str, int]:
    rows = Activity.objects.filter(
        community=community, kind=KIND, public_id__in=list(keys)
    )
    return dict(rows.values_list("public_id", "pk"))


def find_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    known = find_ids(community, keys)
    return activity_clauses.find_names(community, list(known))


def list_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    """The published live sessions that `by` sees."""
    listed = activity_clauses.list_names(community, by)
    rows = LiveSession.objects.filter(activity__community=community)
    own = set(rows.values_list("activity__public_id", flat=True))
    return [(key, name) for key, name in listed if key in own]


references.register(
    REFERENCE,
    label=gettext_lazy("live session"),
    find_ids=find_ids,
    find_names=find_names,
    list_names=list_names,
)
