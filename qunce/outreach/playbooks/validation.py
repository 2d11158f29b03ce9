"""Problems of a definition, as sentences for its author. Pure functions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.outreach.campaigns import variants
from qunce.outreach.campaigns.variants import Variant
from qunce.outreach.content import templates
from qunce.outreach.playbooks import entries, graph, reentry
from qunce.outreach.playbooks.assignees import Assignee
from qunce.outreach.playbooks.definitions import Definition, Subject
from qunce.outreach.playbooks.entries import (
    DateEntry,
    FactEntry,
    LayerEntry,
    SegmentEntry,
)
from qunce.outreach.playbooks.steps.base import MAX_STEPS
from qunce.outreach.playbooks.steps.send import Send
from qunce.outreach.playbooks.undone import Then, Undone


@dataclass(frozen=True)
class Problem:
    """`step` is the id of the step that it is about, "" for the playbook."""

    step: str
    text: str


@dataclass(frozen=True)
class Channel:
    """What a channel can do; `measure` is the length of a text in its unit."""

    to_member: bool
    to_group: bool
    needs_person: bool
    max_length: int
    measure: Callable[[str], int] = len


@dataclass(frozen=True)
class Resources:
    """What exists in the community, for the checks of steps.

    `find_content_problems` gets a text, the ids of versions of materials and the name of a
    channel. `check_rule` and `check_attribute` raise errors.Invalid or errors.NotFound.
    """

    subject: str = Subject.MEMBER
    variables: Collection[str] = ()
    tags: Collection[str] = ()
    segments: Collection[str] = ()
    layers: Mapping[str, Collection[str]] = field(default_factory=dict)
    date_attributes: Collection[str] = ()
    channels: Mapping[str, Channel] = field(default_factory=dict)
    staff: Collection[str] = ()
    groups: Collection[str] = ()
    find_content_problems: Callable[[str, Sequence[int], str], Sequence[str]] = (
        lambda text, materials, channel: ()
    )
    check_rule: Callable[[Any], None] = lambda rule: None
    check_attribute: Callable[[str, str], None] = lambda name, value: None
    step_ids: Collection[str] = ()
    sending_steps: Collection[str] = ()

    def text_problems(self, text: str) -> Iterator[str]:
        try:
            templates.check(text, self.variables)
        except errors.Invalid as error:
            yield _("has a text that cannot be sent: %(error)s") % {"error": error}

    def variant_problems(self, found: Sequence[Variant]) -> Iterator[str]:
        try:
            to_groups = self.subject == Subject.GROUP
            variants.check_all(found, self.variables, to_groups=to_groups)
        except errors.Invalid as error:
            yield _("has a variant that cannot be sent: %(error)s") % {"error": error}
        for variant in found:
            if variant.rule is not None and self.subject != Subject.GROUP:
                yield from self.rule_problems(variant.rule)

    def channel_problems(self, step: Send) -> Iterator[str]:
        channel = self.channels.get(step.channel)
        if channel is None:
            yield _("uses the channel “%(name)s”, which does not exist.") % {
                "name": step.channel
            }
            return
        to_group = self.subject == Subject.GROUP
        if not (channel.to_group if to_group else channel.to_member):
            yield _("uses a channel that cannot send to these recipients.")
        texts = step.texts().values()
        if any(channel.measure(text) > channel.max_length for text in texts):
            yield _("has a text that is too long for its channel.")
        for text in self.find_content_problems(step.text, step.materials, step.channel):
            yield _("has materials that cannot be sent: %(problem)s") % {
                "problem": text
            }
        if channel.needs_person:
            yield from self.assignee_problems(step.assignee)
        elif step.undone is not None:
            yield _("waits for staff, but the channel sends automatically.")

    def assignee_problems(self, assignee: Assignee) -> Iterator[str]:
        if assignee.needs_named:
            yield from self.staff_problems(assignee.staff)

    def undone_problems(self, undone: Undone) -> Iterator[str]:
        if undone.do == Then.HAND_OVER:
            for text in self.assignee_problems(undone.to):
                yield _("is handed over to somebody, but %(problem)s") % {
                    "problem": text
                }

    def staff_problems(self, login: str) -> Iterator[str]:
        if not login:
            yield _("needs a member of staff who does it.")
        elif login not in self.staff:
            yield _("names “%(login)s”, who cannot do tasks.") % {"login": login}

    def rule_problems(self, rule: Any) -> Iterator[str]:
        try:
            self.check_rule(rule)
        except errors.QunceError as error:
            yield _("has a rule that is not valid: %(error)s") % {"error": error}

    def attribute_problems(self, name: str, value: str) -> Iterator[str]:
        try:
            self.check_attribute(name, value)
        except errors.QunceError as error:
            yield _("cannot set the attribute: %(error)s") % {"error": error}


def find_problems(definition: Definition, resources: Resources) -> list[Problem]:
    """All problems, those of the playbook first, then in the order of the steps."""
    return [
        *(Problem("", text) for text in _whole(definition, resources)),
        *_of_steps(definition, resources),
    ]


def _whole(definition: Definition, resources: Resources) -> Iterator[str]:
    steps = list(definition.walk())
    if not steps:
        yield _("The playbook has no steps.")
    if len(steps) > MAX_STEPS:
        yield _("The playbook has %(n)s steps; the limit is %(most)s.") % {
            "n": len(steps),
            "most": MAX_STEPS,
        }
    for step in graph.repeated_ids(definition.steps):
        yield _("Two steps have the id “%(id)s”.") % {"id": step}
    loop = graph.find_loop(definition.graph)
    if loop:
        numbers = [definition.graph.numbers[step] for step in loop]
        yield _("The steps %(steps)s form a loop that never ends.") % {
            "steps": " → ".join([*numbers, numbers[0]])
        }
    of_groups = definition.subject == Subject.GROUP
    fitting = entries.OF_GROUPS if of_groups else entries.OF_MEMBERS
    if not isinstance(definition.entry, fitting):
        yield _("The playbook begins in a way that does not fit whom it is for.")
    if definition.again.mode == reentry.Mode.PER_KEY and not (
        isinstance(definition.entry, FactEntry) and definition.entry.key_field
    ):
        yield _("For one run per key, say which field of the event is the key.")
    if definition.conditions and definition.subject == Subject.GROUP:
        yield _("Conditions are about members, but the playbook is for groups.")
    for condition in definition.conditions:
        for text in resources.rule_problems(condition.rule):
            yield _("A condition %(problem)s") % {"problem": text}
    yield from _entry(definition, resources)


def _entry(definition: Definition, resources: Resources) -> Iterator[str]:
    entry = definition.entry
    if isinstance(entry, SegmentEntry) and entry.segment not in resources.segments:
        yield _("The segment “%(name)s” does not exist.") % {"name": entry.segment}
    if isinstance(entry, LayerEntry) and entry.layer not in resources.layers.get(
        entry.layering, ()
    ):
        yield _("The layer “%(name)s” does not exist.") % {"name": entry.layer}
    if (
        isinstance(entry, DateEntry)
        and entry.attribute not in resources.date_attributes
    ):
        yield _("There is no attribute “%(name)s” that is a date.") % {
            "name": entry.attribute
        }


def _of_steps(definition: Definition, resources: Resources) -> Iterator[Problem]:
    unreachable = set(graph.find_unreachable(definition.graph))
    sending = {step.id for step in definition.walk() if isinstance(step, Send)}
    resources = _with_steps(resources, frozenset(definition.graph.by_id), sending)
    for step in definition.walk():
        texts = list(step.problems(resources))
        if step.id in unreachable:
            texts.append(_("is never reached."))
        of_groups = definition.subject == Subject.GROUP
        if not (step.for_groups if of_groups else step.for_members):
            texts.append(_("is not possible in a playbook for these recipients."))
        number = definition.graph.numbers[step.id]
        for text in texts:
            sentence = _("Step %(number)s (%(label)s) %(problem)s") % {
                "number": number,
                "label": step.label,
                "problem": text,
            }
            yield Problem(step.id, sentence)


def _with_steps(
    resources: Resources, ids: Collection[str], sending: Collection[str]
) -> Resources:
    return dataclasses.replace(resources, step_ids=ids, sending_steps=sending)
