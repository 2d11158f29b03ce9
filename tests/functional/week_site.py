"""The site of the walks through a working week; run it as a module, see `clocked_site`."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.functional import clocked_site

MONDAY = datetime(2026, 3, 2, 0, tzinfo=UTC)
"""Eight in the morning, by the clock of the shops."""
FRIDAY = datetime(2026, 3, 6, 4, tzinfo=UTC)
"""Noon."""
LANGUAGES = {"zh": "zh-hans", "en": "en"}
"""The language of each shop, by the prefix of its keys."""


def main() -> None:
    clocked_site.start_django()
    from qunce.channels.testing import FakeChannel
    from tests.functional import week_shops

    week = week_shops.Week(LANGUAGES, MONDAY)
    clocked_site.serve(
        start=MONDAY,
        channel=FakeChannel(name=week_shops.REACHABLE, label="WeCom"),
        build=week.build,
        do=week.do,
    )


if __name__ == "__main__":
    main()
