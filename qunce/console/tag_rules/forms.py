"""The form of a tag rule: its condition by kind, its effects, and when it is applied."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.console import http
from qunce.core import errors, money
from qunce.core.facts import facts
from qunce.groups import visibility as group_visibility
from qunce.members.tag_rules import conditions
from qunce.members.tag_rules import effects as tag_effects
from qunce.members.tag_rules import tag_rules as rules
from qunce.members.tag_rules.models import Mode, TagRule
from qunce.members.tags import library
from qunce.sets import audiences

RULE, SILENCE, WORDS, EVENT = "rule", "silence", "words", "event"
KINDS: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    RULE: (
        gettext_lazy("Members who match a rule"),
        gettext_lazy("Checked every day, or when somebody runs it."),
    ),
    WORDS: (
        gettext_lazy("A keyword in the chat"),
        gettext_lazy("Applied within seconds after the message."),
    ),
    EVENT: (
        gettext_lazy("Something happens"),
        gettext_lazy("A click, an order, an answer, another layer: within seconds."),
    ),
    SILENCE: (
        gettext_lazy("Nothing happens"),
        gettext_lazy("No message or order for a number of days, checked every day."),
    ),
}
MESSAGE = "message.posted"
COMMON_KINDS = (
    *("group.joined", "group.left", "layer.changed", "member.layer_changed"),
    *("member.joined", "member.left", "message.posted", "order.paid"),
    *("order.refunded", "price.asked", "product.clicked", "send.clicked"),
)
EXCLUDED = (
    *("run.", "playbook.", "campaign.", "attribute.set", "tag_rule."),
    *conditions.EXCLUDED_PREFIXES,
)
"""Kinds that are not about what members do."""
MIN_ROWS = 3
SIGNS = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}
CONDITION = re.compile(r"([^<>=]+?)\s*(>=|<=|>|<|=)\s*(.+)")
NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,10})?")


class EffectForm(forms.Form):
    """One effect; a row without a tag is none."""

    do = forms.ChoiceField(
        label=gettext_lazy("Effect"),
        choices=list(tag_effects.LABELS.items()),
        required=False,
    )
    tag = forms.ChoiceField(label=gettext_lazy("Tag"), required=False)
    depth = forms.CharField(
        label=gettext_lazy("Depth or level"), required=False, max_length=40
    )

    def to_json(self) -> dict[str, Any] | None:
        values = self.cleaned_data
        if not values["tag"]:
            return None
        effect = {"do": values["do"] or tag_effects.ADD, "tag": values["tag"]}
        if effect["do"] in tag_effects.WITH_DEPTH:
            effect["depth"] = values["depth"].strip() or "1"
        return effect


class RuleForm(forms.Form):
    """`kind` decides which fields of the condition there are."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=rules.MAX_NAME_LENGTH)
    description = forms.CharField(
        label=gettext_lazy("Purpose"),
        required=False,
        max_length=rules.MAX_DESCRIPTION_LENGTH,
    )
    event = forms.ChoiceField(label=gettext_lazy("Event"))
    words = forms.CharField(
        label=gettext_lazy("Keywords"),
        required=False,
        max_length=3_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "One per line. Case and width do not matter; English words are found as whole "
            "words."
        ),
    )
    how = forms.ChoiceField(
        label=gettext_lazy("How many of them"),
        choices=[
            ("any", gettext_lazy("at least one")),
            ("all", gettext_lazy("all of them")),
        ],
        required=False,
    )
    groups = forms.MultipleChoiceField(
        label=gettext_lazy("Only in these groups"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    where = forms.CharField(
        label=gettext_lazy("Only if"),
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "A field and its value per line, such as: product = tea, or amount >= 99.50."
        ),
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("None of these"), widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(
        label=gettext_lazy("For how many days"),
        min_value=1,
        max_value=conditions.MAX_DAYS,
        initial=30,
    )
    mode = forms.ChoiceField(
        label=gettext_lazy("When it is applied"),
        choices=[(mode.value, mode.label) for mode in (Mode.DAILY, Mode.ON_DEMAND)],
    )
    takes_back = forms.BooleanField(
        label=gettext_lazy("Take its tags back when the condition no longer holds"),
        required=False,
        help_text=gettext_lazy("Only tags that this rule gave."),
    )

    FIELDS_OF = {
        RULE: ("mode", "takes_back"),
        SILENCE: ("kinds", "days", "mode", "takes_back"),
        WORDS: ("words", "how", "groups"),
        EVENT: ("event", "where", "groups", "words", "how"),
    }

    def __init__(
        self,
        request: http.Request,
        kind: str,
        data: Any = None,
        *,
        rule: TagRule | None = None,
    ) -> None:
        super().__init__(data, initial={} if rule is None else _initial(rule))
        self.request, self.kind, self.rule = request, kind, rule
        fields: Any = self.fields
        for name in set(fields) - {"name", "description", *self.FIELDS_OF[kind]}:
            del fields[name]
        self._set_choices(fields)
        self.rows = self._list_rows(data)

    def _set_choices(self, fields: Any) -> None:
        kinds = _list_kinds(self.request)
        if "event" in fields:
            fields["event"].choices = kinds
        if "kinds" in fields:
            fields["kinds"].choices = kinds
        if "groups" in fields:
            groups = group_visibility.list_visible(self.request.staff)
            fields["groups"].choices = [
                (group.key, group.name) for group in groups.order_by("name", "pk")
            ]
        if self.kind == WORDS:
            fields["words"].required = True

    def _list_rows(self, data: Any) -> list[EffectForm]:
        stored = list(self.rule.effects) if self.rule else []
        number = max(MIN_ROWS, len(stored) + 1)
        if data is not None:
            sent = [name for name in data if re.fullmatch(r"effect\d{1,2}-tag", name)]
            number = min(max(MIN_ROWS, len(sent)), tag_effects.MAX_EFFECTS)
        rows = library.list_tags(self.request.community).exclude(group__automatic=True)
        tags = [("", "–"), *rows.order_by("name").values_list("key", "name")]
        found = []
        for index in range(number):
            initial = stored[index] if index < len(stored) else {}
            form = EffectForm(data, prefix=f"effect{index}", initial=initial)
            choices: Any = form.fields["tag"]
            choices.choices = tags
            if self.kind not in (WORDS, EVENT):
                labels = dict(tag_effects.LABELS)
                del labels[tag_effects.DEEPEN]
                do: Any = form.fields["do"]
                do.choices = list(labels.items())
            found.append(form)
        return found

    @property
    def condition_fields(self) -> list[forms.BoundField]:
        shown = [
            n for n in self.FIELDS_OF[self.kind] if n not in ("mode", "takes_back")
        ]
        return [self[name] for name in shown]

    @property
    def has_schedule(self) -> bool:
        return "mode" in self.fields

    def is_complete(self) -> bool:
        """Whether the fields and the rows of the effects are valid."""
        are_rows_valid = [row.is_valid() for row in self.rows]
        return self.is_valid() and all(are_rows_valid)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if "where" in values:
            kind, currency = values.get("event", ""), self.request.community.currency
            try:
                values["where"] = parse_where(values["where"], kind, currency)
            except (forms.ValidationError, errors.QunceError) as error:
                text = getattr(error, "message", str(error))
                self.add_error("where", forms.ValidationError(text))
        return values

    def to_arguments(self, rule: Any) -> dict[str, Any]:
        """The arguments of `create` and `update`; `rule` is that of the builder."""
        values = self.cleaned_data
        effects = [effect for row in self.rows if (effect := row.to_json())]
        return {
            "name": values["name"],
            "description": values["description"],
            "condition": self._condition(rule),
            "effects": effects,
            "mode": values.get("mode") or Mode.EVENT.value,
            "takes_back": bool(values.get("takes_back")),
        }

    def _condition(self, rule: Any) -> dict[str, Any]:
        values = self.cleaned_data
        if self.kind == RULE:
            return {"rule": rule}
        if self.kind == SILENCE:
            return {"silence": {"kinds": values["kinds"], "days": values["days"]}}
        event: dict[str, Any] = {"kind": values.get("event") or MESSAGE}
        where = dict(values.get("where") or {})
        if values["groups"]:
            where["group"] = values["groups"]
        stored = self.rule.condition.get("event", {}) if self.rule else {}
        if "hours" in stored:
            # The form has no field for it.
            event["hours"] = stored["hours"]
        if where:
            event["where"] = where
        listed = [line.strip() for line in values["words"].splitlines() if line.strip()]
        if listed:
            event["words"] = {values["how"] or "any": listed}
        return {"event": event}


def _list_kinds(request: http.Request) -> list[tuple[str, str]]:
    found = {*audiences.list_fact_kinds(request.community), *COMMON_KINDS}
    known = [
        kind
        for kind in found
        if facts.find_kind(kind) is not None and not kind.startswith(EXCLUDED)
    ]
    pairs = [(kind, facts.label_of(kind)) for kind in known]
    return sorted(pairs, key=lambda pair: pair[1].casefold())


def kind_of(rule: TagRule) -> str:
    """The kind of form that shows the condition of a rule."""
    condition = rule.condition
    if RULE in condition or SILENCE in condition:
        return RULE if RULE in condition else SILENCE
    event = condition["event"]
    only_words = event["kind"] == MESSAGE and "words" in event
    fields = set(event.get("where") or {})
    return WORDS if only_words and fields <= {"group"} else EVENT


def _initial(rule: TagRule) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": rule.name,
        "description": rule.description,
        "mode": rule.mode,
        "takes_back": rule.takes_back,
    }
    if SILENCE in rule.condition:
        found |= rule.condition[SILENCE]
        return found
    event = rule.condition.get("event")
    if not event:
        return found
    where = dict(event.get("where") or {})
    groups = where.pop("group", [])
    found |= {
        "event": event["kind"],
        "groups": [groups] if isinstance(groups, str) else groups,
        "where": where_text(where, event["kind"], rule.community.currency),
    }
    for how, listed in (event.get("words") or {}).items():
        found |= {"how": how, "words": "\n".join(listed)}
    return found


def parse_where(text: str, kind: str, currency: str) -> dict[str, Any]:
    """Lines such as `product = tea, cake` and `amount >= 100`; raises ValidationError.

    Amounts of money are written in whole units of the currency.
    """
    found: dict[str, Any] = {}
    amounts = facts.money_fields(kind)

    def number(name: str, text: str) -> int | float:
        if name in amounts:
            return money.parse_units(text, currency)
        return float(text) if "." in text else int(text)

    for line in text.splitlines():
        if not line.strip():
            continue
        match = CONDITION.fullmatch(line.strip())
        if match is None:
            raise forms.ValidationError(
                _("Write a field and its value per line, such as: product = tea")
            )
        name, sign, value = match[1].strip(), match[2], match[3].strip()
        if sign == "=":
            parts = filter(None, map(str.strip, re.split(r"[,，、]", value)))
            # A number may be stored as a number or as a text.
            found[name] = [
                each
                for part in parts
                for each in (
                    [part, number(name, part)] if NUMBER.fullmatch(part) else [part]
                )
            ]
            continue
        if not NUMBER.fullmatch(value):
            raise forms.ValidationError(
                _("“%(value)s” is not a number.") % {"value": value[:40]}
            )
        earlier = found.setdefault(name, {})
        if isinstance(earlier, dict):
            earlier[SIGNS[sign]] = number(name, value)
    return found


def where_text(where: Mapping[str, Any], kind: str, currency: str) -> str:
    """The lines that `parse_where` reads."""
    signs = {name: sign for sign, name in SIGNS.items()} | {"eq": "="}
    amounts = facts.money_fields(kind)

    def text(name: str, value: object) -> str:
        if name in amounts and isinstance(value, int):
            return money.format_amount(value, currency)
        return str(value)

    lines = []
    for name, wanted in where.items():
        if isinstance(wanted, Mapping):
            lines += [f"{name} {signs[s]} {text(name, n)}" for s, n in wanted.items()]
        else:
            listed = wanted if isinstance(wanted, list) else [wanted]
            texts = dict.fromkeys(text(name, value) for value in listed)
            lines.append(f"{name} = {', '.join(texts)}")
    return "\n".join(lines)
