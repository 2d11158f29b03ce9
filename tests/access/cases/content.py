"""How the sweep calls verbs: materials, message templates and ideas."""

from __future__ import annotations

import io
from datetime import timedelta

from qunce.outreach.content.materials.search import Filters
from qunce.outreach.ideas import feeds, festivals
from qunce.outreach.ideas import search as idea_search
from tests.access.cases.base import after, case, just, one
from tests.access.world import World

case(
    "outreach.content.files",
    store=lambda world: {"content": io.BytesIO(b"Hello"), "name": "a.txt"},
)
case(
    "outreach.content.materials.library",
    create=just(kind="text", title="New", text="New", content_type="care"),
    update=one("material", title="Other"),
    archive=one("material"),
    restore=one("material"),
    list_visible=just(),
    get=lambda world: {"pk": world.ids["material"]},
)
case("outreach.content.materials.search", find=just(filters=Filters()))
case(
    "outreach.content.message_templates",
    create=just(name="New", purpose="welcome", texts={"A": "Hello"}),
    update=one("template", name="Other"),
    archive=one("template"),
    restore=one("template"),
    list_visible=just(),
    get=lambda world: {"pk": world.ids["template"]},
)
case(
    "outreach.campaigns.content_uses",
    list_uses=one("material"),
    total_results=one("material"),
    count_by_material=just(),
    list_template_results=one("template"),
)


def coming_day(world: World) -> dict[str, str]:
    (first, *_others) = festivals.coming_days(
        world.at.date() + timedelta(days=1), world.community.region
    )
    return {"key": first.key}


case(
    "outreach.ideas.ideas",
    create=just(title="New"),
    update=one("idea", title="Other"),
    move=one("idea", to="draft"),
    list_visible=just(),
    get=lambda world: {"pk": world.ids["idea"]},
)
case("outreach.ideas.archive", archive=one("idea"), restore=one("idea"))
case(
    "outreach.ideas.assignment",
    assign=lambda world: {
        "idea": world.get("idea"),
        "staff": world.owner,
        "due_at": world.at + timedelta(days=1),
    },
    unassign=one("idea"),
)
case("outreach.ideas.idea_materials", make_material=one("idea"))
case(
    "outreach.ideas.pasted_links",
    paste=just(text="https://x.example/"),
    read_again=one("idea"),
)
case("outreach.ideas.search", find=just(filters=idea_search.Filters()))
case("outreach.ideas.festivals", add_idea=coming_day, list_suggestions=just())
case(
    "outreach.ideas.feeds",
    add=just(url="https://x.example/feed"),
    update=one("feed", title="Other"),
    pause=one("feed"),
    resume=after(feeds.pause, one("feed")),
    fetch_soon=one("feed"),
    remove=one("feed"),
    list_visible=just(),
    get=lambda world: {"pk": world.ids["feed"]},
)
