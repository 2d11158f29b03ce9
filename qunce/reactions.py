"""What follows from facts: the verbs that each kind of fact calls. One page.

What follows inside of groups is on a page of its own, and comes first.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from qunce import activity_reactions, group_reactions
from qunce.channels.webhooks import deliveries, endpoints
from qunce.core.facts import fact_consumers
from qunce.core.jobs.scheduler import Job
from qunce.groups import groups
from qunce.insight.reports import reports, subscribers
from qunce.members.accounts import accounts
from qunce.members.layers import layers
from qunce.members.people import merges, people, removal
from qunce.members.tag_rules import events as tag_rule_events
from qunce.members.tags import automatic, deepening, library
from qunce.outreach import complaint_messages, entry_messages, opt_outs
from qunce.outreach.care import budgets as care_budgets
from qunce.outreach.care import claims as care_claims
from qunce.outreach.ideas import idea_materials
from qunce.outreach.moderation_notices import case_reactions, hand_tasks, notices
from qunce.outreach.playbooks import run_events, run_reactions
from qunce.outreach.replies import assignment as replies
from qunce.outreach.replies import conversation_facts, conversations
from qunce.outreach.report_deliveries import deliveries as report_deliveries
from qunce.outreach.sending import campaign_tasks
from qunce.outreach.tasks import invitations
from qunce.outreach.tasks import staff_tasks as task_facts
from qunce.outreach.welcomes import decisions as welcomes
from qunce.sales import orders

CLEARING = (
    *group_reactions.CLEARING,
    *activity_reactions.CLEARING,
    orders.unlink_erased,
    campaign_tasks.delete_erased,
    invitations.delete_erased,
    welcomes.delete_erased,
    run_reactions.delete_erased,
    opt_outs.clear_erased,
    care_claims.clear_erased,
    notices.delete_erased,
    conversations.delete_erased,
    deliveries.delete_erased,
)
"""What is held about members outside their own tables, when they are gone."""
CONSUMER = fact_consumers.Consumer(
    "reactions",
    activity_reactions.after(
        group_reactions.before(
            {
                accounts.MemberJoined.kind: (automatic.react, welcomes.react),
                accounts.MemberRejoined.kind: (welcomes.react,),
                accounts.MemberChanged.kind: (automatic.react,),
                merges.MemberMerged.kind: (welcomes.react_to_merge,),
                merges.MemberUnmerged.kind: (automatic.react_to_unmerge,),
                library.TagCreated.kind: (automatic.react_to_template,),
                groups.GroupJoined.kind: (invitations.react_to_joined, welcomes.react),
                **entry_messages.REACTIONS,
                layers.MemberLayerChanged.kind: (invitations.react_to_layer_change,),
                **dict.fromkeys(
                    idea_materials.SENT_KINDS, (idea_materials.react_to_sent,)
                ),
                **care_budgets.REACTIONS,
                conversation_facts.ConversationOpened.kind: (replies.react,),
                reports.ReportCreated.kind: (report_deliveries.react,),
                subscribers.ReportSubscribersChanged.kind: (report_deliveries.react,),
                task_facts.StaffTaskFinished.kind: (
                    report_deliveries.react_to_finished,
                    hand_tasks.react_to_finished,
                ),
                **case_reactions.REACTIONS,
                **complaint_messages.REACTIONS,
                people.MemberErased.kind: CLEARING,
                removal.MemberRemoved.kind: CLEARING,
            }
        )
    ),
)
WEBHOOKS = fact_consumers.Consumer(endpoints.CONSUMER, deliveries.SubscribedKinds())
"""Facts for webhook endpoints; a consumer of its own, so that it delays no reaction."""
DEEPENING = fact_consumers.Consumer(deepening.CONSUMER, deepening.ChosenKinds())
"""Facts that deepen tags; apart, as which kinds these are can change at any time."""
PLAYBOOKS = fact_consumers.Consumer(run_events.CONSUMER, run_reactions.ChosenKinds())
"""Facts that begin, end or wake runs of playbooks; their kinds change at any time."""
TAG_RULES = fact_consumers.Consumer(
    tag_rule_events.CONSUMER, tag_rule_events.ChosenKinds()
)
"""Facts that tag rules react to; their kinds change at any time."""
CONSUMERS = (CONSUMER, PLAYBOOKS, WEBHOOKS, DEEPENING, TAG_RULES)
STEPS = {
    "facts.react": CONSUMER,
    "playbooks.react": PLAYBOOKS,
    "webhooks.prepare": WEBHOOKS,
    "tags.deepen": DEEPENING,
    "tag_rules.react": TAG_RULES,
}
"""What a loop does twice a second; queued only to be tried again after an error."""


def retry(key: str, *, at: datetime) -> None:
    """Call the reaction that failed on a fact again; `key` is the queued job's."""
    for consumer in CONSUMERS:
        consumer.retry(key, at=at)


JOBS = {
    "facts.react": Job(CONSUMER.catch_up, _("React to new facts")),
    "playbooks.react": Job(PLAYBOOKS.catch_up, _("Start and end runs of playbooks")),
    "webhooks.prepare": Job(WEBHOOKS.catch_up, _("Prepare calls of webhooks")),
    "tags.deepen": Job(DEEPENING.catch_up, _("Deepen tags")),
    "tag_rules.react": Job(TAG_RULES.catch_up, _("Apply tag rules to events")),
    fact_consumers.RETRY_JOB: Job(retry, _("React to a fact again")),
}
