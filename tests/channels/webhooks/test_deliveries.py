"""Facts go out to endpoints: signed, tried again, once each (X8)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from qunce import reactions
from qunce.channels.webhooks import deliveries, endpoints
from qunce.channels.webhooks.deliveries import Delivery
from qunce.channels.webhooks.endpoints import Endpoint
from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.people import people
from qunce.members.tags import library
from tests.channels.webhooks.receiver import Receiver, receiving
from tests import factories
from tests.factories import AT

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
LATER = AT + HOUR
JOINED = "member.joined"


@pytest.fixture
def there(settings: Settings) -> Iterator[Receiver]:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def shop(db: None) -> Community:
    return factories.community(language="en")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop, "manager")


def endpoint(by: Staff, url: str, *kinds: str, at: datetime = AT) -> Endpoint:
    return endpoints.create(
        community=by.community,
        name="till",
        url=url,
        kinds=kinds or [JOINED],
        by=by,
        at=at,
    )


def run(at: datetime = LATER) -> int:
    """What the beats do: facts become deliveries, deliveries are sent."""
    reactions.WEBHOOKS.catch_up(at=at)
    return deliveries.send_due(at=at)


def only() -> Delivery:
    return Delivery.objects.get()


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_fact_arrives_signed_and_once(
    shop: Community, by: Staff, there: Receiver
) -> None:
    factories.member(shop, "before")
    hook = endpoint(by, there.url, at=AT + SECOND)
    member = factories.member(shop, "m1", at=AT + 2 * SECOND)
    assert run() == 1
    assert run() == 0
    ((headers, body),) = there.calls
    told = json.loads(body)
    assert (told["type"], told["data"]["account"]) == (JOINED, member.pk)
    key = base64.b64decode(hook.secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mark = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mark}"
    assert headers["host"] == there.url.split("/")[2]
    row = only()
    assert (row.state, row.status, row.attempts) == ("delivered", 200, 1)
    assert row.said == "gut  <b>"


def test_other_kinds_communities_and_paused_ones_are_not_told(
    shop: Community, by: Staff, there: Receiver
) -> None:
    hook = endpoint(by, there.url, "tag.created")
    factories.member(shop, "m1")
    factories.tag(factories.community("elsewhere"), "koc")
    assert run() == 0
    endpoints.pause(endpoint=hook, by=by, at=AT)
    factories.tag(shop, "koc")
    assert run() == 0
    endpoints.resume(endpoint=hook, by=by, at=AT + SECOND)
    assert run() == 0
    factories.member(shop, "m2")
    library.create(community=shop, key="fan", by=by, at=AT + 2 * SECOND)
    assert run() == 1


def test_a_kind_added_later_is_told_from_then_on(
    shop: Community, by: Staff, there: Receiver
) -> None:
    hook = endpoint(by, there.url, "tag.created")
    factories.member(shop, "m1")
    kinds = [JOINED, "tag.created"]
    changed = endpoints.update(endpoint=hook, kinds=kinds, by=by, at=AT + SECOND)
    assert changed == ["kinds"]
    assert run() == 0
    factories.member(shop, "m2", at=AT + 2 * SECOND)
    assert run() == 1


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_without_success_it_is_tried_again_later_each_time(
    shop: Community, by: Staff, there: Receiver
) -> None:
    endpoint(by, there.url)
    factories.member(shop, "m1")
    there.answers = [500, 503, 302, 200]
    there.location = there.url
    at, names, waits = LATER, set(), []
    run(at)
    while only().state == "waiting":
        waits.append(only().due_at - at)
        assert deliveries.send_due(at=only().due_at - SECOND) == 0
        at = only().due_at
        deliveries.send_due(at=at)
    names = {headers["webhook-id"] for headers, _body in there.calls}
    assert (len(there.calls), len(names)) == (4, 1)
    assert waits == sorted(waits)
    for wait, least in zip(waits, deliveries.RETRY_DELAYS, strict=False):
        assert least <= wait <= least * 1.2
    row = only()
    assert (row.state, row.attempts, row.status) == ("delivered", 4, 200)
    assert Endpoint.objects.get().failures == 0


def test_in_the_end_it_is_given_up_and_can_be_sent_again(
    shop: Community, by: Staff, there: Receiver
) -> None:
    endpoint(by, there.url)
    factories.member(shop, "m1")
    there.answers = [500]
    run()
    while only().state == "waiting":
        deliveries.send_due(at=only().due_at)
    assert only().attempts == len(deliveries.RETRY_DELAYS) + 1
    there.answers = [204]
    deliveries.retry(delivery=only(), by=by, at=LATER)
    deliveries.send_due(at=LATER)
    assert (only().state, only().status) == ("delivered", 204)


def test_who_cannot_be_reached_is_said_so(
    shop: Community, by: Staff, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    endpoint(by, "http://127.0.0.1:9/")
    factories.member(shop, "m1")
    run()
    assert (only().status, only().state) == (0, "waiting")
    assert "ConnectError" in only().error


def test_an_endpoint_inside_is_not_called(
    shop: Community, by: Staff, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with receiving() as receiver:
        endpoint(by, receiver.url)
        Endpoint.objects.update(url=receiver.url.replace("http:", "https:"))
        factories.member(shop, "m1")
        settings.ALLOW_PRIVATE_WEBHOOKS = False
        run()
        assert receiver.calls == []
    assert "private network" in only().error


def test_who_fails_for_a_day_is_stopped(
    shop: Community, by: Staff, there: Receiver
) -> None:
    endpoint(by, there.url)
    there.answers = [500]
    at = LATER
    for number in range(deliveries.MIN_FAILURES_TO_STOP + 5):
        factories.member(shop, f"m{number}")
        at += HOUR
        run(at)
    hook = Endpoint.objects.get()
    assert hook.state == "broken"
    told = factories.recorded_facts(shop, "webhook.state_changed")
    assert told[-1][1]["state"] == "broken"
    assert run(at + HOUR) == 0
    there.answers = [200]
    endpoints.resume(endpoint=hook, by=by, at=at)
    assert run(at + 30 * HOUR) > 0


def test_who_says_gone_is_stopped_at_once(
    shop: Community, by: Staff, there: Receiver
) -> None:
    endpoint(by, there.url)
    factories.member(shop, "m1")
    there.answers = [410]
    run()
    assert Endpoint.objects.get().state == "broken"


def test_one_that_fails_holds_up_no_other(
    shop: Community, by: Staff, there: Receiver
) -> None:
    endpoint(by, "http://127.0.0.1:9/")
    endpoint(by, there.url)
    for number in range(30):
        factories.member(shop, f"m{number}")
    run()
    assert len(there.calls) == 30


def test_a_worker_that_died_leaves_its_rows_to_the_next(
    shop: Community, by: Staff, there: Receiver
) -> None:
    endpoint(by, there.url)
    factories.member(shop, "m1")
    reactions.WEBHOOKS.catch_up(at=LATER)
    assert deliveries._claim(LATER)
    assert deliveries.send_due(at=LATER) == 0
    assert deliveries.send_due(at=LATER + deliveries.LEASE) == 1


def test_a_trial_arrives_and_is_not_repeated(
    shop: Community, by: Staff, there: Receiver
) -> None:
    there.answers = [500]
    hook = endpoint(by, there.url)
    deliveries.send_test(endpoint=hook, by=by, at=AT)
    deliveries.send_due(at=LATER)
    assert json.loads(there.calls[0][1])["type"] == "webhook.tried"
    assert only().state == "failed"


def test_of_the_erased_nothing_stays_but_that_they_are(
    shop: Community, by: Staff, there: Receiver
) -> None:
    endpoint(by, there.url, JOINED, "member.erased")
    member = factories.member(shop, "m1")
    reactions.WEBHOOKS.catch_up(at=LATER)
    people.erase(account=member, by=staff_models.system(shop), at=AT + SECOND)
    reactions.CONSUMER.catch_up(at=LATER)
    run()
    assert [row.kind for row in Delivery.objects.all()] == ["member.erased"]


def test_the_log_is_kept_for_a_month(
    shop: Community, by: Staff, there: Receiver
) -> None:
    endpoint(by, there.url)
    factories.member(shop, "m1")
    run()
    deliveries.prune(at=LATER + deliveries.RETENTION)
    assert Delivery.objects.exists()
    deliveries.prune(at=LATER + deliveries.RETENTION + SECOND)
    assert not Delivery.objects.exists()


def test_only_who_manages_all_has_webhooks(shop: Community) -> None:
    clerk = factories.staff(shop, "operator", "clerk")
    with pytest.raises(permissions.NotAllowed):
        endpoint(clerk, "https://example.com/")
    part = factories.staff(shop, "manager", "part")
    part.scope = {"all": []}
    with pytest.raises(permissions.ScopeTooNarrow):
        endpoint(part, "https://example.com/")


def test_another_communitys_webhook_is_not_there(by: Staff) -> None:
    hook = endpoint(by, "https://example.com/")
    stranger = factories.staff(factories.community("elsewhere"), "owner", "bob")
    assert endpoints.list_endpoints(stranger) == []
    with pytest.raises(endpoints.WebhookNotFound):
        endpoints.get(by=stranger, pk=hook.pk)


@pytest.mark.parametrize(
    "wrong", [{"name": " "}, {"kinds": []}, {"kinds": ["nope"]}, {"url": "x"}]
)
def test_what_is_no_webhook_is_refused(by: Staff, wrong: dict[str, object]) -> None:
    about = {"name": "till", "kinds": [JOINED], "url": "https://example.com/"}
    with pytest.raises(errors.Invalid):
        endpoints.create(
            community=by.community,
            by=by,
            at=AT,
            **(about | wrong),  # type: ignore[arg-type]
        )


def test_every_kind_can_be_chosen(db: None) -> None:
    assert set(facts.declared()) <= {kind for kind, _words in endpoints.list_kinds()}
