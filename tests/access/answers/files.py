"""What verbs of files, and facts of programs answer to whom, as in `answers`."""

from __future__ import annotations

ANSWERS: dict[str, str] = {
    # Operators and managers, about members whom they see.
    "rraaanana": """
        ingest.record_facts
    """,
    # Managers who see everything, of their own community.
    "rrraarrar": """
        importing.jobs.jobs.find_or_create
        importing.jobs.uploads.accept
    """,
    # Managers who see everything.
    "rrraarrnr": """
        importing.background_imports.plan_upload
        importing.background_imports.resume
        importing.background_imports.retry
        importing.background_imports.start
        importing.jobs.error_report.log_download
        importing.jobs.jobs.cancel
        importing.jobs.jobs.resume
        importing.jobs.jobs.start
        importing.jobs.join_report.load
        importing.jobs.uploads.change_options
        importing.jobs.uploads.discard
        importing.jobs.uploads.select_sheet
        importing.jobs.uploads.set_options
        importing.pipeline.plan
        importing.plan_review.review
    """,
    "rrrxxrrxr": """
        importing.undo.undos.start
    """,
}
