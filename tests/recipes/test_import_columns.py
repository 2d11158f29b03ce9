"""The recipe for an import column.

A field in the file of its target, the line of the writer that uses it, translations.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from docs import columns
from qunce.console.importing import labels as import_labels
from qunce.core import errors
from qunce.core.communities import Community
from qunce.importing import background_imports, pipeline, target_registry
from qunce.importing.columns import column_mapping
from qunce.importing.files import heading_rows
from qunce.importing.jobs import uploads
from qunce.importing.plan.options import VALID_ROWS
from qunce.importing.rows.parsing import ParsedChunk
from qunce.importing.target_registry import Field
from qunce.importing.targets.tags import TagTarget
from qunce.importing.targets.tags import writer as tag_rows
from tests import factories
from tests.clients import browser
from tests.factories import AT, LATER

ROOT = Path(__file__).parents[2]


IMPORT_FIELDS = [
    pytest.param(target, field, id=f"{target.key}-{field.name}")
    for target in target_registry.list_all()
    for field in target.fields
]


@pytest.mark.parametrize(("target", "field"), IMPORT_FIELDS)
def test_import_column_declares_its_label_type_and_headings(
    target: target_registry.Target, field: Field
) -> None:
    assert field.label
    assert field.type in columns.TYPES
    assert field.type in import_labels.TYPE_LABELS
    others = [other for other in target.fields if other is not field]
    known = {
        heading_rows.normalise(heading)
        for other in others
        for heading in (other.name, *other.headings.split())
    }
    for heading in (field.name, *field.headings.split()):
        assert heading_rows.normalise(heading) not in known


def test_labels_of_import_columns_are_in_the_files_of_targets_only() -> None:
    label = "Name of a new member"
    files = [
        path
        for path in (ROOT / "qunce").rglob("*.py")
        if f'"{label}"' in path.read_text()
    ]
    assert files == [ROOT / "qunce/importing/targets/orders/__init__.py"]


class NoteTooLong(errors.Invalid):
    """A note has at most 10 characters."""


def check_note(text: str) -> str:
    if len(text) > 10:
        raise NoteTooLong("Use at most 10 characters.")
    return text.lower()


@pytest.fixture
def written_notes(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Adds a column to the import of tags, as the recipe says, and nothing else."""
    written: list[str | None] = []

    class NotedTagWriter(tag_rows.TagRowWriter):
        def load(self, chunk: ParsedChunk) -> int:
            written.extend(chunk.get("note").to_pylist())
            return super().load(chunk)

    note = Field("note", "text", "Reason for the tag", "原因 why", check_note)
    monkeypatch.setattr(TagTarget, "fields", (*TagTarget.fields, note))
    monkeypatch.setattr(tag_rows, "TagRowWriter", NotedTagWriter)
    return written


def upload_file(shop: Community, text: str) -> uploads.Upload:
    path = uploads.new_upload_path(shop)
    path.write_text(text)
    by = factories.staff(shop)
    return uploads.accept(path=path, name="tags.csv", by=by, at=AT)


@pytest.mark.django_db
def test_new_import_column_is_offered_previewed_checked_and_written(
    settings: Settings, tmp_path: Path, written_notes: list[str | None]
) -> None:
    settings.HOME = tmp_path
    shop = factories.community(language="en")
    text = "member_key,tag,WHY\na1,tea,Asked\na2,tea,far too long a note\na3,tea,\n"
    upload = upload_file(shop, text)
    assert upload.options["target"] == "tags"
    page = (
        browser(upload.by).get(f"/members/import/files/{upload.pk}/").content.decode()
    )
    assert '<option value="note" selected>Reason for the tag</option>' in page
    assert '<td><bdi class="clamp">asked</bdi></td>' in page
    assert "Use at most 10 characters." in page
    uploads.change_options(upload=upload, by=upload.by, mode=VALID_ROWS)
    job = background_imports.start(upload=upload, by=upload.by, at=AT)
    background_imports.run(str(job.pk), at=LATER)
    assert written_notes == ["asked", None]
    job.refresh_from_db()
    assert (job.state, job.counts["tagged"]) == ("done", 2)
    problem = job.problems.get()
    assert (problem.row, problem.field) == (3, "WHY")
    assert problem.remedy == "Use at most 10 characters."


@pytest.mark.django_db
def test_file_without_the_new_import_column_is_imported(
    settings: Settings, tmp_path: Path, written_notes: list[str | None]
) -> None:
    settings.HOME = tmp_path
    shop = factories.community()
    upload = upload_file(shop, "member_key,tag,depth\na1,tea,1\n")
    plan = background_imports.plan_upload(upload, by=upload.by, at=AT)
    assert pipeline.run(plan).job.counts["tagged"] == 1
    assert written_notes == [None]


def test_new_import_column_is_in_the_reference(
    written_notes: list[str | None],
) -> None:
    assert "| `note` | 原因, why | text |" in columns.page()


def test_import_column_is_unknown_without_its_field() -> None:
    target = target_registry.get("tags")
    assert "| `note` |" not in columns.page()
    assert column_mapping.guess(target, ["tag", "why"]) == {"tag": "tag", "why": ""}
    assert target.field_label("note") == "note"
