"""Welcomes for newcomers who immediately get a message of a playbook, too."""

from __future__ import annotations

from qunce.core import permissions
from qunce.core.staff.models import Staff
from qunce.groups.groups import GroupJoined
from qunce.members.accounts.accounts import MemberJoined
from qunce.outreach.playbooks import playbooks
from qunce.outreach.playbooks.entries import FactEntry
from qunce.outreach.playbooks.models import Playbook
from qunce.outreach.playbooks.steps.send import Send
from qunce.outreach.welcomes import welcomes
from qunce.outreach.welcomes.models import Event, Welcome

EVENTS = {MemberJoined.kind: Event.COMMUNITY, GroupJoined.kind: Event.GROUP}


def list_welcomes(playbook: Playbook, by: Staff) -> list[Welcome]:
    """The welcomes that are on for the join with which the playbook begins.

    Without a message as its first step there are none.
    """
    permissions.check_may(by, welcomes.VIEW)
    permissions.check_community(by, playbook.community_id)
    definition = playbooks.definition_of(playbook)
    entry, steps = definition.entry, definition.steps
    if not isinstance(entry, FactEntry) or not steps or not isinstance(steps[0], Send):
        return []
    event = EVENTS.get(entry.match.kind)
    return [
        each for each in welcomes.list_all(by) if each.is_on and each.event == event
    ]
