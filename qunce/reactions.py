"""What happens next: a kind of fact, and the verbs that follow from it. One page."""

from __future__ import annotations

from datetime import datetime

from qunce.channels.webhooks import deliveries, endpoints
from qunce.core.facts import consumers
from qunce.groups import groups
from qunce.members.accounts import accounts
from qunce.members.people import people
from qunce.members.tags import automatic
from qunce.outreach import opt_outs
from qunce.outreach.sending import recipients
from qunce.sales import orders

CONSUMER = consumers.Consumer(
    "reactions",
    {
        accounts.MemberJoined.kind: (automatic.react,),
        people.MemberErased.kind: (
            groups.remove_erased,
            orders.unlink_erased,
            recipients.delete_erased,
            opt_outs.clear_erased,
            deliveries.forget_erased,
        ),
    },
)
WEBHOOKS = consumers.Consumer(endpoints.CONSUMER, deliveries.Subscribed())
"""Whatever endpoints ask for; apart, so that it holds up nothing of our own."""
CONSUMERS = (CONSUMER, WEBHOOKS)


def again(key: str, *, at: datetime) -> None:
    """Try one failed fact once more, with whoever failed on it."""
    for consumer in CONSUMERS:
        consumer.again(key, at=at)
