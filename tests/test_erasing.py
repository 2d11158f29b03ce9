"""Erasing a person through every room, as the clock and the reactions do it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce import reactions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import erasure
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.sales import orders
from qunce.sets import timelines
from qunce.sets.doctor import doctor
from qunce.sets.mirror import deriver, rebuild
from tests import factories
from tests.factories import AT, LATER

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_nothing_of_an_erased_person_is_left_in_any_room(
    shop: Community, by: Staff
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    north = groups.create(community=shop, key="north", by=by, at=AT)
    groups.add_members(group=north, accounts=[ann, bob], by=by, at=AT)
    for account in (ann, bob):
        orders.record_payment(
            community=shop,
            key=f"o{account}",
            account=account,
            amount=100,
            currency="CNY",
            paid_at=AT,
            by=None,
            at=AT,
        )
    deriver.catch_up()
    people.erase(account=account_queries.get(shop, "ann"), by=by, at=LATER)
    deriver.catch_up()
    reactions.CONSUMER.catch_up(at=LATER)
    for due in job_queue.claim(at=LATER + timedelta(minutes=1)):
        if due.job == people.SCRUB_JOB:
            erasure.scrub(due.key, at=LATER)
    left = facts.Fact.objects.filter(account_id=ann)
    kind = facts.ensure_kinds([people.MemberErased.kind])[people.MemberErased.kind]
    assert set(left.values_list("kind_id", flat=True)) == {kind}
    told = timelines.list_facts(community=shop, accounts=[ann])
    assert [fact.kind for fact in told] == [people.MemberErased.kind]
    assert groups.count_members(north) == 1
    assert orders.get(shop, f"o{ann}").account_id is None
    assert orders.get(shop, f"o{bob}").account_id == bob
    assert [found.text for found in doctor.run_checks()] == []
    rebuild.rebuild_all()
    assert [found.text for found in doctor.run_checks()] == []
    assert factories.matching_keys(shop, {"did": {"kind": "order.paid"}}) == ["bob"]
