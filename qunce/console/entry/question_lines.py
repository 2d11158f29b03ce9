"""Questions of a gate as lines of text, as staff write and read them.

Where do you live? [city]
- 上海, Shanghai #local
- 北京
Why do you join?
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from qunce.groups.entry.gates import InvalidGate

ATTRIBUTE = re.compile(r"\s*\[([^\[\]]{1,80})\]$")
TAG = re.compile(r"\s*[#＃]([^#＃]{1,100})$")
SEPARATOR = re.compile(r"[,，、;；]")


def read(text: str) -> list[dict[str, Any]]:
    """The questions of `EntryGate.questions`; raises InvalidGate."""
    questions: list[dict[str, Any]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line[0] not in "-－—•":
            attribute = ATTRIBUTE.search(line)
            questions.append(
                {
                    "text": ATTRIBUTE.sub("", line).strip(),
                    "attribute": attribute.group(1).strip() if attribute else "",
                    "answers": [],
                }
            )
        elif not questions:
            raise InvalidGate(_("Write the question above its answers."))
        else:
            questions[-1]["answers"].append(_read_answer(line[1:].strip()))
    return questions


def _read_answer(line: str) -> dict[str, Any]:
    tag = TAG.search(line)
    words = (word.strip() for word in SEPARATOR.split(TAG.sub("", line)))
    return {
        "words": [word for word in words if word],
        "tag": tag.group(1).strip() if tag else "",
    }


def write(questions: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(_lines(questions))


def _lines(questions: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    for question in questions:
        attribute = question.get("attribute", "")
        yield question["text"] + (f" [{attribute}]" if attribute else "")
        for answer in question.get("answers", ()):
            tag = answer.get("tag", "")
            words = ", ".join(answer["words"])
            yield f"- {words}" + (f" #{tag}" if tag else "")
