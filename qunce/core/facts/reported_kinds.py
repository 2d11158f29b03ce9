"""Which kinds of facts a community reports, and with which fields; both are limited.

Every kind and field is listed wherever a rule, a metric or a webhook chooses one. A
program that puts an order number into a kind, or into the name of a field, would make
these lists endless.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _

from qunce.core import db, errors
from qunce.core.facts import facts


class ReportedKind(models.Model):
    """`fields` are those of payloads that programs have sent."""

    community_id = models.BigIntegerField()
    kind = models.CharField(max_length=100)
    fields: models.JSONField[list[str], list[str]] = models.JSONField(default=list)

    class Meta:
        db_table = "core_reported_kind"
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "kind"], name="one_row_per_reported_kind"
            )
        ]

    def __str__(self) -> str:
        return self.kind


class TooManyKinds(errors.Invalid):
    """The community reports as many kinds of facts as it may."""


class TooManyFields(errors.Invalid):
    """Facts of this kind have as many different fields as they may."""


class KindLimits:
    """Checks the kinds of some facts that are about to be recorded.

    Kinds that Qunce declares do not count.
    """

    def __init__(self, community_id: int, kinds: Iterable[str] = ()) -> None:
        self._community_id = community_id
        self._fields: dict[str, set[str]] = {}
        self._own, self._changed = set[str](), set[str]()
        self._free: int | None = None
        self.load(kinds)

    def load(self, kinds: Iterable[str]) -> None:
        """Look up further kinds that are about to be checked."""
        own = set(kinds) - facts.declared().keys() - self._own
        if own:
            for kind, fields in db.rows(
                "SELECT kind, fields FROM core_reported_kind WHERE community_id = %s"  # noqa: S608
                f" AND kind IN ({db.placeholders(len(own))})",
                [self._community_id, *sorted(own)],
            ):
                self._fields[kind] = set(json.loads(fields))
            self._own |= own

    def check(self, kind: str, fields: Collection[str] = ()) -> None:
        """Raise TooManyKinds or TooManyFields; remembers what is new otherwise."""
        if kind not in self._own:
            return
        known = self._fields.get(kind)
        if known is None:
            known = self._add(kind)
        # Nearly always, a thousand times a request.
        if known.issuperset(fields):
            return
        new = [field for field in fields if field not in known]
        _check_fields(kind, known, new)
        known.update(new)
        self._changed.add(kind)

    def _add(self, kind: str) -> set[str]:
        # Counted only when there is a new one, which is rare.
        if self._free is None:
            rows = ReportedKind.objects.filter(community_id=self._community_id)
            self._free = settings.MAX_FACT_KINDS - rows.count()
        if self._free <= 0:
            raise TooManyKinds(
                _(
                    "“%(kind)s” would be another kind of fact, and there are %(n)d"
                    " already. Use few kinds, and put what differs into the payload."
                )
                % {"kind": kind, "n": settings.MAX_FACT_KINDS}
            )
        self._free -= 1
        self._changed.add(kind)
        return self._fields.setdefault(kind, set())

    def save(self) -> None:
        """Store what is new; call it in the transaction of the facts.

        Raises TooManyFields if others have added fields since the check.
        """
        for kind in sorted(self._changed):
            # Locked, so that what another process has just added is kept.
            row, _is_new = ReportedKind.objects.select_for_update().get_or_create(
                community_id=self._community_id, kind=kind
            )
            known = set(row.fields)
            _check_fields(kind, known, self._fields[kind] - known)
            row.fields = sorted(known | self._fields[kind])
            row.save()
        self._changed.clear()


def _check_fields(kind: str, known: Collection[str], new: Collection[str]) -> None:
    if new and len(known) + len(new) > settings.MAX_FACT_FIELDS:
        raise TooManyFields(
            _(
                "Facts of the kind “%(kind)s” have %(n)d different fields already."
                " Send the same fields with every fact, and put what differs into"
                " their values."
            )
            % {"kind": kind, "n": len(known)}
        )
