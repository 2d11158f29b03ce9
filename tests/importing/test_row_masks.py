"""Staff who may import, but not see phone numbers, read none in what files say."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse
from pytest_django import Settings

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff import roles
from qunce.core.staff.models import Staff
from qunce.importing.jobs.uploads import Upload
from qunce.members.accounts import masking
from tests import factories
from tests.cli.runner import in_this_process
from tests.clients import ApiClient, browser, create_token
from tests.console.importing.steps import create_upload, run_jobs, start_import
from tests.factories import AT

pytestmark = pytest.mark.django_db
FILE = """key,name,phone,邮箱,微信号,note,joined_at
a,Ann,13812345678x,ann@secret.example,wx_secret,call 138 1234 0009,2026-01-02
b,Bob,13812340002,bob@secret.example,wx_secret,"ask bob@secret.example, (138) 1234-0008",soon
13812340003,Cy,,cy@secret.example,wx_secret,fine,2026-01-03
13812340004,Di,,"a, di@secret.example",wx_secret,fine,yesterday
"""
SECRETS = (
    "13812345678",
    "13812340002",
    "13812340003",
    "13812340004",
    "138 1234 0009",
    "1234-0008",
    "ann@secret",
    "bob@secret",
    "cy@secret",
    "di@secret",
    "wx_secret",
)


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.HOME = tmp_path
    return tmp_path


@pytest.fixture
def importer(shop: Community, by: Staff) -> Staff:
    """May do what managers may, but not read identifiers."""
    chosen = permissions.permissions_of(factories.staff(shop, "manager", login="mo"))
    role = roles.create(
        name="importer",
        base="manager",
        chosen=chosen - {masking.VIEW_IDENTIFIERS},
        by=by,
        at=AT,
    )
    importer = factories.staff(shop, "manager", login="im")
    importer.custom_role = role
    importer.save()
    return importer


def texts_about(by: Staff, upload: Upload, job: int) -> dict[str, str]:
    """What the pages and the API give about a file and its import."""
    client, texts = browser(by), {}
    for name, pk in (("file-detail", upload.pk), ("job-detail", job)):
        url = reverse(f"importing:{name}", args=[pk])
        texts[name] = client.get(url).content.decode()
    answer = client.get(reverse("importing:job-problems", args=[job]))
    texts["CSV"] = answer.getvalue().decode()
    api = ApiClient(create_token(by))
    texts["API problems"] = str(api.get(f"/imports/{job}/problems").body)
    texts["API file"] = str(api.get(f"/imports/files/{upload.pk}").body)
    texts["API CSV"] = str(api.get(f"/imports/{job}/problems.csv").body)
    return texts


def found_in(text: str) -> set[str]:
    return {secret for secret in SECRETS if secret in text}


def test_broken_rows_previews_and_reports_are_masked(
    shop: Community, by: Staff, importer: Staff
) -> None:
    client = browser(by)
    upload = create_upload(client, FILE)
    job = start_import(client, upload)
    run_jobs()
    for name, text in texts_about(by, upload, job.pk).items():
        assert found_in(text), name
    for name, text in texts_about(importer, upload, job.pk).items():
        assert found_in(text) == set(), name
        assert "****" in text, name


def test_command_line_masks_what_it_prints(
    shop: Community,
    by: Staff,
    importer: Staff,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "members.csv"
    path.write_text(FILE, encoding="utf-8")
    qunce = in_this_process(capsys, "--at", "2026-03-05T12:00:00Z", "--lang", "en")
    words = ("import", str(path), "--as", "members", "--yes", "--good-rows-only")
    for more in (("--dry-run",), ()):
        masked = qunce(*words, *more, "--source", "one", "--login", importer.login)
        assert found_in(masked.output + masked.errors) == set()
        assert "****" in masked.output + masked.errors
        assert "-broken.csv" not in masked.output + masked.errors
        full = qunce(*words, *more, "--source", "two", "--login", by.login)
        assert found_in(full.output + full.errors)
