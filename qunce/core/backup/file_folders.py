"""Folders of the home whose files are part of a backup.

The files are named by their content and never change. A file that appears or goes while
a backup is made may be in it or not; the database of the backup names those it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

_folders: list[str] = []


def register(name: str) -> str:
    """Register a folder of the home; returns its name."""
    if name not in _folders:
        _folders.append(name)
    return name


def list_files() -> Iterator[tuple[str, Path]]:
    """Name in the backup and path of each file, without what is derived or incomplete."""
    home = Path(settings.HOME)
    for folder in _folders:
        for path in sorted((home / folder).rglob("*")):
            if path.is_file() and not path.suffix:
                yield path.relative_to(home).as_posix(), path


def is_ours(name: str) -> bool:
    """Whether a name of a backup is a path below one of the folders."""
    parts = name.split("/")
    return parts[0] in _folders and len(parts) > 1 and not {"", ".", ".."} & set(parts)
