"""Wait until something happens, with a time-out: two ways on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.outreach.playbooks import delays, histories
from qunce.outreach.playbooks.actions import Action, GoTo, RunPosition
from qunce.outreach.playbooks.delays import Delay
from qunce.outreach.playbooks.histories import FactMatch, History
from qunce.outreach.playbooks.names import Names
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Block, Step

if TYPE_CHECKING:
    from qunce.outreach.playbooks.definitions import Definition
    from qunce.outreach.playbooks.validation import Resources

MAX_EARLIER_DAYS = 365


@base.register
@dataclass(frozen=True, kw_only=True)
class WaitUntil(Step):
    """The fact happens during the wait, or up to `earlier_days` before its beginning.

    A fact at the very end of the wait still counts.
    """

    kind: ClassVar[str] = "wait_until"
    icon: ClassVar[str] = "bell-alert"
    rank: ClassVar[int] = 40
    label: ClassVar[StrOrPromise] = gettext_lazy("Wait until an event")
    description: ClassVar[StrOrPromise] = gettext_lazy(
        "Until something happens, for some time at most; then one of two ways on."
    )
    waits: ClassVar[bool] = True

    match: FactMatch
    timeout: Delay | None = None
    earlier_days: int = 0
    then: tuple[Step, ...] = ()
    otherwise: tuple[Step, ...] = ()

    @classmethod
    def from_fields(cls, values: dict[str, Any]) -> WaitUntil:
        until, timeout = values.get("until"), values.get("timeout")
        earlier = values.get("earlier_days", 0)
        if not isinstance(earlier, int) or not 0 <= earlier <= MAX_EARLIER_DAYS:
            raise base.InvalidStep(
                _("Earlier events count for %(n)s days at most.")
                % {"n": MAX_EARLIER_DAYS}
            )
        return cls(
            id=values["id"],
            match=histories.parse_match(until),
            timeout=None if timeout is None else delays.parse(timeout),
            earlier_days=earlier,
            then=base.parse_list(values.get("then", [])),
            otherwise=base.parse_list(values.get("otherwise", [])),
        )

    @classmethod
    def field_names(cls) -> frozenset[str]:
        return frozenset({"until", "timeout", "earlier_days", "then", "otherwise"})

    def fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"until": self.match.to_json()}
        if self.timeout is not None:
            fields["timeout"] = self.timeout.to_json()
        if self.earlier_days:
            fields["earlier_days"] = self.earlier_days
        fields["then"] = [step.to_json() for step in self.then]
        fields["otherwise"] = [step.to_json() for step in self.otherwise]
        return fields

    def blocks(self) -> tuple[Block, ...]:
        return (
            Block("then", gettext_lazy("If it happens"), self.then),
            Block("otherwise", gettext_lazy("If the time runs out"), self.otherwise),
        )

    def kinds(self) -> frozenset[str]:
        return frozenset({self.match.kind})

    def looks_back_days(self) -> int:
        return self.earlier_days

    def due_at(
        self, since: datetime, definition: Definition, zone: ZoneInfo
    ) -> datetime:
        # An earlier event may have happened already, so it is looked for immediately.
        if self.earlier_days or self.timeout is None:
            return since
        return self.timeout.ends_at(since, zone, delays.ANY_DAY)

    def decide(
        self, definition: Definition, run: RunPosition, facts: History, at: datetime
    ) -> list[Action]:
        assert self.timeout is not None  # noqa: S101 - checked before the start
        deadline = self.timeout.ends_at(run.since, run.zone, delays.ANY_DAY)
        after = run.since - timedelta(days=self.earlier_days)
        found = facts.first(self.match, after=after, until=min(at, deadline))
        if found is not None:
            planned = max(found.at, run.since)
            chosen = "then"
        elif at < deadline:
            return [GoTo(self.id, run.since, deadline)]
        else:
            planned = deadline
            chosen = "otherwise"
        inside = definition.graph.inside(self.id, chosen)
        return [definition.arrive(inside, run, at, planned)]

    def problems(self, resources: Resources) -> Iterator[str]:
        if self.timeout is None:
            yield _("has no time-out, so that members could wait for ever.")

    def phrase(self, names: Names) -> str:
        what = self.match.phrase()
        if self.timeout is None:
            return _("Wait until %(event)s") % {"event": what}
        return _("Wait until %(event)s, at most until %(when)s") % {
            "event": what,
            "when": self.timeout.phrase(),
        }
