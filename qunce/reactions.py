"""What happens next: a kind of fact, and the verbs that follow from it. One page."""

from __future__ import annotations

from datetime import datetime

from qunce.channels.webhooks import deliveries, endpoints
from qunce.core import reacting
from qunce.groups import registry
from qunce.members import accounts, basetags, people
from qunce.outreach import optouts, recipients
from qunce.sales import orders

CONSUMER = reacting.Consumer(
    "reactions",
    {
        accounts.MemberJoined.kind: (basetags.react,),
        people.MemberErased.kind: (
            registry.forget_erased,
            orders.disown_erased,
            recipients.forget_erased,
            optouts.forget_erased,
            deliveries.forget_erased,
        ),
    },
)
WEBHOOKS = reacting.Consumer(endpoints.CONSUMER, deliveries.Subscribed())
"""Whatever endpoints ask for; apart, so that it holds up nothing of our own."""
CONSUMERS = (CONSUMER, WEBHOOKS)


def again(key: str, *, at: datetime) -> None:
    """Try one failed fact once more, with whoever failed on it."""
    for consumer in CONSUMERS:
        consumer.again(key, at=at)
