"""Pictures of new messages are downloaded, for the checks that look for codes in them.

Whatever is no picture is not, nor are those that were sent before anybody listened.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from qunce.channels import channel_files
from qunce.channels.inbox import NewEvent
from qunce.channels.matrix.client import HomeserverDown, MatrixClient

log = logging.getLogger(__name__)
MAX_BYTES = 5 * 1024 * 1024
MAX_PER_SYNC = 20


def download_all(new: Sequence[NewEvent], client: MatrixClient) -> None:
    """Download the pictures of new messages; adds `sha256` and `path` to their files."""
    wanted: list[tuple[dict[str, Any], str]] = []
    for event in new:
        for file in event.payload.get("files", ()):
            url = file.pop("url", "")
            if file["media_type"].startswith("image/") and not event.payload.get(
                "is_history"
            ):
                wanted.append((file, url))
    for file, url in wanted[:MAX_PER_SYNC]:
        try:
            content = client.download(url, max_bytes=MAX_BYTES)
        except HomeserverDown:
            return
        if content:
            try:
                file |= channel_files.store(content)
            except OSError:
                # On a full disk the messages are received all the same.
                log.exception("a picture of a message was not stored")
                return
