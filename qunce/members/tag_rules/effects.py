"""What a tag rule does with tags: add, remove, or set, raise and deepen their depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from qunce.core import errors
from qunce.core.communities import Community
from qunce.members.tags import levels, library
from qunce.members.tags.models import Tag

ADD, REMOVE, SET, RAISE, DEEPEN = "add", "remove", "set", "raise", "deepen"
LABELS = {
    ADD: gettext_lazy("Add the tag"),
    REMOVE: gettext_lazy("Remove the tag"),
    SET: gettext_lazy("Set the depth"),
    RAISE: gettext_lazy("Raise to at least the depth"),
    DEEPEN: gettext_lazy("Add to the depth, per event"),
}
PHRASES = {
    ADD: gettext_noop("add “%(tag)s”"),
    REMOVE: gettext_noop("remove “%(tag)s”"),
    SET: gettext_noop("set “%(tag)s” to %(depth)s"),
    RAISE: gettext_noop("raise “%(tag)s” to at least %(depth)s"),
    DEEPEN: gettext_noop("add %(n)s to the depth of “%(tag)s” per event"),
}
WITH_DEPTH = (SET, RAISE, DEEPEN)
MAX_EFFECTS = 10
MAX_DEPTH = 1_000_000
FIELDS = {"do", "tag", "depth"}


class InvalidEffects(errors.Invalid):
    """A tag rule says what it does with which tags."""


@dataclass(frozen=True)
class Effect:
    """`depth` is a number of at least 1, what is added by `deepen`; 0 for other effects."""

    do: str
    tag: Tag
    depth: int = 0

    @property
    def is_removal(self) -> bool:
        return self.do == REMOVE

    def phrase(self) -> str:
        level = levels.find_name(self.tag.levels, self.depth)
        depth = f"×{self.depth} ({level})" if level else f"×{self.depth}"
        words = {"tag": self.tag.name, "depth": depth, "n": self.depth}
        return _(PHRASES[self.do]) % words


def parse(community: Community, value: Any, *, is_event: bool) -> list[Effect]:
    """The effects of their JSON form, such as `[{"do": "add", "tag": "vip"}]`.

    Depths are numbers or names of levels. Raises InvalidEffects, TagNotFound,
    TagNotActive or InvalidDepth.
    """
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise InvalidEffects(_("Choose what the rule does with which tag."))
    if len(value) > MAX_EFFECTS:
        raise InvalidEffects(
            _("A tag rule has at most %(n)s effects.") % {"n": MAX_EFFECTS}
        )
    effects = [_parse_one(community, each, is_event) for each in value]
    # Removals come first, so that a tag of an exclusive group can follow another one.
    effects.sort(key=lambda effect: not effect.is_removal)
    _check_together(effects)
    return effects


def _parse_one(community: Community, value: Any, is_event: bool) -> Effect:
    if not isinstance(value, Mapping) or set(value) - FIELDS:
        raise InvalidEffects(_("An effect has the fields do, tag and depth."))
    do, key = value.get("do"), value.get("tag")
    if not isinstance(do, str) or do not in LABELS:
        raise InvalidEffects(
            _("An effect is one of: %(all)s.") % {"all": ", ".join(LABELS)}
        )
    if not isinstance(key, str) or not key:
        raise InvalidEffects(_("Choose a tag."))
    tag = library.get(community, key)
    library.check_active(tag)
    if tag.is_automatic:
        raise InvalidEffects(
            _("“%(tag)s” is set automatically; choose another tag.") % {"tag": tag.name}
        )
    if do not in WITH_DEPTH:
        if value.get("depth") is not None:
            raise InvalidEffects(_("Only effects on the depth have a depth."))
        return Effect(do, tag)
    if do == DEEPEN and not is_event:
        raise InvalidEffects(
            _(
                "Only a rule on an event can add to a depth, as it would grow with every "
                "run. Set the depth or raise it instead."
            )
        )
    return Effect(do, tag, _parse_depth(value.get("depth", 1), tag))


def _parse_depth(value: Any, tag: Tag) -> int:
    change = levels.parse_depth(str(value), tag.levels)
    if (
        isinstance(value, bool)
        or change.is_added
        or not 1 <= change.amount <= MAX_DEPTH
    ):
        raise InvalidEffects(
            _("A depth is a number from 1 to %(most)s, or the name of a level.")
            % {"most": f"{MAX_DEPTH:,}"}
        )
    return change.amount


def _check_together(effects: Sequence[Effect]) -> None:
    """Raise InvalidEffects if the effects of one rule contradict each other."""
    tags = [effect.tag.pk for effect in effects]
    for effect in effects:
        if tags.count(effect.tag.pk) > 1:
            raise InvalidEffects(
                _("Choose one effect for the tag “%(tag)s”.") % {"tag": effect.tag.name}
            )
    exclusive: dict[int, Effect] = {}
    for effect in effects:
        group = effect.tag.group
        if effect.is_removal or group is None or not group.exclusive:
            continue
        if group.pk in exclusive:
            raise InvalidEffects(
                _(
                    "A member has at most one tag of “%(group)s”, so a rule can give only "
                    "one of them."
                )
                % {"group": group.name}
            )
        exclusive[group.pk] = effect


def to_json(effects: Sequence[Effect]) -> list[dict[str, Any]]:
    return [
        {"do": effect.do, "tag": effect.tag.key}
        | ({"depth": effect.depth} if effect.depth else {})
        for effect in effects
    ]


def contradict(left: Effect, right: Effect) -> bool:
    """Whether no member can have both effects."""
    if left.tag.pk == right.tag.pk:
        if left.is_removal or right.is_removal:
            return left.is_removal != right.is_removal
        if SET not in (left.do, right.do):
            return False
        if left.do == right.do:
            return left.depth != right.depth
        fixed, other = (left, right) if left.do == SET else (right, left)
        return other.do == DEEPEN or (other.do == RAISE and other.depth > fixed.depth)
    group = left.tag.group
    if left.is_removal or right.is_removal or group is None or not group.exclusive:
        return False
    return group.pk == right.tag.group_id
