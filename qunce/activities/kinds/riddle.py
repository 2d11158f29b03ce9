"""The kind `riddle`: the first right answer to each riddle wins its points."""

from __future__ import annotations

from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.games import game_kinds, rules
from qunce.activities.kinds import base

RIDDLE = base.register(
    game_kinds.make(
        key=rules.RIDDLE,
        label=pgettext_lazy("kind of activity", "Riddles"),
        description=gettext_lazy(
            "The first who solves a riddle in the chat or on the page gets its points."
        ),
        keywords=("猜谜", "riddle"),
        settings_form=(
            rules.question_rows(
                label=gettext_lazy("Riddles"),
                question=gettext_lazy("Riddle"),
                answer=gettext_lazy("Right answer"),
            ),
            rules.PACE,
            rules.BY_SOUND,
        ),
    )
)
