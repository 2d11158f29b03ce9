"""The kind `idiom_chain`: each idiom begins as the one before ended (成语接龙)."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.activities.kind_contract import SettingField
from qunce.activities.activities.models import Activity
from qunce.activities.games import attempts, game_kinds, game_texts, rules
from qunce.activities.kinds import base


def describe_state(activity: Activity) -> str:
    """The line that the group reads at most once in 10 minutes."""
    last = attempts.last_word(activity, rules.of(activity))
    return game_texts.chain_state(last)


IDIOM_CHAIN = base.register(
    replace(
        game_kinds.make(
            key=rules.IDIOM_CHAIN,
            label=pgettext_lazy("kind of activity", "Idiom chain"),
            description=gettext_lazy(
                "Each idiom begins with the last character of the one before. The member who "
                "adds the most is ahead."
            ),
            keywords=("成语接龙", "成语", "idiom chain", "idiom"),
            settings_form=(
                SettingField(
                    name="start",
                    label=gettext_lazy("First idiom"),
                    max_length=12,
                    help=gettext_lazy("Such as: 一心一意"),
                ),
                SettingField(
                    name="homophones",
                    label=gettext_lazy("Characters that sound the same count, too"),
                    type="yes_no",
                    default=True,
                ),
                SettingField(
                    name="any_word",
                    label=gettext_lazy("Other words of the dictionary count, too"),
                    type="yes_no",
                    default=False,
                    help=gettext_lazy(
                        "The dictionary has many idioms as names or plain words, such as "
                        "海纳百川. If this is off, staff can let these count with one tap."
                    ),
                ),
                SettingField(
                    name="turns",
                    label=gettext_lazy("Nobody follows themselves"),
                    type="yes_no",
                    default=True,
                ),
                SettingField(
                    name="points",
                    label=gettext_lazy("Points of each idiom"),
                    type="number",
                    default=1,
                    most=rules.MAX_POINTS,
                ),
            ),
        ),
        check_settings=rules.check_chain,
        describe_state=describe_state,
    )
)
