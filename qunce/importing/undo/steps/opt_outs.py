"""Takes back opt-outs of messages, as if the members had never opted out.

An entry is `[account, old, set_at]`; `old` is the `[set_at, source, by, weight]` of an
earlier row, null if there was none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import timestamps
from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.accounts import queries as account_queries
from qunce.outreach import opt_outs
from qunce.outreach.opt_outs import Earlier, MemberOptedOut, OptOut
from qunce.sets import fact_withdrawals


class OptOutStep(Step):
    kind = "opt_outs"
    position = 20
    label = gettext_lazy("opt-outs taken back")

    def account_of(self, entry: Any) -> int | None:
        return int(entry[0])

    def look_up(self, undoing: Undoing, entries: Sequence[Any]) -> None:
        self._facts = fact_withdrawals.find_recorded(
            undoing.community,
            (MemberOptedOut.kind,),
            [entry[0] for entry in entries],
            undoing.job.started_at,
        )

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        rows = OptOut.objects.filter(
            community_id=undoing.community.pk,
            account_id__in=[entry[0] for entry in entries],
            present=True,
        )
        current = {row.account_id: timestamps.to_micros(row.set_at) for row in rows}
        earlier: dict[int, Earlier | None] = {}
        later: list[int] = []
        for account, old, set_at in entries:
            if current.get(account) == set_at:
                earlier[account] = tuple(old) if old else None
            elif account in current:
                # Whoever opted out again meant it, whatever the file said.
                later.append(account)
        for key in account_queries.keys_by_id(undoing.community, later).values():
            undoing.keep(key, _("This member has opted out since."))
        withdrawn = (self._facts.get((account, None), set()) for account in earlier)
        fact_withdrawals.withdraw(sorted(set().union(*withdrawn)))
        return opt_outs.withdraw(community=undoing.community, earlier=earlier)


STEP = OptOutStep
