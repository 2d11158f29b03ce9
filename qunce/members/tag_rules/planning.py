"""What a run of a tag rule changes: pure decisions on sets of people.

A dry run and a run call the same function, so that they cannot differ. Of two rules that
contradict each other the earlier one wins for the members whom it claims. What no rule gave
is removed only by the effect `remove`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from qunce.members.tag_rules import effects as tag_effects
from qunce.members.tag_rules.effects import Effect
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

GAINED, LOST, DEEPENED, KEPT = "gained", "lost", "deepened", "kept"
ADOPTED = "adopted"
"""The tag stays, and is now given by this rule instead of one that would take it back."""
RULE = "rule"
"""Another rule decides."""
BY_HAND = "by_hand"
"""Staff removed the tag by hand."""
NOT_BY_RULE = "not_by_rule"
"""The member has another tag of the exclusive group that no rule gave."""
REPLACED = "replaced"
"""The tag gives way to another one of its exclusive group."""
NO_LONGER = "no_longer"
"""The condition does not hold any more."""


@dataclass(frozen=True)
class Change:
    """People who change in the same way, or stay as they are for the same reason.

    `other` is the id of the rule because of which they do. `amount` is the depth that is
    set, or with `is_added` what is added to it.
    """

    kind: str
    tag: int
    people: BitMap
    reason: str = ""
    other: int | None = None
    amount: int = 0
    is_added: bool = False


@dataclass(frozen=True)
class Claim:
    """The members for whom another active rule has an effect now."""

    rule: int
    is_earlier: bool
    effect: Effect
    people: BitMap


class Tags(Protocol):
    """The tags of people as they are."""

    def holders(self, tag: int) -> BitMap:
        """People with the tag."""
        ...

    def below(self, tag: int, depth: int) -> BitMap:
        """People with the tag at a smaller depth."""
        ...

    def exactly(self, tag: int, depth: int) -> BitMap:
        """People with the tag at this depth."""
        ...

    def owners(self, tag: int, people: BitMap) -> Mapping[int, BitMap]:
        """Rule id → those of these people whose tag that rule alone gave; the rest is 0."""
        ...

    def removed_by_hand(self, tag: int, people: BitMap) -> BitMap:
        """Those of these people from whom staff removed the tag last."""
        ...

    def exclusive_with(self, tag: int) -> Sequence[int]:
        """The other tags of the tag's exclusive group."""
        ...


@dataclass(frozen=True)
class Matched:
    """The people for whom the condition holds.

    `counts` are the numbers of events of each, of a rule on events. `present` are the
    members who can lose what the rule gave, None if it takes nothing back.
    """

    people: BitMap
    counts: Mapping[int, int] | None = None
    present: BitMap | None = None


@dataclass
class _Plan:
    rule: int
    tags: Tags
    claims: Sequence[Claim]
    changes: list[Change] = field(default_factory=list)

    def add(
        self,
        kind: str,
        tag: int,
        people: BitMap,
        reason: str = "",
        *,
        other: int | None = None,
        amount: int = 0,
    ) -> None:
        if people:
            change = Change(kind, tag, people, reason, other, amount)
            self.changes.append(change)

    def lost(self, tag: int) -> BitMap:
        """People who lose the tag by what is planned already."""
        lost = bitmaps.of(())
        for change in self.changes:
            if change.kind == LOST and change.tag == tag:
                lost |= change.people
        return lost

    def holders(self, tag: int) -> BitMap:
        return self.tags.holders(tag) - self.lost(tag)


def plan(
    *,
    rule: int,
    effects: Iterable[Effect],
    former_tags: Iterable[int] = (),
    matched: Matched,
    tags: Tags,
    claims: Sequence[Claim],
) -> list[Change]:
    """The changes of a run, in the order in which they are applied.

    `former_tags` are the ids of tags that the rule gave by effects it no longer has.
    """
    result = _Plan(rule, tags, claims)
    given = []
    for effect in effects:
        if effect.is_removal:
            _remove(result, effect, matched)
        else:
            given.append(effect)
    if matched.present is not None:
        for effect in given:
            _take_back(result, effect.tag.pk, matched.present - matched.people)
        for tag in former_tags:
            _take_back(result, tag, matched.present)
    for effect in given:
        _give(result, effect, matched)
    return result.changes


def _remove(result: _Plan, effect: Effect, matched: Matched) -> None:
    tag = effect.tag.pk
    people = result.holders(tag) & matched.people
    people = _leave_to_earlier(result, effect, people)
    result.add(LOST, tag, people)


def _take_back(result: _Plan, tag: int, candidates: BitMap) -> None:
    """Remove what this rule gave, unless another active rule would give it."""
    candidates = result.holders(tag) & candidates
    own = result.tags.owners(tag, candidates).get(result.rule, bitmaps.of(())).copy()
    for claim in result.claims:
        if claim.effect.tag.pk == tag and not claim.effect.is_removal:
            result.add(KEPT, tag, own & claim.people, RULE, other=claim.rule)
            own -= claim.people
    result.add(LOST, tag, own, NO_LONGER)


def _give(result: _Plan, effect: Effect, matched: Matched) -> None:
    tag, matching = effect.tag.pk, matched.people
    holders = result.holders(tag) & matching
    # Only those whom the rule would change can be left as they are.
    people = _leave_to_earlier(
        result, effect, (matching - holders) | _deeper(result, effect, holders)
    )
    new = people - holders
    by_hand = result.tags.removed_by_hand(tag, new)
    result.add(KEPT, tag, by_hand, BY_HAND)
    new = _make_room(result, effect, new - by_hand)
    if effect.do == tag_effects.DEEPEN:
        for kind, some in ((GAINED, new), (DEEPENED, people & holders)):
            _deepen(result, effect, kind, some, matched.counts or {})
    else:
        result.add(GAINED, tag, new, amount=effect.depth or 1)
        result.add(DEEPENED, tag, people & holders, amount=effect.depth)
    if matched.counts is not None:
        _adopt(result, tag, holders)


def _deeper(result: _Plan, effect: Effect, holders: BitMap) -> BitMap:
    """Those of the people with the tag who get another depth."""
    if effect.do == tag_effects.RAISE:
        return holders & result.tags.below(effect.tag.pk, effect.depth)
    if effect.do == tag_effects.SET:
        return holders - result.tags.exactly(effect.tag.pk, effect.depth)
    return holders if effect.do == tag_effects.DEEPEN else bitmaps.of(())


def _deepen(
    result: _Plan,
    effect: Effect,
    kind: str,
    people: BitMap,
    counts: Mapping[int, int],
) -> None:
    by_count: dict[int, BitMap] = {}
    for person in people:
        by_count.setdefault(counts.get(person, 1), bitmaps.of(())).add(person)
    for count, same in sorted(by_count.items()):
        amount = count * effect.depth
        result.changes.append(
            Change(kind, effect.tag.pk, same, amount=amount, is_added=True)
        )


def _adopt(result: _Plan, tag: int, people: BitMap) -> None:
    """Take over tags of other rules, which could take them back although this one gave them."""
    for owner, owned in sorted(result.tags.owners(tag, people).items()):
        if owner not in (0, result.rule):
            result.add(ADOPTED, tag, owned, RULE, other=owner)


def _leave_to_earlier(result: _Plan, effect: Effect, people: BitMap) -> BitMap:
    """The people for whom no earlier rule decides otherwise; the rest stays as it is."""
    for claim in result.claims:
        if claim.is_earlier and tag_effects.contradict(effect, claim.effect):
            kept = people & claim.people
            result.add(KEPT, effect.tag.pk, kept, RULE, other=claim.rule)
            people = people - kept
    return people


def _make_room(result: _Plan, effect: Effect, people: BitMap) -> BitMap:
    """Plan that other tags of the exclusive group give way; those who cannot stay."""
    for other in result.tags.exclusive_with(effect.tag.pk):
        holders = result.holders(other) & people
        if not holders:
            continue
        fixed = result.tags.owners(other, holders).get(0, bitmaps.of(()))
        result.add(KEPT, effect.tag.pk, fixed, NOT_BY_RULE)
        people = people - fixed
        result.add(LOST, other, holders - fixed, REPLACED)
    return people
