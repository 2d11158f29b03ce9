"""Reported opt-outs and opt-ins: the latest of a person decides, whatever comes last."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from qunce.core import permissions
from qunce.core.facts import fact_effects
from qunce.core.facts.fact_effects import ReportedFact, Reporter
from qunce.members.accounts import queries as account_queries
from qunce.outreach import opt_outs
from qunce.outreach.opt_outs import MemberOptedIn, MemberOptedOut, OptOut


class _Effect(fact_effects.Effect):
    """Opting out or in; `change` is the verb."""

    fields = {"source": str, "purpose": str}
    scope = "members:write"
    event: ClassVar[type[MemberOptedOut | MemberOptedIn]]
    change: ClassVar[Callable[..., int]]

    def apply(self, fact: ReportedFact, reporter: Reporter) -> bool:
        permissions.check_may(reporter.by, opt_outs.EDIT)
        source = fact.payload.get("source", reporter.source)
        purpose = fact.payload.get("purpose", opt_outs.MARKETING)
        opt_outs.check_purpose(purpose)
        accounts = account_queries.account_ids_of_person(fact.account or 0)
        later = OptOut.objects.filter(
            community_id=reporter.community.pk,
            account_id__in=accounts,
            set_at__gt=fact.happened_at,
        )
        # It stays in the log, but a later wish of the person is known.
        if later.exists():
            event = self.event(account=fact.account, source=source, purpose=purpose)
            fact_effects.record(event, fact, reporter)
            return True
        changed = self.change(
            community=reporter.community,
            accounts=[fact.account or 0],
            by=reporter.by,
            at=reporter.at,
            source=source,
            happened_at=fact.happened_at,
            purpose=purpose,
        )
        return changed > 0


class OptOutEffect(_Effect):
    kind = MemberOptedOut.kind
    description = "The member opts out of messages, unless a later opt-in is known."
    event = MemberOptedOut
    change = staticmethod(opt_outs.opt_out)


class OptInEffect(_Effect):
    kind = MemberOptedIn.kind
    description = "The member opts in again, unless a later opt-out is known."
    event = MemberOptedIn
    change = staticmethod(opt_outs.opt_in)


fact_effects.register(OptOutEffect())
fact_effects.register(OptInEffect())
