"""Pictures of messages: stored for the checks that look for codes in them, for a while.

A file has the name of its content. Messages that came before nobody listened to, and
whatever is no picture, are not downloaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from qunce.channels.inbox import NewEvent
from qunce.channels.matrix.client import HomeserverDown, MatrixClient

FOLDER = "channel_files"
MAX_BYTES = 5 * 1024 * 1024
MAX_PER_SYNC = 20
KEPT_FOR = timedelta(days=14)


def folder() -> Path:
    return Path(settings.HOME) / FOLDER


def download_all(new: Sequence[NewEvent], client: MatrixClient) -> None:
    """Download the pictures of new messages; adds `sha256` and `path` to their files."""
    left = MAX_PER_SYNC
    for event in new:
        for file in event.payload.get("files", ()):
            url = file.pop("url", "")
            is_picture = file["media_type"].startswith("image/")
            if left <= 0 or not is_picture or event.payload.get("is_history"):
                continue
            left -= 1
            try:
                content = client.download(url, max_bytes=MAX_BYTES)
            except HomeserverDown:
                return
            if content:
                file |= store(content)


def store(content: bytes) -> dict[str, str]:
    digest = hashlib.sha256(content).hexdigest()
    path = folder() / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_bytes(content)
    temporary.replace(path)
    return {"sha256": digest, "path": str(path)}


def prune(*, at: datetime) -> int:
    """Delete pictures that are older than they are kept; returns how many."""
    oldest = (at - KEPT_FOR).timestamp()
    old = [path for path in folder().glob("*") if path.stat().st_mtime < oldest]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
