"""Takes back opt-outs of messages. An entry is the account that opted out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.accounts import queries as account_queries
from qunce.outreach import opt_outs
from qunce.outreach.opt_outs import OptOut

SOURCE = "undo"


class OptOutStep(Step):
    kind = "opt_outs"
    position = 20
    label = gettext_lazy("opt-outs taken back")

    def account_of(self, entry: Any) -> int | None:
        return int(entry)

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        community, ended_at = undoing.community, undoing.job.finished_at
        rows = OptOut.objects.filter(
            community_id=community.pk, account_id__in=entries, present=True
        )
        # Whoever opted out again meant it, whatever the file said.
        later = {
            row.account_id
            for row in rows
            if ended_at is not None and row.set_at > ended_at
        }
        for key in account_queries.keys_by_id(community, later).values():
            undoing.keep(key, _("This member has opted out since."))
        accounts = [row.account_id for row in rows if row.account_id not in later]
        return opt_outs.opt_in(
            community=community,
            accounts=accounts,
            by=undoing.by,
            at=undoing.at,
            source=SOURCE,
        )


STEP = OptOutStep
