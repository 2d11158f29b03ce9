from __future__ import annotations

import pytest

from qunce.console.login import client_ip


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "proxies", "client"),
    [
        ("192.0.2.7", "", 0, "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", 0, "192.0.2.7"),
        ("127.0.0.1", "198.51.100.1", 1, "198.51.100.1"),
        ("127.0.0.1", "10.9.9.9, 198.51.100.1", 1, "198.51.100.1"),
        ("127.0.0.1", "10.9.9.9, 198.51.100.1, 10.0.0.1", 2, "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1", 2, "127.0.0.1"),
        ("127.0.0.1", "<script>", 1, "127.0.0.1"),
        ("127.0.0.1", "", 1, "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "", 0, "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "", 0, "192.0.2.7"),
        ("", "", 0, ""),
    ],
)
def test_only_trusted_proxies_are_believed(
    peer: str, forwarded_for: str, proxies: int, client: str
) -> None:
    meta = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded_for}
    assert client_ip.resolve(meta, proxies=proxies) == client
