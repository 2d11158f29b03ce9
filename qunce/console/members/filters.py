"""What the address of the members' list asks for: a rule, and words to say it.

`segment`, `tag` and `group` are numbers of things, `layer` is a layering's number and a
layer's key with a colon between; `rule` is any rule as JSON; `left` takes in those who
left. Other pages link here with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.groups import visibility as groups
from qunce.members.layers import layers
from qunce.members.rule_text import names as rule_names
from qunce.members.rule_text import sentences
from qunce.members.segments import segments
from qunce.members.tags import models as tag_models
from qunce.sets import audiences
from qunce.sets.audiences import CompiledRule
from qunce.sets.rules import base, tree

if TYPE_CHECKING:
    from django.http import QueryDict

    from qunce.core.staff.models import Staff

PARAMETERS = ("segment", "tag", "group", "layer", "rule", "left")
MAX_RULE_LENGTH = 20_000


@dataclass(frozen=True)
class FilterChip:
    """One filter: what it says, and what leaves the address with it."""

    words: str
    rule: Any
    name: str


@dataclass(frozen=True)
class Filters:
    clauses: list[FilterChip]
    with_left: bool
    compiled: CompiledRule | None = None
    """None if a filter in the URL is not valid; then `error` says why."""
    error: str = ""

    @property
    def rule(self) -> Any:
        """The compiled rule. With an error nobody matches it, so never everyone."""
        if self.compiled is None:
            return {"any": []}
        return self.compiled.including_former() if self.with_left else self.compiled


def parse(given: QueryDict, by: Staff) -> Filters:
    with_left = given.get("left") == "1"
    try:
        clauses = list(_parse_chips(given, by))
        whole = {"all": [clause.rule for clause in clauses]}
        compiled = audiences.compile_rule(community=by.community, rule=whole)
    except (base.RuleError, InvalidFilter) as error:
        return Filters([], with_left, error=str(error))
    return Filters(clauses, with_left, compiled)


class InvalidFilter(Exception):
    """A filter of the address names nothing that there is."""


def _parse_chips(given: QueryDict, by: Staff) -> Iterator[FilterChip]:
    for name, read_one in PARSERS.items():
        text = given.get(name, "").strip()
        if text:
            words, rule = read_one(text, by)
            yield FilterChip(words, rule, name)


def _parse_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise InvalidFilter(_("A filter in this URL is not a number."))
    return int(text)


def _parse_segment(text: str, by: Staff) -> tuple[str, Any]:
    rows = segments.Segment.objects.filter(community=by.community)
    found = rows.filter(pk=_parse_number(text)).first()
    if found is None:
        raise InvalidFilter(_("There is no such segment."))
    words = _("Segment: %(name)s") % {"name": found.name}
    return words, {"segment": {"any": [found.key]}}


def _parse_tag(text: str, by: Staff) -> tuple[str, Any]:
    rows = tag_models.Tag.objects.filter(community=by.community).exclude(state="merged")
    found = rows.filter(pk=_parse_number(text)).first()
    if found is None:
        raise InvalidFilter(_("There is no such tag."))
    return _("Tag: %(name)s") % {"name": found.name}, {"tag": {"any": [found.key]}}


def _parse_group(text: str, by: Staff) -> tuple[str, Any]:
    found = groups.list_visible(by).filter(pk=_parse_number(text)).first()
    if found is None:
        raise InvalidFilter(_("There is no such group."))
    words = _("In the group: %(name)s") % {"name": found.name}
    return words, {"group": {"any": [found.key]}}


def _parse_layer(text: str, by: Staff) -> tuple[str, Any]:
    number, _colon, wanted = text.partition(":")
    rows = layers.Layering.objects.filter(community=by.community)
    found = rows.filter(pk=_parse_number(number)).first()
    if found is None or not wanted:
        raise InvalidFilter(_("There is no such layer."))
    known = {each["key"]: each.get("name") for each in found.spec["layers"]}
    words = _("%(layering)s: %(layer)s") % {
        "layering": found.name,
        "layer": known.get(wanted) or wanted,
    }
    return words, {"layer": {"of": found.key, "in": [wanted]}}


def _parse_rule(text: str, by: Staff) -> tuple[str, Any]:
    if len(text) > MAX_RULE_LENGTH:
        raise InvalidFilter(_("This rule is too long for a URL. Save it as a segment."))
    try:
        rule = tree.parse_json(text)
        audiences.check(community=by.community, rule=rule)
    except RecursionError:
        raise InvalidFilter(_("This rule is nested too deeply.")) from None
    names = rule_names.find(by.community, rule)
    return sentences.to_text(rule, names), rule


PARSERS = {
    "segment": _parse_segment,
    "tag": _parse_tag,
    "group": _parse_group,
    "layer": _parse_layer,
    "rule": _parse_rule,
}
