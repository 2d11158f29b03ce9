from __future__ import annotations

from qunce.importing.answers import ImportAnswer
from qunce.importing.jobs import ImportJob, ImportProblem
from qunce.importing.uploads import Upload

__all__ = ["ImportAnswer", "ImportJob", "ImportProblem", "Upload"]
