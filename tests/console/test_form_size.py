"""Large forms are refused before they are written to the disk, whoever sends them."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client
from django.urls import resolve, reverse

from qunce.console import form_size

pytestmark = pytest.mark.django_db


def test_a_stranger_fills_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []

    def receive(_self: object, data: bytes, _start: int) -> None:
        written.append(len(data))

    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", receive)
    monkeypatch.setattr(form_size, "MAX_BYTES", 3_000_000)
    stranger = Client(enforce_csrf_checks=True)
    stranger.get(reverse("login:sign-in"))
    for size, status in ((2_700_000, 403), (3_000_000, 413)):
        written.clear()
        given = {"file": SimpleUploadedFile("x.bin", b"x" * size)}
        response = stranger.post(
            reverse("login:sign-in"), given, headers={"X-CSRFToken": "x"}
        )
        assert response.status_code == status
        assert sum(written) == (size if status == 403 else 0)
    assert "larger than 3 MB" in response.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        reverse("materials:create"),
        reverse("materials:update", args=[1]),
        reverse("importing:create"),
        "/api/v1/materials/files",
        "/api/v1/imports/files",
    ],
)
def test_views_that_take_large_files_read_them_themselves(path: str) -> None:
    assert getattr(resolve(path).func, "csrf_exempt", False)
