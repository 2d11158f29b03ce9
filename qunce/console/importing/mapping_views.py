"""What each column of a file means, and the first rows as they would be taken."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import http
from qunce.console.importing import labels
from qunce.core import errors
from qunce.importing import (
    column_mapping,
    jobs,
    jobs_runner,
    pipeline,
    registry,
    uploads,
)
from qunce.importing.options import ALL_ROWS, VALID_ROWS, ImportOptions
from qunce.importing.parsing import Problem
from qunce.importing.plan import ImportPlan
from qunce.importing.uploads import Upload

MOST_COLUMNS = 200
"""Columns that are shown; further ones are taken as guessed."""
SHOWN_ROWS, SHOWN_PROBLEMS, SAMPLES = 20, 50, 3
DATES = ("", "dmy", "mdy")
ENCODINGS = ("", "utf-8", "gb18030", "utf-16")


@dataclass(frozen=True)
class Column:
    """A column of the file: its first values, what it is taken as, and what else it
    can be."""

    place: int
    heading: str
    values: list[str]
    field: str
    options: list[tuple[str, str]]
    kind: str

    @property
    def name(self) -> str:
        return f"c{self.place}"


@dataclass(frozen=True)
class Look:
    """`wrong` says what is not chosen well yet; then there is no preview."""

    columns: list[Column]
    wrong: list[str]
    notes: list[str]
    shown: list[tuple[str, str]]
    """Field and its words, of the preview's columns."""
    rows: list[list[Any]]
    problems: list[Problem]

    @property
    def broken(self) -> int:
        return len({one.row for one in self.problems})


@require_http_methods(["GET", "POST"])
@http.page(jobs.IMPORT)
def page(request: http.Request, pk: int) -> HttpResponse:
    upload = _upload(request, pk)
    error = ""
    if request.method == "POST":
        try:
            _choose(request, upload)
        except errors.Invalid as wrong:
            error = str(wrong)
        else:
            if not request.htmx:
                return http.back(request, _url(upload))
    return _page(request, upload, error)


def _page(request: http.Request, upload: Upload, error: str = "") -> HttpResponse:
    context = {
        "upload": upload,
        "error": error,
        "options": uploads.options_of(upload),
        "look": look(upload, request),
        "lines": max(
            upload.inspection["lines"] - (upload.inspection["format"] == "csv"), 0
        ),
        "sample": uploads.SAMPLE_ROWS,
        "targets": registry.list_all(),
        "encodings": ENCODINGS,
        "further": max(len(upload.inspection["headings"]) - MOST_COLUMNS, 0),
    }
    status = 422 if error else 200
    part = "console/importing/_look.html"
    return http.render(
        request, "console/importing/file.html", context, part=part, status=status
    )


def _upload(request: http.Request, pk: int) -> Upload:
    jobs.check_may_import(request.staff)
    upload = uploads.get(request.community, pk)
    uploads.check_exists(upload)
    return upload


def _url(upload: Upload) -> str:
    return reverse("importing:file-detail", args=[upload.pk])


# What was chosen


def _choose(request: http.Request, upload: Upload) -> None:
    """Store the options of the form; invalid ones are left as they were."""
    form, options = request.POST, uploads.options_of(upload)
    target = registry.get(form.get("target", options.target)).key
    changes: dict[str, Any] = {"target": target, "mapping": {}}
    if target == options.target:
        changes["mapping"] = _mapping(request, upload, options)
    for name, allowed in (("mode", (ALL_ROWS, VALID_ROWS)), ("dates", DATES)):
        if form.get(name) in allowed:
            changes[name] = form[name]
    for name, max_length, default in (("currency", 10, ""), ("source", 120, "import")):
        if name in form:
            changes[name] = _plain(form[name])[:max_length] or default
    options = dataclasses.replace(options, **changes)
    uploads.set_options(upload=upload, options=options, by=request.staff)


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable()).strip()


def _mapping(
    request: http.Request, upload: Upload, options: ImportOptions
) -> dict[str, str]:
    """Return the chosen mapping: only columns that the form has changed are chosen."""
    target, headings = registry.get(options.target), upload.inspection["headings"]
    shown = column_mapping.complete(target, headings, options.mapping)
    chosen = dict(options.mapping)
    for index, heading in enumerate(headings[:MOST_COLUMNS]):
        field = request.POST.get(f"c{index}")
        if field is not None and field != shown[heading]:
            chosen[heading] = field
    column_mapping.complete(target, headings, chosen)
    return chosen


# What is seen


def look(upload: Upload, request: http.Request) -> Look:
    options = uploads.options_of(upload)
    target = registry.get(options.target)
    mapping = column_mapping.complete(
        target, upload.inspection["headings"], options.mapping
    )
    wrong = _wrong(target, mapping)
    called = labels.labels(upload.community, mapping)
    if wrong:
        columns = _columns(upload, target, mapping, {}, called)
        return Look(columns, wrong, [], [], [], [])
    plan = jobs_runner.plan_sample(upload, by=request.staff, at=request.at)
    preview = pipeline.preview(plan, SHOWN_ROWS)
    kinds = _kinds(plan)
    named = [name for name in mapping.values() if name]
    return Look(
        _columns(upload, target, mapping, kinds, called),
        [],
        plan.notes,
        [(name, labels.field(target, name, called)) for name in named],
        [
            [labels.shown(row.get(name), kinds.get(name, "")) for name in named]
            for row in preview.rows
        ],
        preview.problems,
    )


def _kinds(plan: ImportPlan) -> dict[str, str]:
    """Field → how its texts are read."""
    found = {name: traits.type for name, traits in plan.traits.items()}
    return found | {field.name: field.type for field in plan.target.fields}


def _wrong(target: registry.Target, mapping: dict[str, str]) -> list[str]:
    found = [
        _("“%(one)s” and “%(other)s” cannot both be mapped to: %(name)s.")
        % {"one": one, "other": other, "name": target.field_label(name)}
        for name, (one, other) in column_mapping.duplicates(mapping).items()
    ]
    for group in column_mapping.missing_required(target, mapping):
        names = _(" or ").join(map(target.field_label, group))
        found.append(_("Choose a column for: %(names)s.") % {"names": names})
    return found


def _columns(
    upload: Upload,
    target: registry.Target,
    mapping: dict[str, str],
    kinds: dict[str, str],
    called: dict[str, str],
) -> list[Column]:
    sample = uploads.get_sample(upload).sample
    shown = itertools.islice(mapping.items(), MOST_COLUMNS)
    return [
        Column(
            place,
            heading,
            _samples(sample.columns[place]) if sample else [],
            field,
            _options(target, heading, field, called),
            str(labels.KINDS.get(kinds.get(field, ""), "")),
        )
        for place, (heading, field) in enumerate(shown)
    ]


def _samples(column: Any) -> list[str]:
    """The first different values."""
    values = (value.as_py() for value in column[:200] if value.is_valid)
    found: Sequence[str] = list(dict.fromkeys(value[:60] for value in values))
    return list(found[:SAMPLES])


def _options(
    target: registry.Target, heading: str, field: str, called: dict[str, str]
) -> list[tuple[str, str]]:
    options = [("", _("skip this column"))]
    options += [(one.name, str(one.label)) for one in target.fields]
    known = {name for name, _said in options}
    for extra in dict.fromkeys([column_mapping.default_field(target, heading), field]):
        if extra and extra not in known:
            name = labels.field(target, extra, {extra: heading} | called)
            if target.extras == "attributes":
                said = _("attribute: %(name)s") % {"name": name}
            else:
                said = _("save with the order: %(name)s") % {"name": name}
            options.append((extra, said))
    return options


# Going on


@require_POST
@http.page(jobs.IMPORT)
def table(request: http.Request, pk: int) -> HttpResponse:
    """Another sheet or encoding."""
    upload = _upload(request, pk)
    sheet, encoding = request.POST.get("sheet", ""), request.POST.get("encoding", "")
    if sheet not in upload.inspection["sheets"]:
        sheet = ""
    try:
        uploads.select_sheet(
            upload=upload, by=request.staff, sheet=sheet, encoding=encoding
        )
    except errors.Invalid as wrong:
        return _page(request, uploads.get(request.community, pk), str(wrong))
    return http.back(request, _url(upload))


@require_POST
@http.page(jobs.IMPORT)
def start(request: http.Request, pk: int) -> HttpResponse:
    upload = _upload(request, pk)
    try:
        _choose(request, upload)
        job = jobs_runner.start(upload=upload, by=request.staff, at=request.at)
    except (errors.Invalid, errors.Refused) as wrong:
        return _page(request, upload, str(wrong))
    return http.back(request, reverse("importing:job-detail", args=[job.pk]))


@require_POST
@http.page(jobs.IMPORT)
def discard(request: http.Request, pk: int) -> HttpResponse:
    upload = uploads.get(request.community, pk)
    uploads.discard(upload=upload, by=request.staff, at=request.at)
    http.say(request, _("The file “%(name)s” was deleted.") % {"name": upload.name})
    return http.back(request, reverse("importing:list"))
