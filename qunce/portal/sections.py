"""Registered sections of pages: what each domain adds to “home” and to “me”."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django_stubs_ext import StrOrPromise

from qunce.portal.visitors.visitors import Visitor

Load = Callable[[Visitor, datetime], dict[str, Any] | None]


@dataclass(frozen=True)
class Section:
    """A part of a page: `template` is rendered with what `load` returns, None hides it.

    Sections of “home” are loaded for everybody, those of “me” for visitors on rung 3 or
    4 only, unless `is_for_links` says that a personal link is enough; `load` then shows no
    more than what its purpose allows.
    """

    key: str
    label: StrOrPromise
    template: str
    load: Load
    order: int = 50
    is_for_links: bool = False


@dataclass(frozen=True)
class LoadedSection:
    key: str
    label: StrOrPromise
    template: str
    content: dict[str, Any]


@dataclass
class Registry:
    """The sections of one page, by their order and key."""

    by_key: dict[str, Section] = field(default_factory=dict)

    def register(self, section: Section) -> Section:
        self.by_key[section.key] = section
        return section

    def list_all(self) -> list[Section]:
        return sorted(self.by_key.values(), key=lambda each: (each.order, each.key))

    def load(
        self, visitor: Visitor, at: datetime, *, public: bool
    ) -> list[LoadedSection]:
        """The sections that a visitor sees; `public` pages are loaded for everybody."""
        return list(self._load(visitor, at, public=public))

    def _load(
        self, visitor: Visitor, at: datetime, *, public: bool
    ) -> Iterator[LoadedSection]:
        for section in self.list_all():
            is_enough = visitor.signed_in is not None or section.is_for_links
            if not public and not (visitor.is_known and is_enough):
                continue
            content = section.load(visitor, at)
            if content is not None:
                yield LoadedSection(
                    section.key, section.label, section.template, content
                )
