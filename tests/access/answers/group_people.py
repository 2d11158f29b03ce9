"""What verbs about people in groups answer to whom; the letters are those of `table`."""

from __future__ import annotations

ANSWERS: dict[str, str] = {
    # Managers change what a group asks and which groups belong together.
    "rrraaanna": """
        groups.entry.gates.configure
        groups.entry.gates.switch
        groups.entry.group_rules.publish
        groups.overlaps.group_sets.archive
        groups.overlaps.group_sets.create
        groups.overlaps.group_sets.update
    """,
    # Answers hold what the asker sees, of their own community.
    "rraaaaaaa": """
        groups.entry.gates.list_visible
        groups.entry.requests.list_visible
        groups.lists.candidates.preview
        groups.lists.lists.list_visible
        groups.overlaps.clean_ups.list_visible
        groups.overlaps.exposures.find
        groups.overlaps.group_sets.list_visible
        groups.patrol.rounds.find_next
        groups.patrol.rounds.list_groups
        groups.patrol.rounds.list_unseen
    """,
    # About a member in a group.
    "rraaannna": """
        groups.entry.group_rules.accept
        groups.entry.requests.answer
        groups.entry.requests.get
        groups.entry.requests.let_in
        groups.entry.requests.mark_done
        groups.entry.requests.open_request
        groups.entry.requests.refuse
        groups.lists.lists.add
        groups.lists.lists.extend
        groups.lists.lists.get
        groups.lists.lists.remove
        groups.patrol.rounds.ask_removal
    """,
    # Numbers of a group.
    "aaaaaanna": """
        groups.entry.group_rules.count_accepted
    """,
    # Somebody who is no member yet may be one whom a scope hides.
    "rraaarrar": """
        groups.lists.candidates.add_all
    """,
    # About a group, or a set all of whose groups are seen.
    "rraaaanna": """
        groups.overlaps.boards.load
        groups.overlaps.clean_ups.preview
        groups.overlaps.group_sets.get
        groups.overlaps.likely_people.find
        groups.patrol.rounds.mark_seen
        groups.patrol.rounds.unmark
        groups.patrol.rounds.view
    """,
    # A clean-up names members of anybody, and whoever started it does not approve it.
    "rraaannnn": """
        groups.overlaps.clean_ups.get
    """,
    "rrraannnn": """
        groups.overlaps.clean_ups.refuse
        groups.overlaps.clean_ups.undo
    """,
    "rrrarnnnn": """
        groups.overlaps.clean_ups.approve
    """,
    # Nobody here is in two groups; tests/groups/overlaps has whom a clean-up moves.
    "rrrxxxnnx": """
        groups.overlaps.clean_ups.start
    """,
}
