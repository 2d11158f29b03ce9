"""Collects every sentence a reader may see and compiles the translations of them.

    python tools/messages.py            update qunce/locale/*.po, compile *.mo
    python tools/messages.py --missing  also list what has no translation yet

Done by Babel, so nobody needs GNU gettext.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import catalog, extract, mofile, pofile
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).parents[1]
if not settings.configured:  # templates are read without the project's settings
    settings.configure()
ROOTS = ("qunce", "docs")
LANGUAGES = ("zh_Hans",)
KEYWORDS = {
    "_": None,
    "N_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[^a-z]*[a-z]|\{\w*\}")
TEXT = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALLS = re.compile(rf"\b(?:_|n?p?gettext)\(\s*{TEXT}(?:\s*,\s*(?:{TEXT}|\w+))*\s*\)")
NOISE = re.compile(
    r'# |#\n|"(POT-|PO-|Last-|Language-Team|Generated-|Project-|Report-)'
)
NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)
Found = tuple[str, str | tuple[str, ...], str | None]
"""Where, the message (a pair with its plural), and its context."""


def po_path(language: str) -> Path:
    return ROOT / "qunce" / "locale" / language / "LC_MESSAGES" / "django.po"


def found() -> Iterator[Found]:
    for folder in ROOTS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                where = path.relative_to(ROOT).as_posix()
                yield from _in_module(path, where)
    yield from _in_templates()


def _in_templates() -> Iterator[Found]:
    """Django turns a template into text whose calls of gettext can be read."""
    for path in sorted((ROOT / "qunce").rglob("templates/**/*.html")):
        where = path.relative_to(ROOT).as_posix()
        text = templatize(path.read_text(encoding="utf-8"), origin=where)
        for call in CALLS.findall(text):
            source = io.BytesIO(call.encode())
            for _line, message, _notes, context in extract.extract(
                "python", source, keywords=KEYWORDS, options={"encoding": "utf-8"}
            ):
                yield where, message, context


def _in_module(path: Path, where: str) -> Iterator[Found]:
    with path.open("rb") as file:
        for _line, message, _notes, context in extract.extract(
            "python", file, keywords=KEYWORDS, options={"encoding": "utf-8"}
        ):
            yield where, message, context


def template() -> catalog.Catalog:
    whole = catalog.Catalog(charset="utf-8", fuzzy=False)
    for where, message, context in found():
        whole.add(message, None, [(where, 0)], context=context)
    return whole


def read(language: str) -> catalog.Catalog:
    path = po_path(language)
    if not path.exists():
        return catalog.Catalog(locale=language, fuzzy=False)
    with path.open("rb") as file:
        return pofile.read_po(file, locale=language)


def updated(language: str) -> catalog.Catalog:
    """What is translated, for what there is now; the rest is dropped."""
    old, new = read(language), catalog.Catalog(locale=language, fuzzy=False)
    for message in template():
        if message.id:
            known = old.get(message.id, message.context)
            # A text that has got a plural needs another translation.
            is_same = known and type(known.id) is type(message.id)
            text = known.string if known and is_same and not known.fuzzy else None
            new.add(
                message.id,
                text,
                sorted(set(message.locations)),
                context=message.context,
            )
    return new


def po(of: catalog.Catalog) -> bytes:
    """Without dates and line numbers, so only what is said makes a difference."""
    out = io.BytesIO()
    pofile.write_po(out, of, width=88, sort_output=True, include_lineno=False)
    kept = (
        line
        for line in out.getvalue().decode().splitlines(keepends=True)
        if not NOISE.match(line)
    )
    return "".join(kept).encode()


def mo(of: catalog.Catalog) -> bytes:
    of.creation_date = of.revision_date = NO_DATE
    out = io.BytesIO()
    mofile.write_mo(out, of)
    return out.getvalue()


def missing(of: catalog.Catalog) -> list[str]:
    """Messages without a translation, or whose placeholders it changes."""
    wrong = []
    for message in of:
        sources = _texts(message.id)
        texts = _texts(message.string)
        wanted = {frozenset(PLACEHOLDER.findall(text)) for text in sources}
        had = {frozenset(PLACEHOLDER.findall(text)) for text in texts}
        if message.id and not (all(texts) and texts and had <= wanted):
            wrong.append(sources[0])
    return wrong


def _texts(some: object) -> list[str]:
    if isinstance(some, list | tuple):
        return [str(text) for text in some]
    return [str(some or "")]


def main(words: list[str]) -> None:
    for language in LANGUAGES:
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = updated(language)
        path.write_bytes(po(new))
        # Compiled from what was written, as the test does it.
        path.with_suffix(".mo").write_bytes(mo(read(language)))
        left = missing(new)
        print(f"{language}: {len(new)} messages, {len(left)} to be translated")
        if "--missing" in words:
            print("\n".join(left))


if __name__ == "__main__":
    main(sys.argv[1:])
