"""What the words of one language have to provide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qunce.demo.simulation.grammar import Grammar


@dataclass(frozen=True)
class Speech:
    """What members who speak a language are called and write.

    `chat` has a symbol per topic of `messages.TOPICS`.
    """

    names: Grammar
    chat: Grammar


@dataclass(frozen=True)
class TagWords:
    """A tag group: its name, its tags, and twins that staff made beside them."""

    name: str
    tags: Mapping[str, str]
    twins: Mapping[str, str]
    is_exclusive: bool = False


@dataclass(frozen=True)
class Words:
    """What staff of the brand wrote, in the language of the community.

    `follow_ups` are pairs of a note and of the next step that follows from it.
    """

    brand: str
    staff: Mapping[str, str]
    crew: str
    units: Mapping[str, str]
    branch: Mapping[str, str]
    """A unit in another city, and who works there in which role."""
    shops: Sequence[str]
    online_shop: str
    cities: Sequence[str]
    sources: Mapping[str, str]
    products: Mapping[str, Sequence[str]]
    categories: Mapping[str, str]
    attributes: Mapping[str, str]
    tastes: Sequence[str]
    genders: Sequence[str]
    groups: Mapping[str, Sequence[str]]
    cards: Mapping[str, tuple[str, str, str, str]]
    tags: Mapping[str, TagWords]
    layers: Mapping[str, str]
    topics: Mapping[str, str]
    mailings: Sequence[str]
    coupons: Sequence[str]
    opt_out_reasons: Sequence[str]
    notes: Grammar
    follow_ups: Sequence[tuple[str, str]]
    headings: Mapping[str, str]
    campaigns: Mapping[str, tuple[str, str]]
    task_requests: Mapping[str, tuple[str, str]]
    materials: Mapping[str, tuple[str, str, str, str]]
    templates: Mapping[str, tuple[str, ...]]
    segments: Mapping[str, tuple[str, str]]
    views: Mapping[str, str]
    course_levels: Sequence[tuple[int, str]]
    course_note: str
    files: Mapping[str, str]
