"""What a file's tags leave open before the start: new tags and their near twins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow.compute as pc
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.core import errors
from qunce.importing.files import sources
from qunce.importing.plan.questions import Choice
from qunce.importing.tags import tag_entries
from qunce.importing.values import list_columns, lists
from qunce.members.tags import levels, library, naming
from qunce.members.tags.models import Tag

if TYPE_CHECKING:
    from qunce.importing.plan.plan import ImportPlan

MAX_NEW_TAGS = 3_000
"""More are no tags but texts, such as names or remarks."""
MAX_NOTED = 20


class TooManyNewTags(errors.Invalid):
    """The column holds texts rather than tags."""


def ask(plan: ImportPlan, field: str) -> None:
    """Note the tags that the file would create, and ask about near twins.

    Raises TooManyNewTags.
    """
    if field not in plan.heading_of:
        return
    new = _list_new(plan, field)
    if not new:
        return
    tags = Tag.objects.filter(community=plan.community).exclude(state="merged")
    rows = list(tags.order_by("-pk").values_list("key", "name"))
    # The oldest of equal names is found, and a key before any name.
    keys_of_names = {name: key for key, name in rows} | {
        key: key for key, _name in rows
    }
    twins = naming.similar_names_of_each(new, [*keys_of_names, *new])
    for index, name in enumerate(new):
        # A twin that is itself new represents both, so that only one of them is asked.
        others = [
            twin
            for twin in twins.get(name, ())
            if twin in keys_of_names or twin in new[:index]
        ]
        is_near = any(naming.fold(twin) == naming.fold(name) for twin in others)
        others = list(dict.fromkeys(keys_of_names.get(twin, twin) for twin in others))
        _ask_about(plan, field, name, others, is_near, keys_of_names.get(name, ""))
    meanings = {
        question.key.partition(":")[2]: question.value
        for question in plan.questions
        if question.name == tag_entries.QUESTION
    }
    # A name that is still asked about may become another tag.
    created = [name for name in new if meanings.get(name, name) == name]
    if created:
        plan.notes.append(_describe_new(created))


def _list_new(plan: ImportPlan, field: str) -> list[str]:
    """Return the names in the column that no tag has, in the order of the file.

    Raises TooManyNewTags.
    """
    index = plan.source.headings.index(plan.heading_of[field])
    separator = plan.traits[field].separator if field in plan.traits else ";"
    names: dict[str, None] = {}
    for batch in sources.read_batches(plan.source):
        cells = pc.unique(pc.drop_null(batch.columns[index]))
        usual = list_columns.parse(cells, separator)
        if usual is not None:
            names |= dict.fromkeys(filter(None, list_columns.split(usual)[2]))
            continue
        for cell in cells.to_pylist():
            names |= dict.fromkeys(lists.split(cell, separator))
    forms = {entry: naming.normalise(entry) for entry in names}
    found = library.find(plan.community, forms.values())
    unknown_forms = [form for form in forms.values() if form not in found]
    has_depths = _ask_about_depths(plan, field, unknown_forms)
    new: dict[str, None] = {}
    for form in unknown_forms:
        name, suffix = levels.split_depth(form)
        if has_depths and not suffix:
            name, suffix = levels.split_marked_depth(form)
        new[name] = None
    found = library.find(plan.community, new)
    unknown = [name for name in new if name and name not in found]
    if len(unknown) > MAX_NEW_TAGS:
        raise TooManyNewTags(
            _(
                "“%(heading)s” has %(count)s different tags that do not exist yet, such "
                "as “%(first)s” and “%(second)s”. A file can create at most %(most)s. "
                "Map the column to something else, or choose another separator."
            )
            % {
                "heading": plan.heading_of[field],
                "count": f"{len(unknown):,}",
                "first": unknown[0],
                "second": unknown[1],
                "most": f"{MAX_NEW_TAGS:,}",
            }
        )
    return unknown


def _ask_about_depths(plan: ImportPlan, field: str, forms: Sequence[str]) -> bool:
    """Return whether the 3 of `VIP(3)` is a depth, and ask where the file may mean both.

    It is one if all such names are those of tags, or occur in the file without it.
    """
    marked = {
        form: parts
        for form in forms
        if not levels.split_depth(form)[1]
        and (parts := levels.split_marked_depth(form))[1]
    }
    if not marked:
        return False
    names = [name for name, _suffix in marked.values()]
    known = {*library.find(plan.community, names), *forms}
    known |= {levels.split_depth(form)[0] for form in forms}
    is_clear = all(name in known or names.count(name) > 1 for name in names)
    heading = plan.heading_of[field]
    first, (name, suffix) = next(iter(marked.items()))
    question = plan.ask(
        f"{tag_entries.DEPTH_QUESTION}:{heading}",
        heading=heading,
        text=_(
            "Does the number behind tags in “%(heading)s” say how often they were added?"
        )
        % {"heading": heading},
        choices=[
            Choice(
                tag_entries.AS_DEPTH,
                _("yes, it is the depth"),
                f"{first} → {name}{suffix}",
            ),
            Choice(tag_entries.AS_NAME, _("no, it is a part of the name"), first),
        ],
        suggestion=tag_entries.AS_DEPTH if is_clear else "",
    )
    return question.value == tag_entries.AS_DEPTH


def _describe_new(new: Sequence[str]) -> str:
    names = _(", ").join(f"“{name}”" for name in new[:MAX_NOTED])
    if len(new) > MAX_NOTED:
        names += " …"
    return ngettext(
        "%(count)d tag is new: %(names)s.",
        "%(count)d tags are new: %(names)s.",
        len(new),
    ) % {"count": len(new), "names": names}


def _ask_about(
    plan: ImportPlan,
    field: str,
    name: str,
    twins: Sequence[str],
    is_near: bool,
    same: str,
) -> None:
    """Ask which tag is meant if there is a near twin; only note others.

    `same` is the key of the tag that is shown under this name, which is meant if nobody
    says otherwise.
    """
    key = f"{tag_entries.QUESTION}:{name}"
    given = plan.options.answers.get(key, "") or plan.remembered.get(key, "")
    if not (is_near or same or given):
        if twins:
            plan.notes.append(
                _("“%(name)s” is new and similar to: %(twins)s.")
                % {"name": name, "twins": _(", ").join(f"“{twin}”" for twin in twins)}
            )
        return
    values = dict.fromkeys(filter(None, [same, *twins, name, given]))
    plan.ask(
        key,
        heading=plan.heading_of[field],
        text=_("Is “%(name)s” a tag of its own?") % {"name": name},
        choices=[
            Choice(
                value,
                _("a new tag “%(name)s”") % {"name": name}
                if value == name
                else _("the tag “%(tag)s”") % {"tag": value},
            )
            for value in values
        ],
        suggestion=same,
    )
