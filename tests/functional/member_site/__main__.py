"""The words that the site answers, each with the function that does it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from tests.functional import clocked_site
from tests.functional.member_site import (
    draws,
    games,
    homework,
    instant_draws,
    live_sessions,
    malls,
    meetups,
    polls,
    posts,
    surveys,
    topics,
)


def main() -> None:
    clocked_site.start_django()
    dos: dict[str, Callable[..., Any]] = {
        "open": draws.open_activities,
        "poll": polls.open_poll,
        "topic": topics.open_topic,
        "mall": malls.open_mall,
        "outbid": malls.outbid,
        "survey": surveys.open_survey,
        "quiz": games.open_quiz,
        "chain": games.open_chain,
        "homework": homework.open_homework,
        "homework_due": homework.let_homework_be_due,
        "homework_over": homework.let_reviews_be_over,
        "meetup": meetups.open_meetup,
        "live": live_sessions.open_live,
        "live_over": live_sessions.end_live,
        "posts": posts.open_posts,
        "instant": instant_draws.open_instant,
        "reveal": instant_draws.reveal,
        "count": draws.count,
        "draw": draws.draw_winners,
        "confirm": draws.confirm,
        "link": draws.link,
        "send": draws.send,
    }
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(dos[asked.pop("do")](**asked)), flush=True)


if __name__ == "__main__":
    main()
