"""The site of the walk of an evening offer; run it as a module, see `clocked_site`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.functional import clocked_site

START = datetime(2026, 3, 5, 3, tzinfo=UTC)
"""Eleven in the morning of a Thursday, by the clock of the shops."""
LANGUAGES = {"zh": "zh-hans", "en": "en"}
"""The language of each shop, by the prefix of its keys."""


def main() -> None:
    clocked_site.start_django()
    from qunce.channels.testing import ALL_CAPABILITIES, FakeChannel
    from qunce.core.staff.models import Staff
    from tests.functional import offer_shops

    channel = FakeChannel(
        name=offer_shops.CHANNEL,
        label="WeChat",
        capabilities=replace(ALL_CAPABILITIES, per_minute=offer_shops.PER_MINUTE),
    )
    shops: dict[str, offer_shops.OfferShop] = {}

    def build() -> list[Staff]:
        for prefix, language in LANGUAGES.items():
            shops[prefix] = offer_shops.OfferShop(prefix, language, START)
            offer_shops.build(shops[prefix], channel)
        return [
            staff for shop in shops.values() for staff in (shop.writer, shop.manager)
        ]

    def do(command: dict[str, Any], at: datetime) -> None:
        """`campaign` was sent in the evening by `shop`; nothing else is asked for."""
        if command:
            shop = shops[command["shop"]]
            offer_shops.pass_evening(shop, command["campaign"], at)

    clocked_site.serve(start=START, channel=channel, build=build, do=do)


if __name__ == "__main__":
    main()
