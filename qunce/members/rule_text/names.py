"""How people call what rules name by key. Each room registers what it owns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qunce.core.facts import facts
from qunce.core.facts import interned_names as ids
from qunce.members.attributes.attributes import Attribute
from qunce.members.clauses import tag
from qunce.members.layers.layers import Layering
from qunce.members.segments.frozen import FrozenSegment
from qunce.members.segments.segments import Segment
from qunce.members.tags.models import Tag, TagGroup

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.rule_text.phrases import Names

Lookup = Callable[["Community", Sequence[str]], Mapping[str, str]]
"""From keys to names; what there is not is left out."""
_lookups: dict[str, Lookup] = {}
WORDS = ("any", "all", "none")
NODES = ("all", "any", "not", "with_left")
MARKS = {"tag": "tag", "group": "group", "segment": "segment"}


def register(what: str, lookup: Lookup) -> None:
    _lookups[what] = lookup


def of_rules(community: Community, rules: Iterable[Any]) -> Names:
    """The names of all that these rules mention, one question a kind of thing."""
    asked: dict[str, set[str]] = {}
    for rule in rules:
        for what, key in mentioned(rule):
            asked.setdefault(what, set()).add(key)
    found: dict[tuple[str, str], str] = {}
    for what, keys in asked.items():
        named = find(community, what, sorted(keys))
        found |= {(what, key): name for key, name in named.items()}
    return found


def find(community: Community, what: str, keys: Sequence[str]) -> Mapping[str, str]:
    """The names of things of one kind, by key."""
    return _lookups[what](community, keys) if keys and what in _lookups else {}


def of(community: Community, rule: Any) -> Names:
    return of_rules(community, [rule])


def mentioned(rule: Any) -> Iterator[tuple[str, str]]:
    """What kind of thing and which key, of everything that a rule names."""
    if isinstance(rule, list):
        for part in rule:
            yield from mentioned(part)
    elif isinstance(rule, dict):
        for name, body in rule.items():
            if name in NODES:
                yield from mentioned(body)
            elif isinstance(body, dict):
                yield from _in_clause(str(name), body)


def _in_clause(name: str, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if name in MARKS:
        for word in WORDS:
            yield from ((MARKS[name], key) for key in _keys(body.get(word)))
        yield from (("tag_group", key) for key in _keys(body.get("untagged")))
        yield from (("frozen", key) for key in _keys(body.get("frozen")))
    elif name == "attr":
        yield from (("attr", key) for key in _keys(body.get("name")))
    elif name == "layer":
        yield from (("layering", key) for key in _keys(body.get("of")))
        for layering in _keys(body.get("of")):
            yield from (("layer", f"{layering}/{key}") for key in _keys(body.get("in")))
    elif name == "source":
        yield from (("source", key) for key in _keys(body.get("any")))
    elif name in ("did", "seq"):
        for step in [body, *(body.get("steps") or [])]:
            yield from _in_happening(step)


def _in_happening(step: Any) -> Iterator[tuple[str, str]]:
    if isinstance(step, dict):
        yield from (("kind", key) for key in _keys(step.get("kind")))
        where = step.get("where")
        groups = where.get("group") if isinstance(where, dict) else None
        yield from (("group", key) for key in _keys(groups))


def _keys(given: Any) -> list[str]:
    several = given if isinstance(given, list) else [given]
    return [key for key in several if isinstance(key, str)]


# What the members' room and the kernel own


def _tags(community: Community, keys: Sequence[str]) -> dict[str, str]:
    found = tag.find(community, keys)
    named = dict(Tag.objects.filter(pk__in=found.values()).values_list("pk", "name"))
    return {key: named[pk] for key, pk in found.items()}


def _tag_groups(community: Community, keys: Sequence[str]) -> dict[str, str]:
    rows = TagGroup.objects.filter(community=community, key__in=keys)
    return dict(rows.values_list("key", "name"))


def _segments(community: Community, keys: Sequence[str]) -> dict[str, str]:
    rows = Segment.objects.filter(community=community, key__in=keys)
    return dict(rows.values_list("key", "name"))


def _frozen(community: Community, keys: Sequence[str]) -> dict[str, str]:
    rows = FrozenSegment.objects.filter(community=community, key__in=keys)
    return {key: key for key in rows.values_list("key", flat=True)}


def _attributes(community: Community, keys: Sequence[str]) -> dict[str, str]:
    rows = Attribute.objects.filter(community=community, name__in=keys)
    return dict(rows.values_list("name", "label"))


def _layerings(community: Community, keys: Sequence[str]) -> dict[str, str]:
    rows = Layering.objects.filter(community=community, key__in=keys)
    return dict(rows.values_list("key", "name"))


def _layers(community: Community, keys: Sequence[str]) -> dict[str, str]:
    """Keys are `layering/layer`."""
    rows = Layering.objects.filter(community=community).values_list("key", "spec")
    known = {
        f"{layering}/{layer['key']}": layer.get("name") or layer["key"]
        for layering, spec in rows
        for layer in spec["layers"]
    }
    return {key: known[key] for key in keys if key in known}


def _sources(community: Community, keys: Sequence[str]) -> dict[str, str]:
    known = ids.find
    return {key: key for key in keys if known("source", community.pk, key) is not None}


def _kinds(community: Community, keys: Sequence[str]) -> dict[str, str]:
    return {
        key: facts.label_of(key) for key in keys if facts.find_kind(key) is not None
    }


register("tag", _tags)
register("tag_group", _tag_groups)
register("segment", _segments)
register("frozen", _frozen)
register("attr", _attributes)
register("layering", _layerings)
register("layer", _layers)
register("source", _sources)
register("kind", _kinds)
