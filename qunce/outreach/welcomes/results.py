"""What became of welcomes: sent, skipped by reason, failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from qunce.core import db, timestamps
from qunce.core.staff.models import Staff
from qunce.outreach.sending.ledger import REACHED, State
from qunce.outreach.welcomes import welcomes
from qunce.outreach.welcomes.models import Welcome

COUNT_BY_STATE = """
SELECT decision.welcome_id, message.state, message.reason, count(*)
FROM outreach_welcome_decision AS decision
JOIN outreach_message AS message ON message.id = decision.message_id
WHERE decision.welcome_id IN ({ids})
GROUP BY decision.welcome_id, message.state, message.reason
"""
COUNT_WITHOUT_MESSAGE = """
SELECT welcome_id, reason, count(*) FROM outreach_welcome_decision
WHERE welcome_id IN ({ids}) AND message_id IS NULL
GROUP BY welcome_id, reason
"""
COUNT_SENT = """
SELECT count(*) FROM outreach_welcome_decision AS decision
JOIN outreach_message AS message ON message.id = decision.message_id
WHERE decision.community_id = %s AND decision.decided_at >= %s
    AND message.state IN ({states})
"""


@dataclass
class WelcomeResult:
    """`joins` fitted the welcome. The states of their messages, and `repeated`, add up.

    `skipped` and `failed` are by reason, and `repeated` are joins of members who had been
    welcomed before, by reason.
    """

    joins: int = 0
    by_state: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)

    @property
    def waiting(self) -> int:
        return self.by_state[State.PLANNED]

    @property
    def sent(self) -> int:
        return sum(self.by_state[state] for state in REACHED)

    @property
    def others(self) -> int:
        """Joins whose welcome was neither sent nor waits: skipped, failed, repeated, …"""
        return self.joins - self.sent - self.waiting

    @property
    def unknown(self) -> int:
        return self.by_state[State.UNKNOWN]

    @property
    def cancelled(self) -> int:
        return self.by_state[State.CANCELLED]


def list_results(listed: Sequence[Welcome], *, by: Staff) -> dict[int, WelcomeResult]:
    """Welcome → what became of it."""
    welcomes.check_may_view(by)
    for welcome in listed:
        welcomes.check_visible(welcome, by)
    found = {welcome.pk: WelcomeResult() for welcome in listed}
    if not found:
        return found
    ids, marks = list(found), db.placeholders(len(found))
    for pk, state, reason, count in db.rows(COUNT_BY_STATE.format(ids=marks), ids):
        result = found[pk]
        result.joins += count
        result.by_state[state] += count
        if state == State.SKIPPED:
            result.skipped[reason] += count
        if state == State.FAILED:
            result.failed[reason] += count
    rows = db.rows(COUNT_WITHOUT_MESSAGE.format(ids=marks), ids)
    for pk, reason, count in rows:
        found[pk].joins += count
        found[pk].repeated[reason] += count
    return found


def count_sent(*, by: Staff, since: datetime) -> int:
    """How many of the joins since then led to a welcome that was sent."""
    welcomes.check_may_view(by)
    states = [state.value for state in REACHED]
    query = COUNT_SENT.format(states=db.placeholders(len(states)))
    params = [by.community_id, timestamps.to_micros(since), *states]
    ((count,),) = db.rows(query, params)
    return int(count)
