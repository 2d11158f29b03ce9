"""Ready mappings for exports of well-known programs, recognised by their headings.

Each format is one module in the folder `formats`, which exposes it as `FORMAT`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.importing import target_registry

DETAIL = "detail"
"""In a format's mapping: stored with the order under its heading."""
ATTRIBUTE = "attribute"
"""In a format's mapping: an attribute of the member, named as the heading."""
SKIP = ""
DECORATION = re.compile(r"[*\s\ufeff]+|(?<=.)[(（].{0,80}?[)）]$")


@dataclass(frozen=True)
class FileFormat:
    """`label` follows "Read as". A file needs all headings of `recognised_by`.

    `fields` gives the field for a heading; headings that it lacks are guessed as in any
    file. Where two headings have one field, the first that the file has is used. A
    heading that ends in `*` stands for all that begin like it.
    """

    label: StrOrPromise
    target: str
    recognised_by: tuple[str, ...]
    fields: Mapping[str, str]

    def matches(self, plain: Collection[str]) -> bool:
        """Whether a file with these headings, already normalised, is in this format."""
        return all(normalise(heading) in plain for heading in self.recognised_by)

    def mapping(self, headings: Sequence[str]) -> dict[str, str]:
        """Return the fields of those headings of a file that the format knows."""
        known = {field.name for field in target_registry.get(self.target).fields}
        mapping: dict[str, str] = {}
        for pattern, field in self.fields.items():
            known_plain, is_start = normalise(pattern), pattern.endswith("*")
            for heading in headings:
                plain = normalise(heading)
                fits = (
                    plain.startswith(known_plain) if is_start else plain == known_plain
                )
                if heading in mapping or not fits:
                    continue
                name = _field_of(heading, field)
                is_plain = name in (SKIP, field) and name != SKIP
                if is_plain and (name not in known or name in mapping.values()):
                    # Another column has the field; this one is kept as it is called.
                    name = _field_of(heading, self.default)
                mapping[heading] = name
        return mapping

    @property
    def default(self) -> str:
        """What becomes of a column whose field another column has."""
        extras = target_registry.get(self.target).extras
        return {"details": DETAIL, "attributes": ATTRIBUTE}.get(extras, SKIP)


def normalise(heading: str) -> str:
    """Return a heading without case, spaces, and remarks in brackets at its end."""
    return DECORATION.sub("", heading.casefold())


def _field_of(heading: str, field: str) -> str:
    if field == DETAIL:
        return f"{target_registry.DETAIL_PREFIX}{heading}"
    if field == ATTRIBUTE:
        return f"{target_registry.ATTRIBUTE_PREFIX}{heading}"
    return field


def list_all() -> list[FileFormat]:
    folder = Path(__file__).parent / "formats"
    return [
        import_module(f"qunce.importing.formats.{module.name}").FORMAT
        for module in sorted(iter_modules([str(folder)]), key=lambda m: m.name)
    ]


def find(headings: Sequence[str], target: str = "") -> FileFormat | None:
    """Return the format that knows the file best, for any target or for this one."""
    plain = {normalise(heading) for heading in headings}
    matching = [
        each
        for each in list_all()
        if target in ("", each.target) and each.matches(plain)
    ]
    # The one that asks for most headings, as it is the most certain.
    return max(matching, key=lambda each: len(each.recognised_by), default=None)


def find_mapping(headings: Sequence[str], target: str) -> dict[str, str]:
    """Return the fields that are known of a recognised export; empty for other files."""
    file_format = find(headings, target)
    return file_format.mapping(headings) if file_format else {}


def list_notes(headings: Sequence[str], target: str) -> list[str]:
    """Return a sentence that names the recognised export."""
    file_format = find(headings, target)
    if file_format is None:
        return []
    return [_("Read as %(format)s.") % {"format": file_format.label}]
