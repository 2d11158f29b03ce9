"""The kind `quiz`: questions with points, on the page and in the chat."""

from __future__ import annotations

from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.activities.kind_contract import SettingField
from qunce.activities.games import game_kinds, rules
from qunce.activities.games.deciders import Mode
from qunce.activities.games.rules import Pace
from qunce.activities.kinds import base

QUIZ = base.register(
    game_kinds.make(
        key=rules.QUIZ,
        label=pgettext_lazy("kind of activity", "Quiz"),
        description=gettext_lazy(
            "Members answer questions, all at once or one after the other, and the best "
            "get points or a prize."
        ),
        keywords=("答题", "quiz"),
        settings_form=(
            rules.question_rows(
                label=gettext_lazy("Questions"),
                question=gettext_lazy("Question"),
                answer=gettext_lazy("Right answer"),
                has_choices=True,
            ),
            SettingField(
                name="mode",
                label=gettext_lazy("Who gets the points"),
                type="choice",
                default=Mode.ALL.value,
                choices=rules.MODES,
            ),
            SettingField(
                name="pace",
                label=gettext_lazy("The questions are asked"),
                type="choice",
                default=Pace.ALL.value,
                choices=rules.PACES,
            ),
            SettingField(
                name="tries",
                label=gettext_lazy("Tries per question without choices"),
                type="number",
                default=None,
                least=1,
                most=rules.MAX_TRIES,
                none_label=gettext_lazy("no limit"),
                help=gettext_lazy(
                    "With a limit, answers in the chat need the keyword. Empty for no "
                    "limit."
                ),
            ),
            rules.BY_SOUND,
        ),
    )
)
