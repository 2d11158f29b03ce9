"""Notices a file that is changed, truncated or damaged between its plan and its end.

An import reads its file several times. Rows of two states of it would be neither.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.importing.files import decompression, inspection

if TYPE_CHECKING:
    from qunce.importing.files.sources import Source

Stamp = tuple[int, ...]
"""Which file it is, its size, and when it was changed last."""


class FileChanged(errors.Refused):
    """The file is not the one any more that was inspected."""


def stamp(source: Source) -> Stamp | None:
    """Return what shows later whether the file was changed, None without a file."""
    try:
        found = source.path.stat()
    except FileNotFoundError:
        return None
    # The time of the last change of any kind is the one that nobody can set.
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def check_stamp(source: Source, expected: Stamp | None) -> None:
    """Raise FileChanged if the file was changed since its stamp was taken."""
    if stamp(source) != expected:
        raise FileChanged(
            _(
                "The file was changed while it was imported. Import it again, once "
                "nothing writes to it any more."
            )
        )


def check_digest(source: Source) -> None:
    """Raise FileChanged if the content is not the one that was inspected."""
    if source.format in ("xlsx", "xls"):
        digest = inspection.inspect_binary(source.path).digest
    else:
        content = hashlib.blake2b(digest_size=16)
        with inspection.open_bytes(source.path, source.info.compression) as stream:
            while block := stream.read(decompression.BLOCK_BYTES):
                content.update(block)
        digest = content.hexdigest()
    if not source.digest.startswith(digest):
        raise FileChanged(
            _("The stored file is not the one that was uploaded. Upload it again.")
        )
