"""What each column of a file means, and the first rows as they would be taken."""

from __future__ import annotations

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
from qunce.importing.parsing import Problem
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
    chosen = uploads.chosen_of(upload, jobs_runner.DEFAULTS)
    context = {
        "upload": upload,
        "error": error,
        "chosen": chosen,
        "look": look(upload, request),
        "lines": max(upload.found["lines"] - (upload.found["format"] == "csv"), 0),
        "sample": uploads.SAMPLE_ROWS,
        "targets": [(key, *labels.TARGETS[key]) for key in labels.TARGETS],
        "encodings": ENCODINGS,
        "further": max(len(upload.found["headings"]) - MOST_COLUMNS, 0),
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
    given = request.POST
    target = given.get("target", upload.chosen["target"])
    new: dict[str, Any] = {"target": registry.get(target).key}
    if new["target"] != upload.chosen["target"]:
        new["given"] = {}
    else:
        new["given"] = _given(request, upload)
    for name, allowed in (("mode", (jobs.ALL, jobs.GOOD)), ("dates", DATES)):
        if given.get(name) in allowed:
            new[name] = given[name]
    for name, longest in (("currency", 10), ("source", 120)):
        if name in given:
            new[name] = _plain(given[name])[:longest] or jobs_runner.DEFAULTS[name]
    uploads.choose(upload=upload, by=request.staff, **new)


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable()).strip()


def _given(request: http.Request, upload: Upload) -> dict[str, str]:
    """Only what differs from before is a choice: the rest may be guessed around it."""
    before = uploads.chosen_of(upload, jobs_runner.DEFAULTS)["given"]
    names = upload.found["headings"]
    shown = column_mapping.complete(registry.get(upload.chosen["target"]), names, before)
    given = dict(before)
    for place, heading in enumerate(names[:MOST_COLUMNS]):
        field = request.POST.get(f"c{place}")
        if field is not None and field != shown[heading]:
            given[heading] = field
    column_mapping.complete(registry.get(upload.chosen["target"]), names, given)
    return given


# What is seen


def look(upload: Upload, request: http.Request) -> Look:
    chosen = uploads.chosen_of(upload, jobs_runner.DEFAULTS)
    target = registry.get(chosen["target"])
    mapping = column_mapping.complete(target, upload.found["headings"], chosen["given"])
    wrong = _wrong(target, mapping)
    called = labels.labels(upload.community, mapping)
    if wrong:
        columns = _columns(upload, target, mapping, {}, called)
        return Look(columns, wrong, [], [], [], [])
    planned = jobs_runner.plan_sample(upload, by=request.staff, at=request.at)
    preview = pipeline.preview(planned, SHOWN_ROWS)
    kinds = _kinds(planned)
    named = [name for name in mapping.values() if name]
    return Look(
        _columns(upload, target, mapping, kinds, called),
        [],
        planned.notes,
        [(name, labels.field(target.key, name, called)) for name in named],
        [
            [labels.shown(row.get(name), kinds.get(name, "")) for name in named]
            for row in preview.rows
        ],
        preview.problems,
    )


def _kinds(planned: pipeline.Plan) -> dict[str, str]:
    """Field → how its texts are read."""
    found = {name: traits.kind for name, traits in planned.reading.traits.items()}
    return found | {field.name: field.kind for field in planned.reading.target.fields}


def _wrong(target: registry.Target, mapping: dict[str, str]) -> list[str]:
    found = [
        _("“%(one)s” and “%(other)s” cannot both be mapped to: %(name)s.")
        % {"one": one, "other": other, "name": labels.field(target.key, name)}
        for name, (one, other) in column_mapping.duplicates(mapping).items()
    ]
    for group in column_mapping.missing_required(target, mapping):
        names = _(" or ").join(labels.field(target.key, name) for name in group)
        found.append(_("Choose a column for: %(names)s.") % {"names": names})
    return found


def _columns(
    upload: Upload,
    target: registry.Target,
    mapping: dict[str, str],
    kinds: dict[str, str],
    called: dict[str, str],
) -> list[Column]:
    piece = uploads.get_sample(upload).piece
    shown = itertools.islice(mapping.items(), MOST_COLUMNS)
    return [
        Column(
            place,
            heading,
            _samples(piece.columns[place]) if piece else [],
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
    options += [(one.name, labels.field(target.key, one.name)) for one in target.fields]
    known = {name for name, _said in options}
    for extra in dict.fromkeys([column_mapping.default_field(target, heading), field]):
        if extra and extra not in known:
            name = labels.field(target.key, extra, {extra: heading} | called)
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
    if sheet not in upload.found["sheets"]:
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
