"""The recipe for a channel.

A folder (channel, README; payloads and view for what comes in), one registry line, a
line in tests/contracts/test_channels.py, translations.
"""

from __future__ import annotations

import dataclasses
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from pytest_django import Settings

from qunce import channels, schedule
from qunce.channels import channel_contract as channel_base
from qunce.channels import inbox
from qunce.channels.channel_contract import (
    Capabilities,
    DeliveryStatus,
    Message,
    Outcome,
    SendingChannel,
)
from qunce.core.communities import Community
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import channel_events, ledger
from tests import factories
from tests.clients import browser
from tests.contracts.test_channels import CHANNELS as CONTRACT_CHANNELS
from tests.factories import AT, LATER

CHANNEL_FOLDERS = sorted(
    path.parent
    for path in Path(channels.__path__[0]).glob("*/__init__.py")
    if path.parent.name not in ("accounts", "migrations", "webhooks")
)
README_ROWS = (
    "Sends to",
    "Needs a person",
    "Idempotent sends",
    "Receipts",
    "Incoming events",
    "Settings",
)


def test_channel_folders_are_found() -> None:
    names = {folder.name for folder in CHANNEL_FOLDERS}
    assert {"assisted", "testing"} <= names


@pytest.mark.parametrize("folder", CHANNEL_FOLDERS, ids=lambda folder: folder.name)
def test_channel_folder_has_a_readme_with_its_capabilities(folder: Path) -> None:
    readme = (folder / "README.md").read_text()
    assert [row for row in README_ROWS if f"| {row} |" not in readme] == []


def test_channels_are_registered_and_covered_by_the_contract() -> None:
    registered = {channel.name for channel in channel_base.list_channels()}
    folders = {folder.name for folder in CHANNEL_FOLDERS}
    assert registered == folders - {"testing"}
    covered = {create().name for create in CONTRACT_CHANNELS.values()}
    assert registered <= covered


@dataclass
class EchoChannel(SendingChannel):
    """A channel as step 1 describes it. Its platform is a list."""

    name: ClassVar[str] = "echo"
    label: ClassVar[str] = "Echo"
    capabilities: ClassVar[Capabilities] = Capabilities(to_member=True)
    posts: list[Message] = dataclasses.field(default_factory=list)

    def send(self, messages: Sequence[Message], *, at: datetime) -> list[Outcome]:
        self.posts.extend(messages)
        return [Outcome(status=DeliveryStatus.ACCEPTED) for _message in messages]


ECHO_SECRET = "echo-secret"


@csrf_exempt
@require_POST
def receive_echo(request: HttpRequest, community_key: str) -> HttpResponse:
    """The view of step 6, with the payloads of step 5."""
    signature = hmac.new(ECHO_SECRET.encode(), request.body, "sha256").hexdigest()
    if not hmac.compare_digest(signature, request.headers.get("Echo-Signature", "")):
        return HttpResponse(status=403)
    for event in json.loads(request.body):
        inbox.receive(
            community=Community.objects.get(key=community_key),
            channel=EchoChannel.name,
            key=event["id"],
            kind=event["kind"],
            payload=event["payload"],
            at=LATER,
        )
    return HttpResponse()


@pytest.fixture
def echo(settings: Settings) -> Iterator[EchoChannel]:
    """The channel and its URL, registered as steps 3 and 7 say."""
    urlconf = ModuleType("echo_urls")
    urlconf.urlpatterns = [  # type: ignore[attr-defined]
        path("channels/echo/<str:community_key>/", receive_echo),
        path("", include("qunce.urls")),
    ]
    settings.ROOT_URLCONF = urlconf
    channel = EchoChannel()
    channel_base.register(channel)
    yield channel
    channel_base.unregister(channel.name)


def post_events(shop: Community, *events: dict[str, Any], secret: str) -> int:
    """Post events as the platform would, run the scheduler's job, return the status."""
    body = json.dumps(events).encode()
    signature = hmac.new(secret.encode(), body, "sha256").hexdigest()
    response = Client(enforce_csrf_checks=True).post(
        f"/channels/echo/{shop.key}/",
        body,
        content_type="application/json",
        headers={"Echo-Signature": signature},
    )
    channel_events.handle_all(at=LATER)
    return response.status_code


@pytest.fixture
def echo_shop(db: None) -> Community:
    return factories.community(language="en")


def start_campaign(shop: Community) -> Campaign:
    by = factories.staff(shop)
    campaign = campaigns.create(
        community=shop,
        name="News",
        text="Hello {name|friend}",
        rule={"all": []},
        channel="echo",
        by=by,
        at=AT,
    )
    launch.start(campaign=campaign, by=by, at=AT)
    return campaign


def states(campaign: Campaign) -> list[str]:
    rows = ledger.list_of(ledger.Origin.CAMPAIGN, campaign.pk)
    return [row.state for row in rows]


def test_new_channel_sends_campaigns_and_takes_receipts(
    echo_shop: Community, echo: EchoChannel
) -> None:
    ann = factories.member(echo_shop, "ann", name="Ann", channel="echo")
    factories.member(echo_shop, "bob", name="Bob")  # has no account in this channel
    campaign = start_campaign(echo_shop)
    schedule.SCHEDULE["campaigns.send"].run(at=AT)
    assert [(post.to, post.text) for post in echo.posts] == [("ann", "Hello Ann")]
    assert states(campaign) == ["accepted", "skipped"]
    receipt = {
        "id": "r1",
        "kind": "receipt",
        "payload": {"message": echo.posts[0].key, "state": "delivered"},
    }
    assert post_events(echo_shop, receipt, secret="forged") == 403
    assert states(campaign) == ["accepted", "skipped"]
    for _time in range(2):
        assert post_events(echo_shop, receipt, secret=ECHO_SECRET) == 200
    assert states(campaign) == ["delivered", "skipped"]
    recorded = factories.recorded_facts(echo_shop, "send.delivered")
    assert [account for account, _payload in recorded] == [ann.pk]


def test_new_channel_takes_messages_and_opt_outs(
    echo_shop: Community, echo: EchoChannel
) -> None:
    message = {
        "id": "m1",
        "kind": "message",
        "payload": {"from": "zoe", "text": "hello"},
    }
    opt_out = {"id": "o1", "kind": "opt_out", "payload": {"from": "zoe"}}
    assert post_events(echo_shop, message, secret=ECHO_SECRET) == 200
    everyone: dict[str, Any] = {"all": []}
    assert factories.matching_keys(echo_shop, everyone) == ["zoe"]
    opted_out = {"opted_out": {"of": "messages"}}
    assert factories.matching_keys(echo_shop, opted_out) == []
    assert post_events(echo_shop, opt_out, secret=ECHO_SECRET) == 200
    assert factories.matching_keys(echo_shop, opted_out) == ["zoe"]
    assert not inbox.pending().exists()


def test_new_channel_can_be_chosen_for_campaigns(
    echo_shop: Community, echo: EchoChannel
) -> None:
    web = browser(factories.staff(echo_shop))
    assert "Echo" in web.get("/outreach/new/").content.decode()
    channel_base.unregister("echo")
    assert "Echo" not in web.get("/outreach/new/").content.decode()
    channel_base.register(echo)


def test_channel_is_unknown_without_its_registry_line(echo_shop: Community) -> None:
    with pytest.raises(channel_base.ChannelNotFound):
        start_campaign(echo_shop)
