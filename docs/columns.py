"""The page of importable columns, from the targets that the rooms registered."""

from __future__ import annotations

from docs import markdown
from qunce.importing import column_mapping, registry

KINDS = {
    "key": "what the source calls it; `17850.0` is 17850",
    "text": "a text; `;` separates several tags or groups",
    "instant": "date and time, the community's clock where no offset is given",
    "date": "a calendar date",
    "amount": "a number, thousands separators allowed",
    "object": "a JSON object",
    "json": "any JSON",
}
EXTRAS = {
    "attributes": "Every further column becomes an attribute, its type is found.",
    "details": "Every further column is kept with the order under its heading.",
    "": "Further columns are left out.",
}


def page() -> str:
    parts = [
        "Canonical names need no mapping; the other headings of the second column are"
        " guessed, whatever their case, width, blanks and punctuation. `--map"
        " HEADING=field` says it, `--map HEADING=` leaves a column out.",
        markdown.table(("read as", ""), KINDS.items()),
    ]
    for key in registry.list_keys():
        parts += _target(registry.get(key))
    parts += ["## Headings that become attributes of a member", _attributes()]
    return "\n\n".join(parts)


def _target(target: registry.Target) -> list[str]:
    rows = [
        (markdown.code(field.name), ", ".join(field.headings.split()), field.type)
        for field in target.fields
    ]
    needed = [" or ".join(map(markdown.code, group)) for group in target.required]
    return [
        f"## {target.key}",
        f"Needed: {', '.join(needed)}. {EXTRAS[target.extras]}",
        markdown.table(("field", "also written", "read as"), rows),
    ]


def _attributes() -> str:
    rows = [
        (markdown.code(name), ", ".join(words.split()))
        for name, words in column_mapping.KNOWN_ATTRIBUTES.items()
    ]
    return markdown.table(("attribute", "written"), rows)
