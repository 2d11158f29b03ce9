"""Files of messages that checks look into, such as pictures with codes: kept for a while.

A file has the name of its content.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

FOLDER = "channel_files"
KEPT_FOR = timedelta(days=14)


def folder() -> Path:
    return Path(settings.HOME) / FOLDER


def store(content: bytes) -> dict[str, str]:
    """Store a file; returns its `sha256` and its `path`, as payloads of events have them."""
    digest = hashlib.sha256(content).hexdigest()
    path = folder() / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_bytes(content)
    temporary.replace(path)
    return {"sha256": digest, "path": str(path)}


def prune(*, at: datetime) -> int:
    """Delete files that are older than they are kept; returns how many."""
    oldest = (at - KEPT_FOR).timestamp()
    old = [path for path in folder().glob("*") if path.stat().st_mtime < oldest]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
