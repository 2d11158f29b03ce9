"""Persona cards of two segments: name, sentence, what they want, what to avoid."""

from __future__ import annotations

CARDS: dict[str, dict[str, tuple[str, str, str, str]]] = {
    "zh": {
        "high-value-silent": (
            "忙起来的老客周姐",
            "以前每周都来带一袋豆子，最近忙得顾不上进店。",
            "有人记得她常喝的那款豆子；能外送，不用再挑一遍。",
            "别群发大折扣；晚上九点以后不要打扰。",
        ),
        "talks-never-buys": (
            "爱聊天的小李",
            "群里每天都在，问得多，还没下过单。",
            "先试一小杯再决定；想看别人真实的评价。",
            "别在群里当面催单。",
        ),
    },
    "en": {
        "high-value-silent": (
            "Jo, a busy regular",
            "Took a bag of beans every week, and has no time to come in lately.",
            "Somebody who remembers her usual beans, and a delivery without choosing again.",
            "No big discount sent to everyone, and no message after nine in the evening.",
        ),
        "talks-never-buys": (
            "Lee, who likes to talk",
            "In the group every day with many questions, and no order yet.",
            "A small cup to try first, and what others really think.",
            "Do not press for an order in front of the group.",
        ),
    },
}
"""Language → key of the segment → its card."""
