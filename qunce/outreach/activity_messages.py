"""Messages of activities: answers to members, and texts for groups.

They follow from facts and go through the ledger. Where the channel of a group cannot post,
somebody of the staff gets the text to post by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.channels import channel_contract
from qunce.channels.channel_contract import Capabilities, ChannelNotFound
from qunce.core import unique_keys
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Group
from qunce.members.accounts.models import Account
from qunce.outreach import task_permissions
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import message_endings, messages
from qunce.outreach.sending.ledger import REACHED, Message

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

ASSISTED = "assisted"
WAITING = timedelta(hours=12)
"""After it, a text that nobody has posted is too late."""


# Verbs


def answer(
    *, community: Community, fact: int, account: int, text: str, at: datetime
) -> bool:
    """Answer a member directly; `fact` is the number of the fact.

    Returns false if nothing is sent: the channel cannot do it, or the member gets nothing.
    """
    channel = Account.objects.values_list("channel", flat=True).get(pk=account)
    can = _capabilities(channel, community)
    if can is None or not can.to_member or not text:
        return False
    draft = messages.Draft(
        origin=messages.Origin.ACTIVITY,
        origin_id=fact,
        account=account,
        text=_plain(text),
        purpose=messages.Purpose.SERVICE,
        channel=channel,
        priority=messages.Priority.URGENT,
    )
    message = messages.request(draft, community=community, at=at)
    return message.state != messages.State.SKIPPED


def post(
    *,
    community: Community,
    fact: int,
    groups: Iterable[Group],
    text: str,
    fallback: Staff | None,
    at: datetime,
    takes_over: bool = False,
) -> None:
    """Post a text in groups; `fallback` posts by hand where no owner of a group can.

    Without a fallback it is posted only where the channel does it. One who `takes_over`
    posts in all groups that need a person.
    """
    able = {each.pk: each for each in task_permissions.list_assignable_staff(community)}
    drafts = []
    for group in groups:
        can = _capabilities(group.platform, community)
        is_posted = can is not None and can.to_group
        staff = None
        if not is_posted:
            if fallback is None:
                continue
            # Anybody rather than nobody: the others can hand it over.
            owner = None if takes_over else able.get(group.owner_id or 0)
            chosen = owner or able.get(fallback.pk)
            staff = chosen or next(iter(able.values()), None)
            if staff is None:
                continue
        drafts.append(
            messages.Draft(
                origin=messages.Origin.ACTIVITY,
                origin_id=fact,
                group=group.pk,
                text=_plain(text),
                channel=group.platform if is_posted else ASSISTED,
                staff=staff,
                due_at=at,
                stale_at=at + WAITING,
            )
        )
    if drafts:
        messages.request_many(drafts, community=community, at=at)


@transaction.atomic
def withdraw(
    *,
    facts: Collection[int],
    groups: Collection[int],
    at: datetime,
    community: Community,
) -> list[int]:
    """Cancel what still waits to be posted in groups; returns those that may get it again.

    Those in which it was posted, or is being posted at this moment, are left out.
    """
    rows = _messages_to_groups(facts, community.pk).filter(target_id__in=groups)
    message_endings.cancel(rows.filter(lease=""), at=at)
    done = rows.filter(state__in=[*REACHED, messages.State.PLANNED])
    taken = set(done.values_list("target_id", flat=True))
    return sorted(set(groups) - taken)


def draft_campaign(
    *, community: Community, name: str, text: str, rule: object, by: Staff, at: datetime
) -> Campaign:
    """Create the draft of the campaign to those who are notified; nothing is sent."""
    used = set(
        Campaign.objects.filter(community=community).values_list("name", flat=True)
    )
    title = _("Notice: %(name)s") % {"name": name[:60]}
    return campaigns.create(
        community=community,
        name=unique_keys.unused_key(title, used),
        text=text,
        rule=rule,
        by=by,
        at=at,
    )


def _capabilities(channel: str, community: Community) -> Capabilities | None:
    """What the channel can do automatically, None if a person has to do it."""
    try:
        can = channel_contract.get(channel).capabilities
    except ChannelNotFound:
        return None
    if can.needs_person or not channel_contract.is_connected(channel, community.pk):
        return None
    return can


def _plain(text: str) -> str:
    """A text without variables."""
    return text.replace("{", "{{").replace("}", "}}")


# Reads


def count_by_state(*, facts: Collection[int], by: Staff) -> Counter[str]:
    """The messages to groups that followed from these facts, by state, as `by` sees them."""
    seen = group_visibility.list_visible(by).values("pk")
    rows = _messages_to_groups(facts, by.community_id).filter(target_id__in=seen)
    return Counter(rows.values_list("state", flat=True))


def list_groups_not_posted(
    *, posts: Iterable[tuple[Collection[int], Collection[int]]], by: Staff
) -> list[Group]:
    """The groups that `by` sees in which a text was not posted, for whatever reason.

    Each post has the facts from which its messages follow, and the groups it is for.
    """
    missing = set[int]()
    for facts, groups in posts:
        reached = _messages_to_groups(facts, by.community_id).filter(state__in=REACHED)
        missing |= set(groups) - set(reached.values_list("target_id", flat=True))
    rows = group_visibility.list_visible(by).filter(pk__in=missing)
    return list(rows.order_by("name", "pk"))


def _messages_to_groups(
    facts: Collection[int], community: int
) -> models.QuerySet[Message]:
    return Message.objects.filter(
        community=community,
        origin=messages.Origin.ACTIVITY,
        origin_id__in=facts,
        is_group=True,
    )
