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

from qunce.members.rule_text.free_text import combination
from qunce.members.rule_text.free_text.combination import Part
from qunce.members.rule_text.free_text.drafts import About, Draft, NotUnderstood
from qunce.members.rule_text.free_text.items import Item, put_together
from qunce.members.rule_text.free_text.reading import Choice, Mark, Reading
from qunce.members.rule_text.free_text.tokens import Meaning, Names, tokenize
from qunce.members.rule_text.free_text.words import Verb, synonyms
from qunce.sets.rules.grammar.values import quote

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
SEPARATORS = ("and", "and_names", "or", "list", "but", "except", "of")


@dataclass
class Understanding:
    """Reads the items of one sentence from left to right."""

    text: str
    about: About
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

    # Reading

    def read(self, items: Sequence[Item]) -> Any:
        self.items = items
        for index, item in enumerate(items):
            if item.kind in SEPARATORS:
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
        self.marks += combination.check(self.parts, self.text)
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
                for kind, _key in self._objects_of(verb, after[0].value)
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
        if draft.span is not None and not draft.span.value.moves:
            used_as_dates = "during" not in str(clause)
            if used_as_dates:
                self._note_dates(draft.span)

    def _note_dates(self, span: Item) -> None:
        words = self.text[span.start : span.end]
        note = _(
            "“%(words)s” is written as dates, which do not move with the calendar."
        )
        self.notes.append(note % {"words": words})

    # Items

    def _read_other(self, index: int, item: Item) -> None:
        if item.kind == "filler" or self.text[item.start : item.end] == "里":
            return  # it says nothing by itself
        note = _("Say for how many days.") if item.kind == "last" else ""
        self.refuse([item], note)

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
        if self.draft.head is not None and not self.awaits_value:
            if self.draft.kind == "attr" and self._follows(
                index, ("is", "text", "name")
            ):
                self.draft.negation = item
                return
            self._finish()
        if self.draft.negation is not None:
            self.refuse([item])
        self.draft.negation = item

    def _follows(self, index: int, kinds: Sequence[str]) -> bool:
        after = next(
            (each for each in self.items[index + 1 :] if each.kind != "filler"), None
        )
        return after is not None and after.kind in kinds

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
        return self._has_verb_ahead(index) and (
            is_chinese or self.draft.span is not None
        )

    def _has_verb_ahead(self, index: int) -> bool:
        for item in self.items[index + 1 :]:
            if item.kind in SEPARATORS:
                return False
            if item.kind == "verb" or self._is_kind(item):
                return True
        return False

    @staticmethod
    def _is_kind(item: Item) -> bool:
        return item.kind == "name" and any(kind == "kind" for kind, _key in item.value)

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
        if (is_name and self._has_verb_ahead(index)) or (
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

    def _read_me(self, index: int, item: Item) -> None:
        if self._follows(index, ("in_charge",)):
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
        choices = [self._choice(meaning, item) for meaning in meanings]
        if verb.kinds:
            words = synonyms(verb, self.text[item.start : item.end])
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
            choices = [self._choice(meaning, item) for meaning in meanings]
            self._read_ambiguous(item, choices)
            return
        if not meanings:
            self.refuse([item, *([marker] if marker else [])])
            return
        ((kind, key),) = meanings
        self._use_name(item, kind, key)

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
            objects = self._objects_of(verb, meanings)
            if objects:
                return objects
        if self.draft.kind == "attr" and self.draft.value is None:
            values = [each for each in meanings if self._is_value(each)]
            if values:
                return values
        return [each for each in meanings if each[0] in STANDALONE]

    def _is_value(self, meaning: Meaning) -> bool:
        kind, key = meaning
        return kind == "value" and key.startswith(f"{self.draft.key}/")

    @staticmethod
    def _objects_of(verb: Verb, meanings: Sequence[Meaning]) -> list[Meaning]:
        kinds = ["group"] if verb.with_group else []
        kinds += ["category"] if "order.paid" in verb.kinds else []
        return [each for each in meanings if each[0] in kinds]

    def _use_name(self, item: Item, kind: str, key: str) -> None:
        draft = self.draft
        verb = draft.head.value if draft.kind == "verb" and draft.head else None
        if isinstance(verb, Verb) and self._objects_of(verb, [(kind, key)]):
            draft.objects.append((kind, key, item))
            return
        if draft.kind == "attr" and self._is_value((kind, key)):
            draft.value, self.awaits_value = key.partition("/")[2], False
            return
        if draft.head is not None:
            self._finish()
        if kind == "kind":
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

    def _choice(self, meaning: Meaning, item: Item) -> Choice:
        kind, _key = meaning
        name = self.text[item.start : item.end].strip('“”「」『』"《》')
        label = KIND_LABELS.get(kind, kind)
        words = _("%(kind)s %(name)s") % {"kind": _(label), "name": quote(name)}
        return Choice(words, words)


KIND_LABELS = {
    "tag": "tag",
    "group": "group",
    "segment": "segment",
    "frozen": "frozen segment",
    "layer": "layer",
    "source": "source",
    "staff": "staff in charge",
    "attr": "attribute",
    "category": "category",
    "tag_group": "tag group",
}


def understand(text: str, names: Names, about: About, *, today: date) -> Reading:
    """The rule that a free sentence says, or marks for what is not understood."""
    tokens = tokenize(text, names, today=today, currency=about.currency)
    reader = Understanding(text, about)
    rule = reader.read(put_together(tokens, today))
    marks = _with_understood(reader.marks, text)
    return Reading(text, rule, marks, tuple(dict.fromkeys(reader.notes)))


def _with_understood(marks: Sequence[Mark], text: str) -> list[Mark]:
    """Marks for all of the text, in order and without overlaps."""
    result: list[Mark] = []
    at = 0
    for mark in sorted(marks, key=lambda each: (each.start, -each.end)):
        if mark.start < at:
            continue
        if text[at : mark.start].strip():
            result.append(Mark(at, mark.start, "understood"))
        result.append(mark)
        at = mark.end
    if text[at:].strip():
        result.append(Mark(at, len(text), "understood"))
    return result
