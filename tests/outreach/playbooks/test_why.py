"""Why a member is in a playbook or not: the sentences against an oracle (row 23)."""

from __future__ import annotations

import os
import random

from qunce.members.accounts import queries as account_queries
from qunce.outreach.playbooks import explanations
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT
from tests.outreach.playbooks.worker import DAY, HOUR, MINUTE, Worker, wait

MEMBERS = 500 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 24
BEFORE, IN_TIME, LATE = "before", "in time", "late"
REASONS = {
    BEFORE: "the playbook was not switched on yet",
    LATE: "it became known more than 24 hours later",
}


def test_sentences_agree_with_what_the_oracle_knows(worker: Worker) -> None:
    dice = random.Random(7)  # noqa: S311 - the same members each time
    factories.tag(worker.shop, "vip")
    keys = [f"m{n}" for n in range(MEMBERS)]
    worker.members(*keys)
    orders = {
        key: {o for o in REASONS | {IN_TIME: ""} if dice.random() < 0.4} for key in keys
    }
    vips = {key for key in keys if dice.random() < 0.6}
    for key in vips:
        factories.apply_tag(worker.shop, "vip", key, at=AT - 9 * DAY)
    for key in keys:
        if BEFORE in orders[key]:
            worker.order(key, AT - DAY, key=f"{key} before")
    condition = {"rule": {"tag": {"any": ["vip"]}}, "checked": "entry"}
    playbook = worker.playbook(
        wait("w", 6_000), conditions=[condition], again={"mode": "restart"}
    )
    for key in keys:
        if LATE in orders[key]:
            factories.order(
                worker.shop,
                key,
                key=f"{key} late",
                paid_at=AT - 2 * DAY,
                at=AT + MINUTE,
            )
        if IN_TIME in orders[key]:
            worker.order(key, AT + 2 * MINUTE, key=f"{key} in time")
    worker.tick(AT + 3 * MINUTE)
    worker.tick(AT + HOUR)
    deriver.catch_up()
    for key in keys:
        account = account_queries.get(worker.shop, key).pk
        answer = explanations.why(
            playbook=playbook, account=account, by=worker.by, at=AT + HOUR
        )
        text = " ".join(answer.sentences)
        is_in = key in vips and IN_TIME in orders[key]
        assert answer.is_in == is_in, (key, orders[key], text)
        if is_in:
            assert "In it since" in text
            continue
        for kind, reason in REASONS.items():
            assert (reason in text) == (kind in orders[key]), (key, orders[key], text)
        assert ("has not happened for a year" in text) == (not orders[key])
        does_not_hold = "The condition at the start does not hold now" in text
        assert does_not_hold == (key not in vips)
