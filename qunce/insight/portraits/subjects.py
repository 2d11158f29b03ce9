"""Subjects of portraits: whom a portrait is of, and whom they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, label_texts
from qunce.insight.funnels import definitions, funnels, results
from qunce.members.layers import layering_specs, layers
from qunce.members.rule_text import contact_masks
from qunce.members.segments import segments
from qunce.sets.rules import references

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.core.staff.models import Staff

Choice = tuple[str, str]
"""A subject as text, and its label."""


class SubjectNotFound(errors.NotFound):
    """There is no such subject, staff do not see it, or the text names none."""


class SubjectWithoutRule(errors.Refused):
    """No rule selects these people, so that none can be compared with the others."""


@dataclass(frozen=True)
class Subject:
    """Of whom a portrait is; `text` is how it is written, "" for a rule without name.

    They are compared with the others whom the rule `among` selects, who are described by
    `among_label`; without it, with all other members.
    """

    text: str
    label: str
    rule: Any
    among: Any = None
    among_label: str = ""


@dataclass(frozen=True)
class SubjectKind:
    """`form` is how a subject is written, after the name of the kind and a colon.

    `find` returns the subject of a key, None if there is none that the staff member sees.
    """

    name: str
    form: str
    label: StrOrPromise
    find: Callable[[str, Staff], Subject | None]
    choices: Callable[[Staff], Sequence[Choice]]


KINDS: dict[str, SubjectKind] = {}


def register(kind: SubjectKind) -> SubjectKind:
    KINDS[kind.name] = kind
    return kind


def list_forms() -> list[str]:
    return [f"{kind.name}:{kind.form}" for kind in KINDS.values()]


def parse(text: str, *, by: Staff) -> Subject:
    """The subject that is written as one of `list_forms`."""
    name, _colon, key = text.partition(":")
    found = KINDS[name].find(key, by) if key and name in KINDS else None
    if found is None:
        raise SubjectNotFound(
            _("There is no “%(text)s”. Write one of: %(forms)s.")
            % {"text": text[:200], "forms": ", ".join(list_forms())}
        )
    return found


# Segments, layers and groups, compared with everyone else


def _find_segment(key: str, by: Staff) -> Subject:
    segment = segments.get(by.community, key)
    rule = {"segment": {"any": [segment.key]}}
    return Subject(f"segment:{key}", segment.name, rule)


def _list_segments(by: Staff) -> list[Choice]:
    return [
        (f"segment:{segment.key}", segment.name)
        for segment in segments.list_active(by.community)
    ]


def _find_layer(key: str, by: Staff) -> Subject | None:
    of, colon, layer = key.partition(":")
    if not colon:
        return None
    layering = layers.get(by.community, of)
    names = layering_specs.names_of(layering.spec)
    if layer not in names:
        return None
    label = label_texts.with_label(layering.name, names[layer])
    return Subject(f"layer:{key}", label, {"layer": {"of": of, "in": [layer]}})


def _list_layers(by: Staff) -> list[Choice]:
    return [
        (f"layer:{layering.key}:{key}", label_texts.with_label(layering.name, name))
        for layering in layers.list_active(by.community)
        for key, name in layering_specs.names_of(layering.spec).items()
    ]


def _find_group(key: str, by: Staff) -> Subject | None:
    if by.groups is not None and key not in by.groups:
        return None
    name = references.find_names(by.community, "group", [key]).get(key)
    rule = {"group": {"any": [key]}}
    return None if name is None else Subject(f"group:{key}", name, rule)


def _list_groups(by: Staff) -> list[Choice]:
    keys = [
        key
        for key in references.list_keys(by.community, "group")
        if by.groups is None or key in by.groups
    ]
    names = references.find_names(by.community, "group", keys)
    return [(f"group:{key}", names.get(key, key)) for key in keys]


# Steps of a funnel: who took one, among those who took the one before


def _find_step(key: str, by: Staff) -> Subject | None:
    number, _colon, step = key.partition(":")
    if not is_number(number) or not is_number(step):
        return None
    for funnel in funnels.list_visible(by):
        if funnel.pk != int(number):
            continue
        contact_masks.check_readable(funnel.definition, by)
        labels = results.label_steps(funnel.definition, by)
        index = int(step)
        if not 1 <= index <= len(labels):
            return None
        rule = definitions.rule_of(funnel.definition, index)
        if rule is None:
            raise SubjectWithoutRule(
                _(
                    "The steps of this funnel may come in any order within some time, which"
                    " no rule says. Choose the first step, or steps in order."
                )
            )
        among, among_label = None, ""
        if index > 1:
            among = definitions.rule_of(funnel.definition, index - 1)
            among_label = _("those who took the step before and not this one")
        label = _("%(funnel)s, step %(n)s: %(step)s") % {
            "funnel": funnel.name,
            "n": index,
            "step": labels[index - 1],
        }
        return Subject(f"funnel:{key}", label, rule, among, among_label)
    return None


def _list_steps(by: Staff) -> list[Choice]:
    found = []
    for funnel in funnels.list_visible(by):
        steps = len(funnel.definition["steps"])
        found += [
            (
                f"funnel:{funnel.pk}:{n}",
                _("%(funnel)s, step %(n)s") % {"funnel": funnel.name, "n": n},
            )
            for n in range(1, steps + 1)
            if definitions.rule_of(funnel.definition, n) is not None
        ]
    return found


def is_number(text: str) -> bool:
    """Whether a text can be the id of a row."""
    return text.isascii() and text.isdigit() and len(text) <= 15


register(
    SubjectKind(
        "segment", "key", gettext_lazy("Segments"), _find_segment, _list_segments
    )
)
register(
    SubjectKind(
        "layer", "layering:key", gettext_lazy("Layers"), _find_layer, _list_layers
    )
)
register(SubjectKind("group", "key", gettext_lazy("Groups"), _find_group, _list_groups))
register(
    SubjectKind("funnel", "id:step", gettext_lazy("Funnels"), _find_step, _list_steps)
)
