"""Digests of what is sent and to whom; a review or an approval is of one of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.core.communities import Community
from qunce.members.layers.models import Layering
from qunce.members.segments.segments import Segment

Name = tuple[str, str]
"""`segment` or `layering`, and its key."""


class ChangedSinceReview(errors.Refused):
    """What would be switched on is not what the page before it showed."""


def check(shown: str | None, current: str, *, name: str) -> None:
    """Raise ChangedSinceReview unless the digest that was shown holds, or none was."""
    if shown is not None and shown != current:
        raise ChangedSinceReview(
            _("“%(name)s” differs from what the review showed. Review it again.")
            % {"name": name}
        )


def compute(
    community: Community, described: Mapping[str, Any], rules: Iterable[Any]
) -> str:
    """A digest of 64 hexadecimal digits, the same as long as what is described is.

    The segments and layerings that the rules name, directly or not, are a part of it.
    """
    named = sorted(_load_named(community, list(rules)).items(), key=str)
    text = json.dumps({**described, "named": named}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _load_named(community: Community, nodes: list[Any]) -> dict[Name, Any]:
    """The definitions of the segments and layerings that `nodes` name, directly or not."""
    found: dict[Name, Any] = {}
    asked, wanted = set[Name](), set(_names(nodes))
    while wanted:
        definitions = {
            "segment": _by_key(community, Segment.objects.values_list("key", "rule")),
            "layering": _by_key(community, Layering.objects.values_list("key", "spec")),
        }
        new = {
            (kind, key): definitions[kind][key]
            for kind, key in wanted
            if key in definitions[kind]
        }
        found |= new
        asked |= wanted
        wanted = set(_names(list(new.values()))) - asked
    return found


def _by_key(community: Community, rows: Any) -> dict[str, Any]:
    return dict(rows.filter(community=community))


def _names(node: Any) -> Iterator[Name]:
    """The segments and layerings that a rule names, however deep."""
    if isinstance(node, dict):
        segment, layer = node.get("segment"), node.get("layer")
        if isinstance(segment, dict):
            for keys in segment.values():
                yield from (("segment", key) for key in keys if isinstance(key, str))
        if isinstance(layer, dict) and isinstance(layer.get("of"), str):
            yield "layering", layer["of"]
        for child in node.values():
            yield from _names(child)
    elif isinstance(node, list):
        for child in node:
            yield from _names(child)
