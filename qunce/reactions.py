"""What happens next: a kind of fact, and the verbs that follow from it. One page."""

from __future__ import annotations

from qunce.core import reacting
from qunce.members import accounts, basetags

CONSUMER = reacting.Consumer(
    "reactions",
    {
        accounts.MemberJoined.kind: (basetags.react,),
    },
)
