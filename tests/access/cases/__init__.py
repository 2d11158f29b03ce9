"""How the sweep calls each verb, by area; the modules register their cases."""

from __future__ import annotations

from tests.access.cases import files, groups, members, questions, settings
from tests.access.cases.base import CASES

__all__ = ["CASES", "files", "groups", "members", "questions", "settings"]
