"""Filters in the URL of the member list, as a rule and as chips with labels.

`segment`, `tag`, `group` and `import` are IDs, and so is `staff`, which may also be `me`
or `nobody`. `layer` is the ID of a layering and the key of a layer, separated by a colon.
`order` is when the last order was, such as `within:30d`, `before:90d` or `never`. `rule`
is any rule as JSON. `left=1` includes former members. Of several values of one
parameter, one has to hold. Other pages link to the list with these parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.core.staff import models as staff_models
from qunce.groups import visibility as groups
from qunce.importing import import_results
from qunce.importing.jobs import access, jobs
from qunce.members.accounts import channel_labels
from qunce.members.accounts import queries as account_queries
from qunce.members.layers import layers
from qunce.members.rule_text import names as rule_names
from qunce.members.rule_text import sentences
from qunce.members.segments import segments
from qunce.members.tags import models as tag_models
from qunce.sales.member_columns import PAID
from qunce.sets import audiences
from qunce.sets.audiences import CompiledRule
from qunce.sets.rules import base, tree

if TYPE_CHECKING:
    from django.http import QueryDict

    from qunce.core.staff.models import Staff

PARAMETERS = (
    "segment",
    "tag",
    "group",
    "layer",
    "staff",
    "order",
    "source",
    "import",
    "rule",
    "left",
)
MAX_RULE_LENGTH = 20_000
MAX_VALUES = 50
"""Of one parameter; the others are ignored."""
SPAN = re.compile(r"(within|before):([0-9]{1,4})d")


@dataclass(frozen=True)
class FilterChip:
    """One filter. `name` is the parameter that is removed to drop it."""

    label: str
    rule: Any
    name: str


@dataclass(frozen=True)
class Filters:
    chips: list[FilterChip]
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

    @property
    def source(self) -> Any:
        """The filters as one rule in JSON, from which a segment can be made."""
        rules = [chip.rule for chip in self.chips]
        rule = rules[0] if len(rules) == 1 else {"all": rules}
        return {"with_left": rule} if self.with_left else rule


def parse(parameters: QueryDict, by: Staff) -> Filters:
    with_left = parameters.get("left") == "1"
    try:
        chips = list(_parse_chips(parameters, by))
        combined = {"all": [chip.rule for chip in chips]}
        compiled = audiences.compile_rule(community=by.community, rule=combined, by=by)
    except base.RuleError as error:
        return Filters([], with_left, error=error.message)
    except InvalidFilter as error:
        return Filters([], with_left, error=str(error))
    return Filters(chips, with_left, compiled)


class InvalidFilter(Exception):
    """A filter in this URL refers to something that does not exist."""


FilterParser = Callable[[str, "Staff"], tuple[str, Any]]
_parsers: dict[str, FilterParser] = {}


def _filter(name: str) -> Callable[[FilterParser], FilterParser]:
    """Register the function that returns the label and the rule of a filter's value."""

    def decorate(parse_value: FilterParser) -> FilterParser:
        _parsers[name] = parse_value
        return parse_value

    return decorate


def _parse_chips(parameters: QueryDict, by: Staff) -> Iterator[FilterChip]:
    for name, parse_value in _parsers.items():
        texts = dict.fromkeys(filter(None, map(str.strip, parameters.getlist(name))))
        parts = [parse_value(text, by) for text in list(texts)[:MAX_VALUES]]
        if parts:
            label = _(" or ").join(label for label, _rule in parts)
            rules = [rule for _label, rule in parts]
            rule = rules[0] if len(rules) == 1 else {"any": rules}
            yield FilterChip(label, rule, name)


def _parse_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise InvalidFilter(_("A filter in this URL is not a number."))
    return int(text)


@_filter("segment")
def _parse_segment(text: str, by: Staff) -> tuple[str, Any]:
    rows = segments.Segment.objects.filter(community=by.community)
    segment = rows.filter(pk=_parse_number(text)).first()
    if segment is None:
        raise InvalidFilter(_("There is no such segment."))
    label = _("Segment: %(name)s") % {"name": segment.name}
    return label, {"segment": {"any": [segment.key]}}


@_filter("tag")
def _parse_tag(text: str, by: Staff) -> tuple[str, Any]:
    rows = tag_models.Tag.objects.filter(community=by.community).exclude(state="merged")
    tag = rows.filter(pk=_parse_number(text)).first()
    if tag is None:
        raise InvalidFilter(_("There is no such tag."))
    return _("Tag: %(name)s") % {"name": tag.name}, {"tag": {"any": [tag.key]}}


@_filter("group")
def _parse_group(text: str, by: Staff) -> tuple[str, Any]:
    group = groups.list_visible(by).filter(pk=_parse_number(text)).first()
    if group is None:
        raise InvalidFilter(_("There is no such group."))
    label = _("In the group: %(name)s") % {"name": group.name}
    return label, {"group": {"any": [group.key]}}


@_filter("layer")
def _parse_layer(text: str, by: Staff) -> tuple[str, Any]:
    number, _colon, key = text.partition(":")
    rows = layers.Layering.objects.filter(community=by.community)
    layering = rows.filter(pk=_parse_number(number)).first()
    if layering is None or not key:
        raise InvalidFilter(_("There is no such layer."))
    names = {layer["key"]: layer.get("name") for layer in layering.spec["layers"]}
    label = _("%(layering)s: %(layer)s") % {
        "layering": layering.name,
        "layer": names.get(key) or key,
    }
    return label, {"layer": {"of": layering.key, "in": [key]}}


@_filter("staff")
def _parse_staff(text: str, by: Staff) -> tuple[str, Any]:
    if text == "me":
        return _("Staff in charge: me"), {"staff": {"me": True}}
    if text == "nobody":
        return _("Staff in charge: nobody"), {"staff": {"nobody": True}}
    rows = staff_models.Staff.objects.filter(community=by.community)
    # Those who left stay findable, as their members have to be handed over.
    staff = rows.filter(pk=_parse_number(text)).first()
    if staff is None:
        raise InvalidFilter(_("There is no such staff member."))
    label = _("Staff in charge: %(name)s") % {"name": staff.name}
    return label, {"staff": {"any": [staff.login]}}


@_filter("order")
def _parse_order(text: str, by: Staff) -> tuple[str, Any]:
    if text == "never":
        return _("Never ordered"), {"not": {"did": {"kind": PAID}}}
    span = SPAN.fullmatch(text)
    if span is None or int(span[2]) == 0:
        raise InvalidFilter(_("A filter in this URL is not a time span."))
    days = int(span[2])
    if span[1] == "within":
        label = ngettext(
            "Ordered in the last %(n)s day", "Ordered in the last %(n)s days", days
        )
        return label % {"n": days}, {"did": {"kind": PAID, "within": f"{days}d"}}
    label = ngettext(
        "Last order more than %(n)s day ago",
        "Last order more than %(n)s days ago",
        days,
    )
    rule = {"did": {"kind": PAID, "last": {"before": f"{days}d"}}}
    return label % {"n": days}, rule


@_filter("source")
def _parse_source(text: str, by: Staff) -> tuple[str, Any]:
    label = _("Source: %(name)s") % {"name": channel_labels.label_of(text)}
    return label, {"source": {"any": [text]}}


@_filter("import")
def _parse_import(text: str, by: Staff) -> tuple[str, Any]:
    access.check_may_import(by)
    job = jobs.get(by.community, _parse_number(text))
    if import_results.is_too_large(job):
        raise InvalidFilter(_("This import wrote too many members to list them."))
    accounts = import_results.list_accounts(job)
    keys = account_queries.keys_by_id(by.community, accounts).values()
    label = _("Import: %(name)s") % {"name": job.file_name}
    return label, {"members": {"keys": sorted(keys)}} if keys else {"any": []}


@_filter("rule")
def _parse_rule(text: str, by: Staff) -> tuple[str, Any]:
    if len(text) > MAX_RULE_LENGTH:
        raise InvalidFilter(_("This rule is too long for a URL. Save it as a segment."))
    try:
        rule = tree.parse_json(text)
        audiences.check(community=by.community, rule=rule, by=by)
    except RecursionError:
        raise InvalidFilter(_("This rule is nested too deeply.")) from None
    names = rule_names.find(by.community, rule)
    return sentences.to_text(rule, names), rule
