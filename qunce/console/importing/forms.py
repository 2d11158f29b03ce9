"""The form of a file: what its columns mean, the answers to its questions, the options."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from qunce.core.staff.models import Staff
from qunce.importing import target_registry
from qunce.importing.columns import column_mapping
from qunce.importing.files import encodings
from qunce.importing.jobs import uploads
from qunce.importing.jobs.uploads import Upload
from qunce.importing.plan.options import (
    ADD,
    ALL_ROWS,
    REPLACE,
    VALID_ROWS,
    ImportOptions,
)

MAX_COLUMNS = 200
"""Columns that are shown; further ones are imported as detected."""
ENCODINGS = ("", *encodings.CODECS)
ANSWER, SHOWN = "answer:", "shown:"
"""Prefixes of a question's key: the answer, and the one that the page showed."""
TIMES_SHOWN = "times-shown"
TIME_OPTIONS = ("allow_old_times", "allow_future_times")
DEFAULT_SOURCE = ImportOptions.source
MAX_TEXT_LENGTHS = {"currency": 10, "source": 120}


def store_options(data: QueryDict, upload: Upload, *, by: Staff) -> None:
    """Store the form's options; invalid ones leave the stored values unchanged."""
    options = uploads.options_of(upload)
    target = target_registry.get(data.get("target", options.target)).key
    changes: dict[str, Any] = {"target": target, "mapping": {}}
    if target == options.target:
        changes["mapping"] = _posted_mapping(data, upload, options)
        answers = dict(options.answers)
        # What the file itself suggests is no answer, so that it may suggest something
        # else once other columns are chosen.
        for name in data:
            key = name.removeprefix(ANSWER)
            if key != name and data[name] != data.get(f"{SHOWN}{key}", ""):
                answers[key] = str(data[name]).strip()
        changes["answers"] = {key: text for key, text in answers.items() if text}
    for name, allowed in (
        ("mode", (ALL_ROWS, VALID_ROWS)),
        ("identifiers", (ADD, REPLACE)),
    ):
        if data.get(name) in allowed:
            changes[name] = data[name]
    # An unchecked box is not posted.
    if TIMES_SHOWN in data:
        changes |= {name: name in data for name in TIME_OPTIONS}
    for name, max_length in MAX_TEXT_LENGTHS.items():
        if name in data:
            text = "".join(c for c in str(data[name]) if c.isprintable()).strip()
            changes[name] = text[:max_length]
    if not changes.get("source", options.source):
        changes["source"] = DEFAULT_SOURCE
    uploads.change_options(upload=upload, by=by, **changes)


def _posted_mapping(
    data: QueryDict, upload: Upload, options: ImportOptions
) -> dict[str, str]:
    """Return the mapping with the columns that the form has changed.

    Columns left as detected stay unmapped, so that later detection applies to them.
    """
    target = target_registry.get(options.target)
    headings = upload.inspection["headings"]
    shown = column_mapping.complete(target, headings, options.mapping)
    chosen = dict(options.mapping)
    for index, heading in enumerate(headings[:MAX_COLUMNS]):
        field = data.get(f"c{index}")
        if field is not None and field != shown[heading]:
            chosen[heading] = field
    # Raises if a chosen field does not exist.
    column_mapping.complete(target, headings, chosen)
    return chosen
