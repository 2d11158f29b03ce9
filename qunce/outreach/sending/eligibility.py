"""The last check of each recipient, in the transaction that claims the message.

The plan was computed at the start. Since then, members may have left, opted out, got
another message, or become invisible to the staff member who sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from qunce.channels import channel_contract
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Stage
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import visibility
from qunce.outreach import contact_pressure, opt_outs, skip_reasons
from qunce.outreach.campaigns import review
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.sets import audiences


@dataclass(frozen=True)
class EligibilityChecker:
    """Checks recipients of a campaign for the staff member who sends, or for a channel.

    It is created before the transaction, because `contacts` are computed from sets; in
    the transaction only rows are read. `contacts` is None if the contact limit does not
    apply.
    """

    campaign: Campaign
    staff: Staff | None
    at: datetime
    contacts: contact_pressure.Contacts | None

    def reasons_to_skip(self, targets: Sequence[int]) -> dict[int, str]:
        """Target → the reason to skip it, or "".

        People who were merged since the start are returned under their new first account.
        """
        if self.campaign.target == Target.GROUPS:
            by = self.staff or self.campaign.by
            groups = group_visibility.list_visible(by).filter(pk__in=targets)
            states = dict(groups.values_list("pk", "state"))
            failed = {
                skip_reasons.NOT_VISIBLE: set(targets) - set(states),
                skip_reasons.GROUP_RETIRED: {
                    pk for pk, state in states.items() if state == Stage.DEAD
                },
            }
        else:
            targets = sorted(set(account_queries.person_ids(targets).values()))
            failed = self._check_people(targets)
        # The first reason whose set contains the target; the order matters.
        reasons = {
            target: next((why for why, among in failed.items() if target in among), "")
            for target in targets
        }
        eligible = [target for target, reason in reasons.items() if not reason]
        texts = review.render_texts(self.campaign, eligible, self.staff)
        without_text = [target for target in eligible if texts[target][0] is None]
        return reasons | dict.fromkeys(without_text, skip_reasons.NO_VALUE)

    def _check_people(self, people: Sequence[int]) -> dict[str, set[int]]:
        """The people to whom each reason applies."""
        person_of, accounts = _present_accounts(people)
        present = {person_of[pk] for pk in accounts.values_list("pk", flat=True)}
        over_limit: set[int] = set()
        if self.contacts is not None:
            community = self.campaign.community
            pending = contact_pressure.pending_contacts(community, people)
            all_over_limit = self.contacts.over_limit(pending)
            over_limit = {person for person in people if person in all_over_limit}
        visible = set(people)
        if self.staff is not None and self.staff.scope is not None:
            visible = visibility.filter_visible(
                by=self.staff, accounts=people, at=self.at
            )
        reachable = set(people)
        if not self.campaign.is_assisted:
            reachable = set(channel_addresses(self.campaign, people))
        return {
            skip_reasons.WORKS_HERE: set(people)
            & set(
                audiences.staff_people(community=self.campaign.community, at=self.at)
            ),
            skip_reasons.LEFT: set(people) - present,
            skip_reasons.OPTED_OUT: set(opt_outs.find_by_person(people)),
            skip_reasons.OVER_CONTACT_LIMIT: over_limit,
            skip_reasons.NOT_VISIBLE: set(people) - visible,
            skip_reasons.NO_ADDRESS: set(people) - reachable,
        }


def checker_for(
    campaign: Campaign, staff: Staff | None, at: datetime
) -> EligibilityChecker:
    contacts = None
    if campaign.skip_recently_contacted and campaign.target == Target.MEMBERS:
        contacts = contact_pressure.contacts_in_log(campaign.community, at)
    return EligibilityChecker(campaign, staff, at, contacts)


def channel_addresses(campaign: Campaign, person_ids: Sequence[int]) -> dict[int, str]:
    """Person → the key of their account on the campaign's channel."""
    person_of, accounts = _present_accounts(person_ids)
    on_channel = accounts.filter(channel=channel_contract.get(campaign.channel).name)
    # With several accounts on the channel, the first one wins: it overwrites the others.
    keys = on_channel.order_by("-pk").values_list("pk", "key")
    return {person_of[pk]: key for pk, key in keys}


def _present_accounts(
    person_ids: Sequence[int],
) -> tuple[dict[int, int], QuerySet[Account]]:
    """Account → person, and the rows of those accounts that have not left."""
    by_person = account_queries.accounts_by_person(person_ids)
    person_of = {
        account: person for person, ids in by_person.items() for account in ids
    }
    rows = Account.objects.filter(
        pk__in=list(person_of), present=True, erased_at__isnull=True
    )
    return person_of, rows
