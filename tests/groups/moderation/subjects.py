"""Subjects of checks for tests, without a database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.findings import Finding
from qunce.groups.moderation.checks.subjects import Subject
from tests.factories import AT


def subject(text: str = "", *, second: float = 0, **fields: Any) -> Subject:
    return Subject(
        **{
            "key": f"m{second}",
            "group": "g",
            "account": "a",
            "happened_at": AT + timedelta(seconds=second),
            "text": text,
            **fields,
        }
    )


def compiled(check: str, **options: Any) -> base.CompiledCheck:
    kind = base.get(check)
    return kind.compile(kind.parse_options(options))


def find(check: str, text: str = "", **options: Any) -> list[Finding]:
    """What a check without state finds in a text."""
    return list(compiled(check, **options).judge(subject(text)).findings)


def matched(findings: list[Finding]) -> list[str]:
    return [evidence.matched for finding in findings for evidence in finding.evidence]
