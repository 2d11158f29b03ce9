"""An upload handler that writes a file directly to its final place.

Django's own handlers write to a temporary folder first, which may be on another disk,
and have no size limit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from qunce.core import disk_space
from qunce.core.communities import Community
from qunce.importing.jobs import uploads


class StoredUpload(UploadedFile):  # type: ignore[type-arg]
    """The received file, stored at `path`."""

    def __init__(self, path: Path, name: str, size: int) -> None:
        super().__init__(None, name, size=size)
        self.path = path


class UploadHandler(FileUploadHandler):
    """Stores one file and skips any further ones.

    `discard` deletes the file unless it was moved away.
    """

    chunk_size = 1 << 20

    def __init__(self, community: Community) -> None:
        super().__init__()
        self._community = community
        self._path: Path | None = None
        self._file: IO[bytes] | None = None
        self._size = 0

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: Mapping[str, Any],
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        uploads.check_size(content_length)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self._path is not None:
            raise SkipFile
        with disk_space.explained():
            self._path = uploads.new_upload_path(self._community)
            self._file = self._path.open("wb")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if self._file is None:
            return raw_data
        self._size += len(raw_data)
        if self._size > settings.MAX_UPLOAD_BYTES:
            uploads.check_size(self._size)
        with disk_space.explained():
            self._file.write(raw_data)
        return None

    def file_complete(self, file_size: int) -> StoredUpload | None:
        if self._file is None or self._path is None:
            return None
        with disk_space.explained():
            self._file.close()
        self._file = None
        return StoredUpload(self._path, self.file_name or "", file_size)

    def discard(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
