"""What follows from facts: the verbs that each kind of fact calls. One page."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from qunce.channels.webhooks import deliveries, endpoints
from qunce.core.facts import fact_consumers
from qunce.core.jobs.scheduler import Job
from qunce.groups import membership_erasure
from qunce.members.accounts import accounts
from qunce.members.people import merges, people, removal
from qunce.members.tags import automatic, deepening, library
from qunce.outreach import opt_outs
from qunce.outreach.sending import recipients
from qunce.sales import orders

CLEARING = (
    membership_erasure.remove_erased,
    orders.unlink_erased,
    recipients.delete_erased,
    opt_outs.clear_erased,
    deliveries.delete_erased,
)
"""What is held about members outside their own tables, when they are gone."""
CONSUMER = fact_consumers.Consumer(
    "reactions",
    {
        accounts.MemberJoined.kind: (automatic.react,),
        accounts.MemberChanged.kind: (automatic.react,),
        merges.MemberUnmerged.kind: (automatic.react_to_unmerge,),
        library.TagCreated.kind: (automatic.react_to_template,),
        people.MemberErased.kind: CLEARING,
        removal.MemberRemoved.kind: CLEARING,
    },
)
WEBHOOKS = fact_consumers.Consumer(endpoints.CONSUMER, deliveries.SubscribedKinds())
"""Facts for webhook endpoints; a consumer of its own, so that it delays no reaction."""
DEEPENING = fact_consumers.Consumer(deepening.CONSUMER, deepening.ChosenKinds())
"""Facts that deepen tags; apart, as which kinds these are can change at any time."""
CONSUMERS = (CONSUMER, WEBHOOKS, DEEPENING)
STEPS = {
    "facts.react": CONSUMER,
    "webhooks.prepare": WEBHOOKS,
    "tags.deepen": DEEPENING,
}
"""What a loop does twice a second; queued only to be tried again after an error."""


def retry(key: str, *, at: datetime) -> None:
    """Call the reaction that failed on a fact again; `key` is the queued job's."""
    for consumer in CONSUMERS:
        consumer.retry(key, at=at)


JOBS = {
    "facts.react": Job(CONSUMER.catch_up, _("React to new facts")),
    "webhooks.prepare": Job(WEBHOOKS.catch_up, _("Prepare calls of webhooks")),
    "tags.deepen": Job(DEEPENING.catch_up, _("Deepen tags")),
    fact_consumers.RETRY_JOB: Job(retry, _("React to a fact again")),
}
