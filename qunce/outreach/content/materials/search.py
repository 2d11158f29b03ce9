"""Finds materials: by words in any of their texts, by pinyin of names, and by filters.

A library has some thousands of materials at most, so that the texts are compared here.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from qunce.core.staff.models import Staff
from qunce.members.search import pinyin
from qunce.outreach.content.materials import checks, library
from qunce.outreach.content.materials.models import Material

SOON = timedelta(days=30)
LICENCES = ("valid", "ending", "expired")


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Empty fields do not filter. `licence` is one of LICENCES, `state` may be archived."""

    query: str = ""
    kind: str = ""
    content_type: str = ""
    folder: str = ""
    tag: str = ""
    licence: str = ""
    state: str = ""


@functools.lru_cache(maxsize=20_000)
def _spellings(name: str) -> str:
    return pinyin.spellings(pinyin.normalise(name))


def find(by: Staff, filters: Filters, *, at: datetime) -> list[Material]:
    """The materials that fit, the newest first."""
    rows = library.list_visible(by)
    rows = rows.filter(archived_at__isnull=filters.state != "archived")
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.content_type:
        rows = rows.filter(content_type=filters.content_type)
    if filters.folder:
        rows = rows.filter(folder=filters.folder)
    return [
        material
        for material in rows
        if (not filters.tag or filters.tag in material.tags)
        and (not filters.licence or filters.licence == licence_state(material, at))
        and matches(material, filters.query)
    ]


def licence_state(material: Material, at: datetime) -> str:
    """One of LICENCES; `ending` is within SOON."""
    if checks.is_licence_expired(material, at):
        return "expired"
    return "ending" if checks.is_licence_expired(material, at + SOON) else "valid"


def matches(material: Material, query: str) -> bool:
    """Whether each word is in a text of the material, or spells its name or a tag."""
    if not query.strip():
        return True
    version = material.version
    names = (version.title, material.folder, *material.tags)
    texts = (version.text, version.notes, version.points, version.url, version.app_path)
    others = (*(file.name for file in version.files), material.origin, material.licence)
    return matches_texts(query, names=names, texts=(*texts, *others))


def matches_texts(query: str, *, names: Iterable[str], texts: Iterable[str]) -> bool:
    """Whether each word of the query is in a name or text, or spells a name in pinyin."""
    words, names = pinyin.normalise(query).split(), list(names)
    everything = pinyin.normalise("\n".join((*names, *texts)))
    sounds = "".join(_spellings(name) for name in names)
    return all(_is_in(word, everything, sounds) for word in words)


def _is_in(word: str, everything: str, sounds: str) -> bool:
    typed = pinyin.parse_query(word)
    return word in everything or bool(typed and pinyin.SEPARATOR + typed in sounds)


def list_folders(materials: Iterable[Material]) -> list[str]:
    return sorted({material.folder for material in materials if material.folder})


def list_tags(materials: Iterable[Material]) -> list[str]:
    return sorted({tag for material in materials for tag in material.tags})
