"""Free sentences read as rules: “半年没买过的 VIP，排除这周已触达的”.

Nothing is guessed. Words that are not known stay marked, and so do those that may mean
several things; a rule comes only from a sentence that is understood as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from qunce.members.rule_text.free_text import brackets, combination, neighbours
from qunce.members.rule_text.free_text.combination import Part
from qunce.members.rule_text.free_text.drafts import About, Draft, NotUnderstood
from qunce.members.rule_text.free_text.items import Item, put_together
from qunce.members.rule_text.free_text.name_choices import list_choices
from qunce.members.rule_text.free_text.reading import (
    Choice,
    Mark,
    Reading,
    with_understood,
)
from qunce.members.rule_text.free_text.tokens import Meaning, Names, day_range, tokenize
from qunce.members.rule_text.free_text.words import Verb, synonyms

STANDALONE = (
    "tag",
    "group",
    "segment",
    "frozen",
    "layer",
    "source",
    "staff",
    "attr",
    "value",
    "score",
    "kind",
)
"""Kinds of things that a clause can be about; others only stand beside a word for them."""


@dataclass
class Understanding:
    """Reads the items of one sentence from left to right."""

    text: str
    about: About
    today: date
    parts: list[Part] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    separator: Item | None = None
    is_excluding: bool = False
    draft: Draft = field(init=False)
    marker: Item | None = None
    awaits_value: bool = False
    is_uncertain: bool = False
    """Whether an ambiguous word stands beside what is read."""
    items: Sequence[Item] = ()

    def __post_init__(self) -> None:
        self.draft = Draft(self.about)

    # Marks

    def refuse(
        self, items: Sequence[Item], note: str = "", choices: Sequence[Choice] = ()
    ) -> None:
        state = "ambiguous" if choices else "unknown"
        self.marks += [
            Mark(item.start, item.end, state, tuple(choices), note)  # type: ignore[arg-type]
            for item in items
        ]

    def _text_of(self, item: Item) -> str:
        return self.text[item.start : item.end]

    # Reading

    def read(self, items: Sequence[Item]) -> Any:
        self.items = items
        for index, item in enumerate(items):
            if item.kind in neighbours.SEPARATORS:
                self._separate(index, item)
            else:
                getattr(self, f"_read_{item.kind}", self._read_other)(index, item)
        self._flush_marker()
        self._finish()
        last = self.separator
        is_open = last is not None and last.kind not in ("of", "and")
        # If an unknown word follows, that is what is not understood.
        if last and is_open and all(mark.start < last.end for mark in self.marks):
            self.refuse([last])
        self.marks += list(combination.check(self.parts, self.marks))
        if not self.marks and (mark := combination.find_mixture(self.parts, self.text)):
            self.marks.append(mark)
        return None if self.marks else combination.combine(self.parts)

    def _separate(self, index: int, item: Item) -> None:
        self._flush_marker()
        if self._continues_objects(index, item):
            return
        is_open = self.draft.head is None and not self.draft.is_about_orders()
        is_about_next = is_open and not self.draft.negation and not self.is_uncertain
        if item.kind in ("and", "of") and is_about_next:
            # “In the last 30 days, bought …”: what was said so far is about what follows.
            if self.separator is None or item.kind != "of":
                self.separator = self._stronger(item)
            return
        self._finish()
        if item.kind == "except":
            self.is_excluding = True
        elif item.kind == "but":
            self.is_excluding = False
        self.separator = self._stronger(item)

    def _continues_objects(self, index: int, item: Item) -> bool:
        """Whether what follows is one more thing that was bought, or one more group."""
        draft, after = self.draft, self.items[index + 1 : index + 2]
        verb = draft.head.value if draft.kind == "verb" and draft.head else None
        if (
            item.kind not in ("or", "list", "and_names")
            or not draft.objects
            or not after
        ):
            return False
        is_more = (
            isinstance(verb, Verb)
            and after[0].kind == "name"
            and any(
                kind == draft.objects[-1][0]
                for kind, _key in neighbours.objects_of(verb, after[0].value)
            )
        )
        if is_more and item.kind == "and_names":
            self.marks.append(combination.ask_and_or(item))
        return is_more

    def _stronger(self, item: Item) -> Item:
        """Of several separators in a row, the one that says most."""
        before = self.separator
        if before is None or before.kind in ("of", "and"):
            return item if before is None or item.kind != "of" else before
        if item.kind in ("of", "and"):
            return before
        if before.kind != item.kind and "except" not in (before.kind, item.kind):
            self.refuse([before])
        return item

    def _finish(self) -> None:
        """Close the clause that is being read."""
        draft, self.awaits_value = self.draft, False
        self.draft = Draft(self.about)
        if draft.is_empty:
            return
        try:
            clause = draft.build()
        except NotUnderstood as answer:
            # What stands beside an ambiguous word may be about it.
            if draft.head is not None or not self.is_uncertain:
                self.refuse(answer.items, answer.note)
            return
        finally:
            self.is_uncertain = False
        self.parts.append(Part(self.separator, clause, draft, self.is_excluding))
        self.separator = None
        if draft.span is not None:
            self._note_period(draft.span)

    def _note_period(self, span: Item) -> None:
        """A calendar period is another thing than that many days; say which days."""
        period = span.value.span.get("during", "")
        if " " not in period:
            return
        first, last = day_range(period, self.today)
        note = _(
            "“%(words)s” follows the calendar, with weeks from Monday. Now it is"
            " %(first)s to %(last)s."
        )
        words = self.text[span.start : span.end]
        self.notes.append(note % {"words": words, "first": first, "last": last})

    # Items

    def _read_other(self, index: int, item: Item) -> None:
        if item.kind == "filler" or self._text_of(item) == "里":
            return  # it says nothing by itself
        notes = {
            "last": _("Say for how many days."),
            "open": _("This bracket is not closed."),
            "close": _("This bracket was not opened."),
        }
        self.refuse([item], notes.get(item.kind, ""))

    def _read_brackets(self, index: int, item: Item) -> None:
        self._flush_marker()
        if self.draft.head is not None:
            self._finish()
        inside = Understanding(self.text, self.about, self.today)
        self.draft.value = inside.read(item.value)
        self.marks += inside.marks
        self.notes += inside.notes
        if self.draft.value is None and not inside.marks:
            self.refuse([item], _("There is nothing in these brackets."))
        self._set_head(item, "brackets")

    def _read_outside(self, index: int, item: Item) -> None:
        """“Other than …”: in Chinese it ends what is excluded."""
        self._flush_marker()
        if not self.is_excluding or self.draft.head is None:
            self.refuse([item])
        self._finish()
        self.is_excluding = False

    def _read_is(self, index: int, item: Item) -> None:
        self.awaits_value = self.draft.kind == "attr"

    def _read_not(self, index: int, item: Item) -> None:
        if self.draft.kind == "group" and self._says_where(index):
            self.draft.negation = item
            return
        if self.draft.head is not None and not self.awaits_value:
            if self.draft.kind == "attr" and neighbours.follows(
                self.items, index, ("is", "text", "name")
            ):
                self.draft.negation = item
                return
            self._finish()
        if self.draft.negation is not None:
            self.refuse([item])
        self.draft.negation = item

    def _says_where(self, index: int) -> bool:
        """Whether the group is where something was not done: “在3群没发言”."""
        return (
            self.draft.negation is None
            and self._is_inside(self.draft.head)
            and neighbours.follows(self.items, index, ("verb",))
        )

    def _read_unknown_value(self, index: int, item: Item) -> None:
        if self.draft.kind == "attr" or self.draft.head is None:
            self.draft.is_unknown_value = item
        else:
            self.refuse([item])

    def _read_span(self, index: int, item: Item) -> None:
        draft = self.draft
        if draft.head is not None and self._begins_clause(index):
            self._finish()
        if self.draft.span is not None:
            self.refuse([item])
        else:
            self.draft.span = item

    def _begins_clause(self, index: int) -> bool:
        """Whether a span after a clause is about the next one.

        In Chinese a span stands before its verb, in English behind it.
        """
        if self.draft.kind in ("attr", "score"):
            return self.draft.value is not None or self.draft.measure is not None
        if self.draft.kind != "verb":
            return True
        text = self.text[self.items[index].start : self.items[index].end]
        is_chinese = not text.isascii() or not self.text.isascii()
        return neighbours.has_verb_ahead(self.items, index) and (
            is_chinese or self.draft.span is not None
        )

    def _read_sign(self, index: int, item: Item) -> None:
        self._make_room(index)
        if self.draft.sign is not None:
            self.refuse([item])
        self.draft.sign = item

    def _read_aggregate(self, index: int, item: Item) -> None:
        self._make_room(index)
        if self.draft.aggregate is not None:
            self.refuse([item])
        self.draft.aggregate = item

    def _read_measure(self, index: int, item: Item) -> None:
        self._make_room(index)
        if self.draft.measure is not None:
            self.refuse([item])
        self.draft.measure = item

    def _make_room(self, index: int) -> None:
        """Close a clause about a name before a number that is about what follows it."""
        is_name = self.draft.head is not None and self.draft.kind not in (
            "verb",
            "attr",
            "score",
        )
        if (is_name and neighbours.has_verb_ahead(self.items, index)) or (
            self.draft.measure is not None and self.draft.head is not None
        ):
            self._finish()

    def _read_verb(self, index: int, item: Item) -> None:
        self._flush_marker()
        draft = self.draft
        verb: Verb = item.value
        if draft.kind == "group" and self._is_inside(draft.head) and verb.with_group:
            # “在3群发言”: the group is where it was done.
            assert draft.head is not None  # noqa: S101 - it has a kind
            draft.objects.append(("group", draft.key, draft.head))
            draft.head = None
        if draft.head is not None:
            self._finish()
        self._set_head(item, "verb")

    def _is_inside(self, item: Item | None) -> bool:
        before = self.text[: item.start].rstrip() if item else ""
        return before.endswith("在")

    def _set_head(self, item: Item, kind: str, key: str = "") -> None:
        self.draft.head, self.draft.kind, self.draft.key = item, kind, key

    def _read_marker(self, index: int, item: Item) -> None:
        if self.draft.head is not None and item.value == self.draft.kind:
            return  # “VIP 标签”: it says what the name is of
        if self.draft.objects and item.value == self.draft.objects[-1][0]:
            return
        self._flush_marker()
        self.marker = item

    def _flush_marker(self) -> None:
        """A word such as “tag” without a name is about having none, or not understood."""
        marker, self.marker = self.marker, None
        if marker is None:
            return
        draft = self.draft
        if draft.negation is not None and draft.head is None and not draft.objects:
            kinds = {"tag": "untagged", "staff": "nobody"}
            if marker.value in kinds:
                draft.negation = None
                self._set_head(marker, kinds[marker.value])
                return
        self.refuse([marker])

    def _read_any_tag(self, index: int, item: Item) -> None:
        if self.draft.head is None and self.draft.negation is not None:
            self.draft.negation = None
            self._set_head(item, "untagged")
        else:
            self.refuse([item])

    def _read_head(self, index: int, item: Item) -> None:
        if self.draft.head is not None:
            self._finish()
        self._set_head(item, item.value)

    def _read_me(self, index: int, item: Item) -> None:
        if neighbours.follows(self.items, index, ("in_charge",)):
            if self.draft.head is not None:
                self._finish()
            self._set_head(item, "me")
        else:
            self.refuse([item])

    def _read_in_charge(self, index: int, item: Item) -> None:
        draft = self.draft
        if draft.kind in ("me", "staff") and draft.head is not None:
            return
        if draft.head is None and draft.negation is not None:
            draft.negation = None
            self._set_head(item, "nobody")
            return
        self.refuse([item])

    def _read_text(self, index: int, item: Item) -> None:
        if self.awaits_value and self.draft.value is None:
            self.draft.value = item.value
            self.awaits_value = False
        else:
            self.refuse([item])

    def _read_unknown(self, index: int, item: Item) -> None:
        self.refuse([item], _("This word is not known."))

    def _read_clash(self, index: int, item: Item) -> None:
        meanings, verb = item.value
        after = self.items[index + 1 : index + 2]
        if self.marker is not None or (after and after[0].kind == "marker"):
            self._read_name(index, Item("name", meanings, item.tokens))
            return
        meanings = [each for each in meanings if each[0] in STANDALONE]
        if not meanings:
            self._read_verb(index, Item("verb", verb, item.tokens))
            return
        choices = list_choices(meanings, self._text_of(item))
        if verb.kinds:
            words = synonyms(verb, self._text_of(item))
            choices += [Choice(word, word) for word in words[:1]]
        self._read_ambiguous(item, choices)

    def _read_ambiguous(self, item: Item, choices: Sequence[Choice]) -> None:
        self.refuse([item], _("This has several meanings. Choose one."), choices)
        # What stands around it is about this word, and is understood with it.
        self.draft, self.marker, self.separator = Draft(self.about), None, None
        self.is_uncertain = True

    # Names

    def _read_name(self, index: int, item: Item) -> None:
        meanings = self._meanings_in_context(index, item)
        marker, self.marker = self.marker, None
        if len(meanings) > 1:
            choices = list_choices(meanings, self._text_of(item))
            self._read_ambiguous(item, choices)
            return
        if not meanings:
            self.refuse([item, *([marker] if marker else [])])
            return
        ((kind, key),) = meanings
        self._use_name(index, item, kind, key)

    def _meanings_in_context(self, index: int, item: Item) -> list[Meaning]:
        """What the name can mean here, given the words around it."""
        meanings: list[Meaning] = item.value
        wanted = self.marker.value if self.marker else None
        after = self.items[index + 1] if index + 1 < len(self.items) else None
        if wanted is None and after is not None and after.kind == "marker":
            found = [each for each in meanings if each[0] == after.value]
            if found:
                return found
        if wanted is not None:
            return [each for each in meanings if each[0] == wanted]
        head = self.draft.head
        verb = head.value if head is not None and self.draft.kind == "verb" else None
        if isinstance(verb, Verb):
            objects = neighbours.objects_of(verb, meanings)
            if objects:
                return objects
        if self.draft.kind == "attr" and self.draft.value is None:
            values = [each for each in meanings if self._is_value(each)]
            if values:
                return values
        standalone = [each for each in meanings if each[0] in STANDALONE]
        # “茶叶消费超过200元”: the tag, or what was bought?
        goods = [each for each in meanings if each[0] == "category"]
        return standalone + (
            goods if neighbours.is_before_purchase(self.items, index) else []
        )

    def _is_value(self, meaning: Meaning) -> bool:
        kind, key = meaning
        return kind == "value" and key.startswith(f"{self.draft.key}/")

    def _use_name(self, index: int, item: Item, kind: str, key: str) -> None:
        draft = self.draft
        verb = draft.head.value if draft.kind == "verb" and draft.head else None
        if isinstance(verb, Verb) and neighbours.objects_of(verb, [(kind, key)]):
            draft.objects.append((kind, key, item))
            return
        if draft.kind == "attr" and self._is_value((kind, key)):
            draft.value, self.awaits_value = key.partition("/")[2], False
            return
        if draft.head is not None:
            self._finish()
        if kind == "category" and neighbours.is_before_purchase(self.items, index):
            self.draft.objects.append((kind, key, item))
        elif kind == "kind":
            verb = Verb((key,), with_group=(key,))
            self._set_head(Item("verb", verb, item.tokens), "verb")
        elif kind == "tag_group":
            if self.draft.negation is None:
                self.refuse([item], _("Say which tag of this tag group."))
                return
            self.draft.negation = None
            self._set_head(item, "untagged", key)
        else:
            self._set_head(item, kind, key)


def understand(text: str, names: Names, about: About, *, today: date) -> Reading:
    """The rule that a free sentence says, or marks for what is not understood."""
    tokens = tokenize(text, names, today=today, currency=about.currency)
    reader = Understanding(text, about, today)
    rule = reader.read(brackets.fold(put_together(tokens, today)))
    marks = with_understood(reader.marks, text)
    return Reading(text, rule, marks, tuple(dict.fromkeys(reader.notes)))
