"""What happens next: a kind of fact, and the verbs that follow from it. One page."""

from __future__ import annotations

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
        ),
    },
)
