"""Odd numbers in addresses of activities, prizes, draws and points are unknown, never a 500."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from qunce.core.facts.facts import Fact
from tests import clients, factories
from tests.clients import ApiClient

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]
ODD = ("0", str(2**31), str(2**63 - 1), str(2**63), str(10**30))
BELOW = "activities/"
PARTS = ("activities", "prizes", "awards", "points", "point-rules", "make-up-cards")


def list_paths(patterns: list[Any], prefix: str = "") -> list[tuple[str, list[str]]]:
    """The paths below /activities/ and the names of their numbers."""
    found = []
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += list_paths(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and path.startswith(BELOW):
            names = re.findall(r"<int:(\w+)>", path)
            found += [(path, names)] if names else []
    return found


def test_console_answers_unknown_for_every_odd_number() -> None:
    shop = factories.community(language="en")
    client = clients.browser(factories.staff(shop), raise_request_exception=False)
    paths = list_paths(get_resolver().url_patterns)
    assert len(paths) > 40
    before, faults = Fact.objects.count(), []
    for path, _names in paths:
        if "<str:" in path:
            continue
        for number in ODD:
            url = "/" + re.sub(r"<int:\w+>", number, path)
            for send in (client.get, client.post):
                status = send(url).status_code
                if status not in (404, 405):
                    faults.append(f"{url}: {status}")
    assert faults == []
    assert Fact.objects.count() == before


def test_api_answers_unknown_for_every_odd_number() -> None:
    shop = factories.community(language="en")
    api = ApiClient(clients.create_token(factories.staff(shop), None))
    schema = api.get("/openapi.json").body["paths"]
    before, faults, tried = Fact.objects.count(), [], 0
    for path, methods in schema.items():
        own = path.removeprefix(clients.ROOT)
        if "{" not in own or not any(f"/{part}" in own for part in PARTS):
            continue
        for number in (*ODD, "-1", "x", "1.5"):
            url = re.sub(r"\{\w+\}", number, own)
            for method in methods:
                answer = api.request(
                    method.upper(), url, {} if method != "get" else None
                )
                tried += 1
                if answer.status not in (400, 404, 405, 422):
                    faults.append(f"{method} {url}: {answer.status}")
    assert tried > 300
    assert faults == []
    assert Fact.objects.count() == before
