"""Posts over the API: accepted, consents confirmed and withdrawn, featured, rewarded."""

from __future__ import annotations

import pytest

from tests import clients, factories
from tests.activities.posts import builders
from tests.clients import ApiClient
from tests.factories import AT

pytestmark = pytest.mark.django_db


def test_a_program_decides_about_a_post() -> None:
    ann = factories.staff(factories.community(language="en"))
    client = ApiClient(clients.create_token(ann))
    mia = factories.member(ann.community, "mia", name="Mia").pk
    activity = builders.open_posts(ann)
    post = builders.write(activity, mia)
    url = f"/activities/{activity.pk}/posts/{post.pk}"
    (read,) = client.request("GET", f"/activities/{activity.pk}/posts").body["items"]
    assert client.request("POST", f"{url}/accept?version=older").status == 409
    accept = f"{url}/accept?version={read['version']}"
    assert client.request("POST", accept).body["state"] == "accepted"
    assert client.request("POST", f"{url}/feature").status == 409
    consents = {"uses": ["feature", "name"], "received_at": AT.isoformat()}
    confirmed = client.request("POST", f"{url}/consents", consents).body
    assert confirmed["consents"] == ["feature", "name"]
    assert client.request("POST", f"{url}/feature").body["is_featured"]
    assert not client.request("POST", f"{url}/unfeature").body["is_featured"]
    assert client.request("POST", f"{url}/feature").body["is_featured"]
    withdrawn = client.request("DELETE", f"{url}/consents/feature").body
    assert (withdrawn["consents"], withdrawn["is_featured"]) == (["name"], False)
    assert client.request("DELETE", f"{url}/consents/everything").status == 422
    rewarded = client.request("POST", f"{url}/other-reward", {"reward": "A sample"})
    assert rewarded.body["is_rewarded"]
    assert client.request("POST", f"{url}/other-reward", {"reward": "B"}).status == 409


def test_a_consent_is_received_at_a_time_with_a_zone_and_not_later() -> None:
    ann = factories.staff(factories.community(language="en"))
    client = ApiClient(clients.create_token(ann))
    mia = factories.member(ann.community, "mia", name="Mia").pk
    activity = builders.open_posts(ann)
    post = builders.write(activity, mia)
    url = f"/activities/{activity.pk}/posts/{post.pk}/consents"
    refused = {"2026-03-06T12:00:00": 422, "soon": 422, "2199-01-01T00:00:00Z": 409}
    for moment, status in refused.items():
        body = {"uses": ["feature"], "received_at": moment}
        assert client.request("POST", url, body).status == status, moment
