"""Verdicts: asked of each receiver at the last moment, in the transaction that claims.

The plan was made at the start; since then somebody may have left, opted out, got another
message, or gone out of the sight of who sends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.channels import base
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Stage
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import visibility
from qunce.outreach import contact_pressure, opt_outs, skip_reasons
from qunce.outreach.campaigns import review
from qunce.outreach.campaigns.campaigns import Campaign, Target

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class EligibilityChecker:
    """Made before the transaction, as it asks the sets; judges inside it, by rows."""

    campaign: Campaign
    staff: Staff | None
    at: datetime
    contacts: contact_pressure.Contacts | None

    def reasons_to_skip(self, targets: Sequence[int]) -> dict[int, str]:
        """Target → the reason to skip it, or nothing. A person merged meanwhile is
        judged under the first account that they have now."""
        if self.campaign.target == Target.GROUPS:
            verdicts = self._groups(targets)
        else:
            verdicts = self._members(targets)
        fine = [target for target, reason in verdicts.items() if not reason]
        texts = review.render_texts(self.campaign, fine, self.staff)
        unsaid = {target for target in fine if texts[target][0] is None}
        return verdicts | dict.fromkeys(unsaid, skip_reasons.NO_VALUE)

    def _members(self, targets: Sequence[int]) -> dict[int, str]:
        heads = sorted(set(account_queries.person_ids(targets).values()))
        families = account_queries.accounts_by_person(heads)
        here = self._here(families)
        out = opt_outs.find_by_person(heads)
        over_limit = self._pressed(heads)
        seen = self._seen(heads)
        checks = (
            (skip_reasons.LEFT, set(heads) - here),
            (skip_reasons.OPTED_OUT, set(out)),
            (skip_reasons.OVER_CONTACT_LIMIT, over_limit),
            (skip_reasons.NOT_VISIBLE, set(heads) - seen),
            (skip_reasons.NO_ADDRESS, self._without_address(heads)),
        )
        return {head: _first(head, checks) for head in heads}

    def _here(self, families: dict[int, list[int]]) -> set[int]:
        head_of = {one: head for head, all_ in families.items() for one in all_}
        here = Account.objects.filter(
            pk__in=list(head_of), present=True, erased_at__isnull=True
        )
        return {head_of[pk] for pk in here.values_list("pk", flat=True)}

    def _pressed(self, heads: list[int]) -> set[int]:
        if self.contacts is None:
            return set()
        number = contact_pressure.pending_contacts(self.campaign.community, heads)
        over = self.contacts.over_limit(number)
        return {head for head in heads if head in over}

    def _seen(self, heads: list[int]) -> set[int]:
        if self.staff is None or self.staff.scope is None:
            return set(heads)
        return visibility.filter_visible(by=self.staff, accounts=heads, at=self.at)

    def _without_address(self, heads: list[int]) -> set[int]:
        if self.campaign.is_assisted:
            return set()
        return set(heads) - set(channel_addresses(self.campaign, heads))

    def _groups(self, targets: Sequence[int]) -> dict[int, str]:
        by = self.staff or self.campaign.by
        seen = dict(
            group_visibility.list_visible(by)
            .filter(pk__in=targets)
            .values_list("pk", "state")
        )
        checks = (
            (skip_reasons.NOT_VISIBLE, set(targets) - set(seen)),
            (
                skip_reasons.GROUP_RETIRED,
                {pk for pk, state in seen.items() if state == Stage.DEAD},
            ),
        )
        return {target: _first(target, checks) for target in targets}


def checker_for(
    campaign: Campaign, staff: Staff | None, at: datetime
) -> EligibilityChecker:
    told = None
    if campaign.skip_recently_contacted and campaign.target == Target.MEMBERS:
        told = contact_pressure.contacts_in_log(campaign.community, at)
    return EligibilityChecker(campaign, staff, at, told)


def channel_addresses(campaign: Campaign, heads: Sequence[int]) -> dict[int, str]:
    """Person → the key of their account on the campaign's channel."""
    channel = base.get(campaign.channel).name
    families = account_queries.accounts_by_person(heads)
    head_of = {one: head for head, all_ in families.items() for one in all_}
    rows = Account.objects.filter(
        pk__in=list(head_of), channel=channel, present=True, erased_at__isnull=True
    )
    found = rows.order_by("-pk").values_list("pk", "key")
    return {head_of[pk]: key for pk, key in found}


def _first(target: int, checks: Sequence[tuple[str, set[int]]]) -> str:
    return next((reason for reason, some in checks if target in some), "")
