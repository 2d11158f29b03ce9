"""The steps of an import in the console, as its pages take them."""

from __future__ import annotations

import re
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from qunce import schedule
from qunce.core.jobs import scheduler
from qunce.importing.jobs import jobs
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.jobs.uploads import Upload
from tests.factories import LATER

GOOD = "key,name,level\na,Ann,gold\nb,Bob,silver\n"
BAD = "key,name,joined_at\na,Ann,2026-01-02\nb,Bob,yesterday\n"


def upload_file(client: Client, text: str | bytes, name: str = "members.csv") -> Any:
    body = text.encode() if isinstance(text, str) else text
    file = SimpleUploadedFile(name, body)
    return client.post(reverse("importing:create"), {"file": file})


def create_upload(
    client: Client, text: str | bytes, name: str = "members.csv"
) -> Upload:
    answer = upload_file(client, text, name)
    assert answer.status_code == 303, answer.content.decode()
    return Upload.objects.order_by("-pk")[0]


def page(client: Client, view: str, *args: int, **headers: Any) -> str:
    answer = client.get(reverse(f"importing:{view}", args=args), **headers)
    assert answer.status_code == 200
    return str(answer.content.decode())


def post(client: Client, view: str, pk: int, /, status: int = 303, **data: Any) -> str:
    answer = client.post(reverse(f"importing:{view}", args=[pk]), data)
    assert answer.status_code == status, answer.content.decode()
    return str(answer.content.decode())


def report_of(page: str) -> dict[str, str]:
    """Labels and numbers of the report."""
    found = re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page)
    return dict(found)


def start_import(client: Client, upload: Upload, **data: Any) -> ImportJob:
    post(client, "file-import", upload.pk, **data)
    return ImportJob.objects.order_by("-pk")[0]


def run_jobs() -> None:
    schedule_of_imports = {jobs.JOB: schedule.SCHEDULE[jobs.JOB]}
    while scheduler.run_due(
        schedule_of_imports,
        clock=lambda: max(LATER, ImportJob.objects.latest("pk").started_at),
    ):
        pass


def link_of(page: str, label: str) -> str:
    (url,) = re.findall(rf'href="([^"]*)">{label}</a>', page)
    return str(url)
