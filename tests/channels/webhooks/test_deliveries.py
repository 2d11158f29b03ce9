"""Facts are delivered to endpoints: signed, retried, and once each (X8)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from qunce import ingest, reactions
from qunce.channels.webhooks import calls, deliveries, endpoints, http_client
from qunce.channels.webhooks.deliveries import Delivery
from qunce.channels.webhooks.endpoints import Endpoint
from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.facts import audit, facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.people import people
from qunce.members.tags import library
from qunce.outreach.playbooks import run_facts
from qunce.outreach.sending import send_facts
from tests import factories
from tests.channels.webhooks import receiver as receiving
from tests.channels.webhooks.receiver import Receiver, serve
from tests.factories import AT

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
LATER = AT + HOUR
JOINED = "member.joined"


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with serve() as receiver:
        yield receiver


@pytest.fixture
def shop(db: None) -> Community:
    return factories.community(language="en")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop, "manager")


def create_endpoint(by: Staff, url: str, *kinds: str, at: datetime = AT) -> Endpoint:
    return endpoints.create(
        community=by.community,
        name="till",
        url=url,
        kinds=kinds or [JOINED],
        by=by,
        at=at,
    )


def run(at: datetime = LATER) -> int:
    """What the worker does: create deliveries from facts, then send them."""
    reactions.WEBHOOKS.catch_up(at=at)
    return calls.send_due(at=at)


def get_delivery() -> Delivery:
    return Delivery.objects.get()


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_fact_is_delivered_signed_and_once(
    shop: Community, by: Staff, receiver: Receiver
) -> None:
    factories.member(shop, "before")
    endpoint = create_endpoint(by, receiver.url, at=AT + SECOND)
    member = factories.member(shop, "m1", at=AT + 2 * SECOND)
    assert run() == 1
    assert run() == 0
    ((headers, body),) = receiver.requests
    message = json.loads(body)
    assert (message["type"], message["data"]["account_id"]) == (JOINED, member.pk)
    key = base64.b64decode(endpoint.secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert headers["host"] == receiver.url.split("/")[2]
    row = get_delivery()
    assert (row.state, row.response_status, row.attempts) == ("delivered", 200, 1)
    assert row.response_excerpt == "gut  <b>"


def test_only_subscribed_kinds_of_active_endpoints_are_delivered(
    shop: Community, by: Staff, receiver: Receiver
) -> None:
    endpoint = create_endpoint(by, receiver.url, "tag.created")
    factories.member(shop, "m1")
    factories.tag(factories.community("elsewhere"), "koc")
    assert run() == 0
    endpoints.pause(endpoint=endpoint, by=by, at=AT)
    factories.tag(shop, "koc")
    assert run() == 0
    endpoints.resume(endpoint=endpoint, by=by, at=AT + SECOND)
    assert run() == 0
    factories.member(shop, "m2")
    library.create(community=shop, key="fan", by=by, at=AT + 2 * SECOND)
    assert run() == 1


def test_added_kind_is_delivered_from_then_on(
    shop: Community, by: Staff, receiver: Receiver
) -> None:
    endpoint = create_endpoint(by, receiver.url, "tag.created")
    factories.member(shop, "m1")
    kinds = [JOINED, "tag.created"]
    changed = endpoints.update(endpoint=endpoint, kinds=kinds, by=by, at=AT + SECOND)
    assert changed == ["kinds"]
    assert run() == 0
    factories.member(shop, "m2", at=AT + 2 * SECOND)
    assert run() == 1


def test_outcomes_of_messages_and_events_of_runs_are_delivered(
    shop: Community, by: Staff, receiver: Receiver
) -> None:
    ann = factories.member(shop, "ann").pk
    step: dict[str, Any] = {"playbook": "care", "step": "a", "staff": "Ann"}
    recorded = [
        *(kind(account=ann) for kind in send_facts.SendFact.__subclasses__()),
        run_facts.RunStarted(account=ann, playbook="care", number=1),
        run_facts.RunEnded(account=ann, playbook="care", reason="end"),
        run_facts.StepLate(account=ann, **step),
        run_facts.StepHandedOver(account=ann, **step),
    ]
    kinds = [fact.kind for fact in recorded]
    assert {"send.unknown", "send.cancelled", "send.clicked"} < set(kinds)
    create_endpoint(by, receiver.url, *kinds)
    facts.record_many(recorded, community=shop, by=None, at=AT + SECOND)
    while run():
        pass
    types = [json.loads(body)["type"] for _headers, body in receiver.requests]
    assert sorted(types) == sorted(kinds)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_failed_delivery_is_retried_with_growing_delays(
    shop: Community, by: Staff, receiver: Receiver
) -> None:
    create_endpoint(by, receiver.url)
    factories.member(shop, "m1")
    receiver.statuses = [500, 503, 302, 200]
    receiver.location = receiver.url
    at, delays = LATER, []
    run(at)
    while get_delivery().state == "waiting":
        delays.append(get_delivery().due_at - at)
        assert calls.send_due(at=get_delivery().due_at - SECOND) == 0
        at = get_delivery().due_at
        calls.send_due(at=at)
    ids = {headers["webhook-id"] for headers, _body in receiver.requests}
    assert (len(receiver.requests), len(ids)) == (4, 1)
    assert delays == sorted(delays)
    for delay, minimum in zip(delays, deliveries.RETRY_DELAYS, strict=False):
        assert minimum <= delay <= minimum * 1.2
    row = get_delivery()
    assert (row.state, row.attempts, row.response_status) == ("delivered", 4, 200)
    assert Endpoint.objects.get().failures == 0


def test_delivery_is_given_up_and_can_be_retried(
    shop: Community, by: Staff, receiver: Receiver
) -> None:
    create_endpoint(by, receiver.url)
    factories.member(shop, "m1")
    receiver.statuses = [500]
    run()
    while get_delivery().state == "waiting":
        calls.send_due(at=get_delivery().due_at)
    assert get_delivery().state == "failed"
    assert get_delivery().attempts == len(deliveries.RETRY_DELAYS) + 1
    receiver.statuses = [204]
    deliveries.retry(delivery=get_delivery(), by=by, at=LATER)
    calls.send_due(at=LATER)
    row = get_delivery()
    assert (row.state, row.response_status) == ("delivered", 204)


def test_connection_error_is_logged(
    shop: Community, by: Staff, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    create_endpoint(by, "http://127.0.0.1:9/")
    factories.member(shop, "m1")
    run()
    row = get_delivery()
    assert (row.response_status, row.state) == (0, "waiting")
    assert "ConnectError" in row.error


def test_private_endpoint_is_not_called(
    shop: Community, by: Staff, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with serve() as receiver:
        create_endpoint(by, receiver.url)
        Endpoint.objects.update(url=receiver.url.replace("http:", "https:"))
        factories.member(shop, "m1")
        settings.ALLOW_PRIVATE_WEBHOOKS = False
        run()
        assert receiver.requests == []
    assert "private network" in get_delivery().error


def test_endpoint_that_fails_for_a_day_is_stopped(
    shop: Community, by: Staff, receiver: Receiver
) -> None:
    create_endpoint(by, receiver.url)
    receiver.statuses = [500]
    at = LATER
    for number in range(deliveries.MIN_FAILURES_TO_STOP + 5):
        factories.member(shop, f"m{number}")
        at += HOUR
        run(at)
    endpoint = Endpoint.objects.get()
    assert endpoint.state == "stopped"
    recorded = factories.recorded_facts(shop, "webhook.state_changed")
    assert recorded[-1][1]["state"] == "stopped"
    assert run(at + HOUR) == 0
    receiver.statuses = [200]
    endpoints.resume(endpoint=endpoint, by=by, at=at)
    assert run(at + 30 * HOUR) > 0


def test_endpoint_that_is_gone_is_stopped_immediately(
    shop: Community, by: Staff, receiver: Receiver
) -> None:
    create_endpoint(by, receiver.url)
    factories.member(shop, "m1")
    receiver.statuses = [410]
    assert Endpoint.objects.get().state == "active"
    run()
    assert Endpoint.objects.get().state == "stopped"


def test_failing_endpoint_does_not_delay_others(
    shop: Community, by: Staff, receiver: Receiver
) -> None:
    create_endpoint(by, "http://127.0.0.1:9/")
    create_endpoint(by, receiver.url)
    for number in range(30):
        factories.member(shop, f"m{number}")
    run()
    assert len(receiver.requests) == 30


def test_receiver_that_drips_delays_no_other(
    shop: Community, by: Staff, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One answers a byte at a time for ever; others of its community and of others do not wait."""
    monkeypatch.setattr(calls, "MAX_SECONDS_TO_WAIT", 0.2)
    tea = factories.community(key="tea")
    boss = factories.staff(tea, "manager", login="boss")
    with receiving.drip() as dripping:
        for _ in range(calls.MAX_PARALLEL_PER_COMMUNITY + 2):
            create_endpoint(by, dripping.url)
        create_endpoint(boss, receiver.url)
        factories.member(shop, "m1")
        factories.member(tea, "m2")
        assert run() == 1
        assert len(receiver.requests) == 1
        assert Delivery.objects.get(endpoint__community=tea).state == "delivered"
        assert len(calls._running) == calls.MAX_PARALLEL_PER_COMMUNITY
    # The receiver is gone, so its calls end, and those that waited get their turn.
    monkeypatch.setattr(calls, "MAX_SECONDS_TO_WAIT", 30)
    assert run() == calls.MAX_PARALLEL_PER_COMMUNITY + 2
    assert not calls._running


def test_call_has_a_deadline_however_its_answer_is_spread(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with receiving.drip() as dripping:
        outcome = http_client.post(dripping.url, b"{}", {}, seconds=1)
    assert outcome.error == "CallTimeout: no complete response within 1 s"
    assert outcome.status == 0
    assert outcome.duration_ms >= 990
    # It sent a byte each 50 ms, so that no single read waited long.
    assert dripping.sent > 0


def test_lease_of_a_dead_worker_expires(
    shop: Community, by: Staff, receiver: Receiver
) -> None:
    create_endpoint(by, receiver.url)
    factories.member(shop, "m1")
    reactions.WEBHOOKS.catch_up(at=LATER)
    assert calls.claim_due(LATER)
    assert calls.send_due(at=LATER) == 0
    assert calls.send_due(at=LATER + calls.LEASE) == 1


def test_test_delivery_is_sent_and_not_retried(
    shop: Community, by: Staff, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    endpoint = create_endpoint(by, receiver.url)
    deliveries.send_test(endpoint=endpoint, by=by, at=AT)
    calls.send_due(at=LATER)
    assert json.loads(receiver.requests[0][1])["type"] == "webhook.test"
    assert get_delivery().state == "failed"


def test_only_the_erasure_of_an_erased_member_is_delivered(
    shop: Community, by: Staff, receiver: Receiver
) -> None:
    create_endpoint(by, receiver.url, JOINED, "member.erased")
    member = factories.member(shop, "m1")
    reactions.WEBHOOKS.catch_up(at=LATER)
    assert get_delivery().kind == JOINED
    people.erase(account=member, by=staff_models.system(shop), at=AT + SECOND)
    reactions.CONSUMER.catch_up(at=LATER)
    run()
    assert [row.kind for row in Delivery.objects.all()] == ["member.erased"]


def test_log_is_pruned_after_a_month(
    shop: Community, by: Staff, receiver: Receiver
) -> None:
    create_endpoint(by, receiver.url)
    factories.member(shop, "m1")
    run()
    deliveries.prune(at=LATER + deliveries.RETENTION)
    assert Delivery.objects.exists()
    deliveries.prune(at=LATER + deliveries.RETENTION + SECOND)
    assert not Delivery.objects.exists()


def test_webhook_needs_permission_and_the_whole_community(
    shop: Community, by: Staff
) -> None:
    create_endpoint(by, "https://example.com/")
    operator = factories.staff(shop, "operator", "clerk")
    with pytest.raises(permissions.NotAllowed):
        create_endpoint(operator, "https://example.com/")
    scoped = factories.staff(shop, "manager", "part")
    scoped.scope = {"all": []}
    with pytest.raises(permissions.ScopeTooNarrow):
        create_endpoint(scoped, "https://example.com/")


def test_webhook_of_another_community_is_not_found(by: Staff) -> None:
    endpoint = create_endpoint(by, "https://example.com/")
    stranger = factories.staff(factories.community("elsewhere"), "owner", "bob")
    assert endpoints.list_endpoints(by) == [endpoint]
    assert endpoints.list_endpoints(stranger) == []
    with pytest.raises(endpoints.WebhookNotFound):
        endpoints.get(by=stranger, pk=endpoint.pk)


@pytest.mark.parametrize(
    "wrong", [{"name": " "}, {"kinds": []}, {"kinds": ["nope"]}, {"url": "x"}]
)
def test_invalid_webhook_is_rejected(by: Staff, wrong: dict[str, object]) -> None:
    fields = {"name": "till", "kinds": [JOINED], "url": "https://example.com/"}
    with pytest.raises(errors.Invalid):
        endpoints.create(
            community=by.community,
            by=by,
            at=AT,
            **(fields | wrong),  # type: ignore[arg-type]
        )


def test_every_kind_of_fact_can_be_chosen_and_no_kind_of_the_audit_log(
    by: Staff,
) -> None:
    audit.log(kind=ingest.INGESTED, community=by.community, by=by, at=AT, count=1)
    offered = {kind for kind, _label in endpoints.list_kinds()}
    assert set(facts.declared()) <= offered
    assert ingest.INGESTED not in offered
