"""Webhooks are never sent into a private network."""

from __future__ import annotations

import socket

import pytest
from pytest_django import Settings

from qunce.channels.webhooks import url_policy
from qunce.channels.webhooks.url_policy import InvalidUrl
from qunce.core.web import addresses


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
        "2002:808:808::",
        "64:ff9b:1::1",
        "64:ff9b:1:7f00::1",
        "fec0::1",
        "fc00::1",
        "febf::1",
        "ff0e::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:0:127.0.0.1",
        "100::1",
        "2001::1",
        "2001:20::1",
        "2001:db8::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fe00::1",
        "192.0.0.9",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "239.255.255.250",
        "240.0.0.1",
    ],
)
def test_private_address_is_not_public(address: str) -> None:
    assert not addresses.is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "223.5.5.5",
        "192.0.1.1",
        "2400:3200::1",
        "2606:4700:4700::1111",
        "64:ff9b::808:808",
        "::ffff:8.8.8.8",
    ],
)
def test_public_address_is_public(address: str) -> None:
    assert addresses.is_public(address)


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
def test_url_that_is_not_public_https_is_rejected(url: str) -> None:
    assert url_policy.check("https://example.com/hook?x=1")
    with pytest.raises(InvalidUrl):
        url_policy.check(url)


def resolver_of(*addresses: str) -> object:
    def getaddrinfo(host: str, port: int, **_options: object) -> list[object]:
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    return getaddrinfo


def test_host_with_one_private_address_is_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver_of("8.8.8.8", "10.0.0.1"))
    with pytest.raises(InvalidUrl, match="private network"):
        url_policy.resolve("https://example.com/hook", seconds=9)


def test_checked_address_is_the_one_that_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver_of("8.8.8.8"))
    target = url_policy.resolve("https://example.com:8443/hook", seconds=9)
    assert (target.address, target.host, target.port) == (
        "8.8.8.8",
        "example.com",
        8443,
    )


def test_setting_allows_private_addresses(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    assert (
        url_policy.resolve("http://127.0.0.1:8000/", seconds=9).address == "127.0.0.1"
    )


def test_unknown_host_is_rejected() -> None:
    with pytest.raises(InvalidUrl, match="cannot be resolved"):
        url_policy.resolve("https://nobody.invalid/", seconds=9)
