"""Erasing a person from every application, as jobs and reactions do it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from qunce import reactions
from qunce.api.idempotency import StoredResponse
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import erasure
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.sales import orders
from qunce.sales.models import Order
from qunce.sets import timelines
from qunce.sets.doctor import doctor
from qunce.sets.mirror import deriver, rebuild
from tests import clients, factories
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


def test_details_of_orders_and_kept_answers_are_erased(
    shop: Community, by: Staff
) -> None:
    phone = "13800138000"
    ann = factories.member(shop, "ann", name="Ann Lee", identifiers={"phone": phone})
    bob = factories.member(shop, "bob", name="Bob")
    factories.order(shop, ann.pk, key="own")
    factories.order(shop, bob.pk, key="gift")
    factories.order(shop, bob.pk, key="other")
    details = {
        "own": '{"address": "Lane 5"}',
        "gift": f'{{"receiver": "{phone}"}}',
        "other": '{"receiver": "Ann Lee 13900138000"}',
    }
    for key, text in details.items():
        Order.objects.filter(key=key).update(details=text)
    api = clients.create_client(shop)
    for key in ("ann", "bob"):
        member = {"member_key": key, "key": f"o-{key}", "amount": 5}
        assert api.post("/orders", member, **{"Idempotency-Key": key}).status == 200
    StoredResponse.objects.filter(key="ann").update(body='{"name": "Ann Lee"}')
    # Of this answer only ids and counts are stored, so that nothing has to be erased.
    body = {"key": "c", "name": "李雷"}
    assert api.post("/members", body, **{"Idempotency-Key": "c"}).status == 201
    for account in (ann, account_queries.get(shop, "c")):
        person = people.erase(account=account, by=by, at=LATER)
        erasure.scrub(str(person), at=LATER)
    deriver.catch_up()
    reactions.CONSUMER.catch_up(at=LATER)
    left = dict(Order.objects.exclude(details=None).values_list("key", "details"))
    # Somebody else may have the same name.
    assert left == {"other": details["other"]}
    kept = dict(StoredResponse.objects.order_by("key").values_list("key", "body"))
    assert [*kept] == ["bob", "c"]
    assert "李雷" not in json.dumps(json.loads(kept["c"]), ensure_ascii=False)
