"""The kind `guess`: a number, which is too low or too high, or a word."""

from __future__ import annotations

from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.games import game_kinds, rules
from qunce.activities.kinds import base

GUESS = base.register(
    game_kinds.make(
        key=rules.GUESS,
        label=pgettext_lazy("kind of activity", "Guess the number or word"),
        description=gettext_lazy(
            "Members guess a number, and read whether it is too low or too high, or a "
            "word. The first who is right gets the points."
        ),
        keywords=("猜", "guess"),
        settings_form=(
            rules.question_rows(
                label=gettext_lazy("What is guessed"),
                question=gettext_lazy("Hint, such as: a number from 1 to 100"),
                answer=gettext_lazy("Number or word"),
            ),
            rules.PACE,
            rules.BY_SOUND,
        ),
    )
)
