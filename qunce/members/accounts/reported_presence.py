"""Reported joins and leaves of the community: the latest of an account decides."""

from __future__ import annotations

from qunce.core import permissions
from qunce.core.facts import fact_effects
from qunce.core.facts.fact_effects import ReportedFact, Reporter
from qunce.members.accounts import accounts
from qunce.members.accounts.accounts import MemberJoined, MemberLeft, MemberRejoined
from qunce.members.accounts.models import Account


class JoinEffect(fact_effects.Effect):
    kind = MemberJoined.kind
    description = (
        "Creates the member, moves the time of joining back, or takes a member in again"
        " who had left before."
    )
    scope = "members:write"

    def apply(self, fact: ReportedFact, reporter: Reporter) -> bool:
        account = _load(fact, reporter)
        if not account.present and _is_after_leave(account, fact):
            return _rejoin(account, fact, reporter)
        if fact.happened_at >= account.joined_at:
            # An account that this report has just created joined at this very time.
            return fact.happened_at == account.joined_at
        accounts.update(
            account=account, joined_at=fact.happened_at, by=reporter.by, at=reporter.at
        )
        return True


class RejoinEffect(fact_effects.Effect):
    kind = MemberRejoined.kind
    description = "Takes a member in again who had left before."
    scope = "members:write"

    def apply(self, fact: ReportedFact, reporter: Reporter) -> bool:
        account = _load(fact, reporter)
        if account.present or not _is_after_leave(account, fact):
            return False
        return _rejoin(account, fact, reporter)


class LeaveEffect(fact_effects.Effect):
    kind = MemberLeft.kind
    description = "The member leaves the community, unless they joined later."
    scope = "members:write"

    def apply(self, fact: ReportedFact, reporter: Reporter) -> bool:
        account = _load(fact, reporter)
        if account.present and fact.happened_at >= account.joined_at:
            accounts.leave(
                account=account,
                by=reporter.by,
                at=reporter.at,
                left_at=fact.happened_at,
            )
            return True
        return False


def _load(fact: ReportedFact, reporter: Reporter) -> Account:
    permissions.check_may(reporter.by, accounts.EDIT)
    rows = Account.objects.select_for_update().select_related("community")
    return rows.get(community=reporter.community, pk=fact.account or 0)


def _is_after_leave(account: Account, fact: ReportedFact) -> bool:
    return account.left_at is None or fact.happened_at > account.left_at


def _rejoin(account: Account, fact: ReportedFact, reporter: Reporter) -> bool:
    accounts.rejoin(
        account=account,
        by=reporter.by,
        at=reporter.at,
        happened_at=fact.happened_at,
    )
    return True


fact_effects.register(JoinEffect())
fact_effects.register(RejoinEffect())
fact_effects.register(LeaveEffect())
