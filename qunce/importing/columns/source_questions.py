"""Asks how a file is opened where its content leaves that open: encoding and sheet."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from datetime import date

from django.utils.translation import gettext as _

from qunce.importing.columns import column_mapping
from qunce.importing.files import encodings, heading_rows, sources
from qunce.importing.files.sources import Source
from qunce.importing.plan import questions
from qunce.importing.plan.options import ImportOptions
from qunce.importing.plan.questions import Choice, Question

MAX_ENCODINGS = 4
DAY_IN_NAME = re.compile(r"((?:19|20)\d\d)-(\d\d)-(\d\d)")


def apply_answers(
    source: Source,
    options: ImportOptions,
    remembered: Mapping[str, str],
    file_name: str,
) -> tuple[Source, list[Question]]:
    """Return the source as the answers open it, and the questions about it."""
    asked = []
    found = source.info.encoding_choices
    given = encodings.find_name(options.answers.get("encoding", ""))
    if found and encodings.is_certain(found) and not (given or options.encoding):
        # Nobody has to compare it with what the other encodings make of the file.
        note = _("The file is read as %(encoding)s.")
        note %= {"encoding": source.info.encoding.upper()}
        source = dataclasses.replace(source, notes=[*source.notes, note])
    elif found:
        choices = [
            Choice(each.name, each.name.upper(), each.sample)
            for each in found[:MAX_ENCODINGS]
        ]
        if given and given not in [choice.value for choice in choices]:
            choices.append(Choice(given, given.upper()))
        question = questions.ask(
            options,
            remembered,
            key="encoding",
            text=_("The encoding of the file is not certain."),
            choices=choices,
            suggestion=found[0].name if encodings.is_certain(found) else "",
        )
        asked.append(question)
        if question.answer and question.answer != source.info.encoding:
            source = sources.inspect(source.path, encoding=question.answer)
    if len(source.sheet_headings) > 1 and not options.sheet:
        question = _ask_sheet(source, options)
        asked.append(question)
        if question.answer and question.answer != source.sheet:
            source = sources.inspect(source.path, sheet=question.answer)
    if source.has_odd_headings or _are_like_values(source):
        question = _ask_first_row(source, options)
        asked.append(question)
        if question.answer == sources.DATA != source.first_row:
            source = sources.inspect(
                source.path,
                sheet=source.sheet,
                encoding=source.info.encoding,
                first_row=sources.DATA,
            )
    if source.chat_needs_day:
        question = _ask_day(options, file_name)
        asked.append(question)
        source = dataclasses.replace(source, chat_day=question.value)
    return source, asked


def _ask_day(options: ImportOptions, file_name: str) -> Question:
    """Ask of which day the first line of a chat log without dates is."""
    found = DAY_IN_NAME.search(file_name)
    suggestion = "-".join(found.groups()) if found and _is_day(found) else ""
    question = questions.ask(
        options,
        {},
        key="day",
        text=_(
            "The log has times without a date. Of which day is its first line? Write it"
            " like 2026-03-01."
        ),
        choices=(),
        suggestion=suggestion,
    )
    answer = DAY_IN_NAME.fullmatch(question.value)
    if question.value and not (answer and _is_day(answer)):
        raise questions.InvalidAnswer(
            _("“%(day)s” is not a day. Write it like 2026-03-01.")
            % {"day": question.value}
        )
    return question


def _is_day(found: re.Match[str]) -> bool:
    try:
        date(*map(int, found.groups()))
    except ValueError:
        return False
    return True


def _are_like_values(source: Source) -> bool:
    """Return whether the headings are known to nobody, and like the values below."""
    is_table = source.format in sources.TABLE_FORMATS or (
        source.format in sources.SHEET_FORMATS
    )
    if not is_table or source.first_row == sources.DATA:
        return False
    if column_mapping.knows_any(source.headings):
        return False
    head = sources.read_head(source, heading_rows.MAX_ROWS)
    cells = [[cell or "" for cell in column.to_pylist()] for column in head.columns]
    return heading_rows.are_like_values(source.headings, list(zip(*cells, strict=True)))


def _ask_first_row(source: Source, options: ImportOptions) -> Question:
    sample = ", ".join(source.headings)[:60]
    return questions.ask(
        options,
        {},
        key="first_row",
        text=_("The first row looks like data. Does the file have headings?"),
        choices=[
            Choice(sources.DATA, _("no, the first row is data"), sample),
            Choice(sources.HEADINGS, _("yes, the first row holds headings"), sample),
        ],
    )


def _ask_sheet(source: Source, options: ImportOptions) -> Question:
    headings = source.sheet_headings
    # The sheets of a year's orders have the same headings, and all of them are meant.
    is_alone = sum(texts == headings.get(source.sheet) for texts in headings.values())
    return questions.ask(
        options,
        {},
        key="sheet",
        text=_("Several sheets of the file have rows."),
        choices=[
            *(Choice(name, name, ", ".join(headings[name])[:60]) for name in headings),
            Choice(sources.ALL_SHEETS, _("all of them"), ", ".join(headings)[:60]),
        ],
        suggestion=source.sheet if is_alone == 1 else "",
    )
