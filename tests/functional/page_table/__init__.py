"""What each page of the console shows to whom.

Roles are letters: `v`iewer, `o`perator, `m`anager, `s`coped manager, o`w`ner. `opens` are
the roles that may open the page; for the others and for nobody it is not there. `shows`
must be visible to all of them: it is what the page is for. `only` maps what some of them
see to their roles; for the others it must not be visible.

Texts are English sentences of the console, and are looked up in the language of the user.
Those with `=` are data, `css:` is a selector.
"""

from __future__ import annotations

from tests.functional.page_table import (
    activities,
    daily_work,
    groups,
    insight,
    members,
    outreach,
    points,
    prizes,
    settings,
)
from tests.functional.page_table.page import Page

__all__ = ["PAGES", "Page"]
PAGES = (
    *daily_work.PAGES,
    *members.PAGES,
    *outreach.PAGES,
    *activities.PAGES,
    *points.PAGES,
    *prizes.PAGES,
    *groups.PAGES,
    *insight.PAGES,
    *settings.PAGES,
)
