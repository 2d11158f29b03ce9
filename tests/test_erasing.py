"""Erasing a person from every application, as jobs and reactions do it."""

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
from tests.factories import LATER

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_erased_person_is_deleted_from_every_application(
    shop: Community, by: Staff
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    north = factories.group(shop, "north", ann, bob)
    for account in (ann, bob):
        factories.order(shop, account, key=f"o{account}")
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
    listed = timelines.list_facts(community=shop, accounts=[ann])
    assert [fact.kind for fact in listed] == [people.MemberErased.kind]
    assert groups.count_members(north) == 1
    assert orders.get(shop, f"o{ann}").account_id is None
    assert orders.get(shop, f"o{bob}").account_id == bob
    assert [finding.text for finding in doctor.run_checks()] == []
    rebuild.rebuild_all()
    assert [finding.text for finding in doctor.run_checks()] == []
    assert factories.matching_keys(shop, {"did": {"kind": "order.paid"}}) == ["bob"]
