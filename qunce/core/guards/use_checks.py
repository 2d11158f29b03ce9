"""What keeps a thing from being used now, asked of the domain that knows.

A material that was made of a post is sent only while the author of the post consents: the
domain of posts registers that, and the domain that sends asks before each use.
"""

from __future__ import annotations

from collections.abc import Callable

WhyNot = Callable[[int], str]
_blocks: dict[str, list[WhyNot]] = {}


def register(thing: str) -> Callable[[WhyNot], WhyNot]:
    """Decorate a function that returns why a thing with this id cannot be used, "" if it can."""

    def decorate(why_not: WhyNot) -> WhyNot:
        _blocks.setdefault(thing, []).append(why_not)
        return why_not

    return decorate


def why_not_usable(thing: str, pk: int) -> str:
    """The first sentence why this thing cannot be used now, "" if it can."""
    found = (why_not(pk) for why_not in _blocks.get(thing, ()))
    return next(filter(None, found), "")
