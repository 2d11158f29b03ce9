"""What a stored file may be, recognised by its content. Pure functions.

`filetype` knows the signatures: it is small, has no dependencies and opens Office files.
Pillow decides about pictures, since it also makes the thumbnails. What browsers could run,
such as SVG and HTML, is not stored.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import filetype
from django.utils.translation import gettext as _
from PIL import Image

from qunce.core import errors

MEGABYTE = 10**6
MAX_PIXELS = 40_000_000
HEADER_BYTES = 8_192
# We compare the size of every picture with MAX_PIXELS before anything is unpacked.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True)
class FileType:
    """`family` is image, video or file; `content` are the types that `filetype` finds."""

    suffix: str
    media_type: str
    family: str
    max_bytes: int
    content: tuple[str, ...] = ()

    @property
    def is_shown_inline(self) -> bool:
        """Whether a browser shows it on our own pages."""
        return self.family in ("image", "video")


OFFICE = "application/vnd.openxmlformats-officedocument."
PICTURE, VIDEO, DOCUMENT = 10 * MEGABYTE, 200 * MEGABYTE, 50 * MEGABYTE
FILE_TYPES = {
    each.suffix: each
    for each in (
        FileType("jpg", "image/jpeg", "image", PICTURE),
        FileType("jpeg", "image/jpeg", "image", PICTURE),
        FileType("png", "image/png", "image", PICTURE),
        FileType("gif", "image/gif", "image", PICTURE),
        FileType("webp", "image/webp", "image", PICTURE),
        FileType("mp4", "video/mp4", "video", VIDEO, ("video/x-m4v",)),
        FileType("mov", "video/quicktime", "video", VIDEO),
        FileType("webm", "video/webm", "video", VIDEO),
        FileType("pdf", "application/pdf", "file", DOCUMENT),
        FileType("docx", f"{OFFICE}wordprocessingml.document", "file", DOCUMENT),
        FileType("xlsx", f"{OFFICE}spreadsheetml.sheet", "file", DOCUMENT),
        FileType("pptx", f"{OFFICE}presentationml.presentation", "file", DOCUMENT),
        FileType("zip", "application/zip", "file", DOCUMENT),
        FileType("mp3", "audio/mpeg", "file", DOCUMENT),
        FileType("txt", "text/plain", "file", DOCUMENT),
        FileType("csv", "text/csv", "file", DOCUMENT),
    )
}
MAX_BYTES = max(each.max_bytes for each in FILE_TYPES.values())
OFFICE_FOLDERS = {"docx": "word/", "xlsx": "xl/", "pptx": "ppt/"}
PILLOW_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")


class InvalidFile(errors.Invalid):
    """The file is too large, broken, of a type that is not stored, or of another type."""


@dataclass(frozen=True)
class Inspection:
    """What a file is; `width` and `height` are 0 unless it is a picture."""

    type: FileType
    width: int = 0
    height: int = 0


def list_suffixes(families: tuple[str, ...]) -> list[str]:
    return [
        f".{each.suffix}" for each in FILE_TYPES.values() if each.family in families
    ]


def type_of_name(name: str) -> FileType:
    """The type that the suffix of a name stands for; raises InvalidFile."""
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if suffix not in FILE_TYPES:
        raise InvalidFile(
            _("“%(name)s” has a type that cannot be stored. Possible are: %(types)s.")
            % {"name": name, "types": _(", ").join(FILE_TYPES)}
        )
    return FILE_TYPES[suffix]


def inspect(path: Path, name: str) -> Inspection:
    """What the file at `path` is; raises InvalidFile unless `name` has its suffix."""
    declared = type_of_name(name)
    size = path.stat().st_size
    if not size:
        raise InvalidFile(_("“%(name)s” is empty.") % {"name": name})
    if size > declared.max_bytes:
        raise InvalidFile(
            _("“%(name)s” has %(size)s MB; the limit for this type is %(most)s MB.")
            % {
                "name": name,
                "size": f"{size / MEGABYTE:,.1f}",
                "most": declared.max_bytes // MEGABYTE,
            }
        )
    found = _content_type(path, declared)
    if found not in (declared.media_type, *declared.content):
        raise InvalidFile(
            _(
                "“%(name)s” is not what its name says: its content is %(found)s. "
                "Choose another file, or correct its name."
            )
            % {"name": name, "found": _describe(found)}
        )
    return (
        _measure(path, name, declared)
        if declared.family == "image"
        else Inspection(declared)
    )


def _describe(media_type: str) -> str:
    """What people call the type, by the suffix of its files."""
    known = filetype.get_type(mime=media_type) if media_type else None
    if known is None:
        return media_type or _("of an unknown type")
    return _("that of a .%(suffix)s file") % {"suffix": known.extension}


def _content_type(path: Path, declared: FileType) -> str:
    """The media type of the content; "" if it is unknown."""
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
    found: str = filetype.guess_mime(header) or ""
    if not found and declared.media_type.startswith("text/") and _is_text(path):
        return declared.media_type
    # Office files are ZIP archives, whose parts may be in any order.
    if found == "application/zip" and declared.suffix in OFFICE_FOLDERS:
        folder = OFFICE_FOLDERS[declared.suffix]
        if any(name.startswith(folder) for name in _list_archive(path)):
            return declared.media_type
    return found


def _is_text(path: Path) -> bool:
    content = path.read_bytes()
    if b"\0" in content:
        return False
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


def _list_archive(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return []


def _measure(path: Path, name: str, declared: FileType) -> Inspection:
    try:
        with Image.open(path, formats=PILLOW_FORMATS) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise InvalidFile(
                    _("“%(name)s” has %(n)s megapixels; the limit is %(most)s.")
                    % {
                        "name": name,
                        "n": f"{width * height / 10**6:,.0f}",
                        "most": MAX_PIXELS // 10**6,
                    }
                )
            picture.load()
    # Of broken pictures, Pillow raises whatever its decoders do.
    except (OSError, SyntaxError, ValueError, IndexError, EOFError) as error:
        raise InvalidFile(
            _("“%(name)s” is a picture that cannot be read. It may be incomplete.")
            % {"name": name}
        ) from error
    return Inspection(declared, width, height)
