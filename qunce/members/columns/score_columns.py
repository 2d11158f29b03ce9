"""The columns of scores in the list of members."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from qunce.members.columns import columns
from qunce.members.columns.columns import Cell, Cells, Column, People
from qunce.members.scores import definitions, evaluation, scores

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qunce.core.communities import Community
    from qunce.members.columns.columns import Ints
    from qunce.members.scores.models import Score


class ScoreColumn(Column):
    is_number = True
    descends_first = True

    def __init__(self, score: Score) -> None:
        self.score = score
        self.key = f"score:{score.key}"
        self.label = score.name

    def cells(self, people: People) -> Cells:
        found = evaluation.read(people.community, self.score.key, people.at)
        wanted = np.array(sorted(people.accounts), dtype=np.int64)
        known = np.isin(found.people, wanted)
        rows = zip(
            found.people[known].tolist(), found.tenths[known].tolist(), strict=True
        )
        return {
            person: Cell(definitions.format_tenths(tenths)) for person, tenths in rows
        }

    def sort_values(self, community: Community, at: datetime) -> Ints:
        found = evaluation.read(community, self.score.key, at)
        return columns.dense(found.people, found.tenths)


@columns.register(20)
def _scores(community: Community) -> Iterable[Column]:
    return [ScoreColumn(score) for score in scores.list_all(community)]
