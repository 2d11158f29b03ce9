"""What the inbox does on the clock: record final answers, and note what is late."""

from __future__ import annotations

from datetime import datetime

from qunce.outreach.replies import answers, conversations


def poll_all(*, at: datetime) -> None:
    answers.finish_due(at=at)
    conversations.note_late(at=at)
