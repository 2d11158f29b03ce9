"""Webhooks never go into our own network."""

from __future__ import annotations

import socket

import pytest
from pytest_django import Settings

from qunce.channels.webhooks import url_policy
from qunce.channels.webhooks.url_policy import InvalidUrl


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2002:a00:1::",
    ],
)
def test_private_addresses_are_not_open(address: str) -> None:
    assert not url_policy.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111"])
def test_public_addresses_are_open(address: str) -> None:
    assert url_policy.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook",
        "ftp://example.com",
        "http://example.com",
        "https://",
        "https://user:pw@example.com",
        "https://example.com:99999",
        "https://[::1",
        "https://exa mple.com",
        "https://例え.jp/\n",
        "https://example.com/" + "x" * 500,
        "file:///etc/passwd",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_open_https_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidUrl):
        url_policy.check(url)


def lookup(*found: str) -> object:
    def getaddrinfo(host: str, port: int, **_how: object) -> list[object]:
        return [(0, 0, 0, "", (address, port)) for address in found]

    return getaddrinfo


def test_one_private_address_among_many_closes_a_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lookup("8.8.8.8", "10.0.0.1"))
    with pytest.raises(InvalidUrl, match="private network"):
        url_policy.resolve("https://example.com/hook")


def test_the_judged_address_is_the_one_that_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lookup("8.8.8.8"))
    found = url_policy.resolve("https://example.com:8443/hook")
    assert (found.address, found.host, found.port) == ("8.8.8.8", "example.com", 8443)


def test_a_setting_lets_them_go_inside(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    assert url_policy.resolve("http://127.0.0.1:8000/").address == "127.0.0.1"


def test_an_unknown_name_is_told(settings: Settings) -> None:
    with pytest.raises(InvalidUrl, match="name server"):
        url_policy.resolve("https://nobody.invalid/")
