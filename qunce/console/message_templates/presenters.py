"""Message templates in lists and in the menu of the campaign form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qunce.core.staff.models import Staff
from qunce.members.search import pinyin
from qunce.outreach.content import message_templates, templates
from qunce.outreach.content.message_templates import (
    MessageTemplate,
    Purpose,
    TemplateVersion,
)

MAX_IN_MENU = 60


@dataclass(frozen=True)
class Row:
    """`plain` is the text if it has no variables, which can be copied as it is."""

    template: MessageTemplate
    versions: list[TemplateVersion]
    plain: str

    @property
    def first(self) -> TemplateVersion:
        return self.versions[0]


@dataclass(frozen=True)
class Section:
    """The templates of one purpose."""

    purpose: Purpose
    rows: list[Row]


def sections(found: Iterable[MessageTemplate]) -> list[Section]:
    by_purpose: dict[str, list[Row]] = {}
    for template in found:
        by_purpose.setdefault(template.purpose, []).append(row_of(template))
    return [
        Section(purpose, by_purpose[purpose])
        for purpose in Purpose
        if purpose in by_purpose
    ]


def row_of(template: MessageTemplate) -> Row:
    versions = list(template.texts.values())
    pieces = templates.parse(versions[0].text)
    has_variables = bool(templates.variable_names(pieces))
    plain = "" if has_variables else templates.render(pieces, {})
    return Row(template, versions, plain)


def menu(by: Staff) -> list[Section]:
    """The templates that the form of a campaign offers."""
    return sections(message_templates.list_visible(by)[:MAX_IN_MENU])


def matches(template: MessageTemplate, query: str) -> bool:
    """Whether each word is in the name or a text, or spells the name in pinyin."""
    words = pinyin.normalise(query).split()
    texts = [version.text for version in template.texts.values()]
    everything = pinyin.normalise("\n".join([template.name, template.notes, *texts]))
    sounds = pinyin.spellings(pinyin.normalise(template.name))
    return all(
        word in everything
        or bool(
            (typed := pinyin.parse_query(word)) and pinyin.SEPARATOR + typed in sounds
        )
        for word in words
    )
