"""URLs of the console, from one folder per area."""

from __future__ import annotations

from importlib import import_module

from django.urls import URLPattern, URLResolver, include, path

# "members/" is last of its kind, because its own paths would hide the longer prefixes.
AREAS = (
    ("", "today"),
    ("", "login"),
    ("members/tags/", "tags"),
    ("members/tag-rules/", "tag_rules"),
    ("members/segments/", "segments"),
    ("members/layers/", "layers"),
    ("members/surveys/", "surveys"),
    ("members/import/", "importing"),
    ("members/", "members"),
    ("outreach/materials/", "materials"),
    ("outreach/ideas/", "ideas"),
    ("outreach/templates/", "message_templates"),
    ("outreach/limits/", "contact_budget"),
    ("outreach/care/", "care"),
    ("outreach/calendar/", "content_calendar"),
    ("outreach/series/", "series"),
    ("outreach/styles/", "service_styles"),
    ("outreach/welcomes/", "welcomes"),
    ("outreach/inbox/", "inbox"),
    ("outreach/", "tasks"),
    ("outreach/playbooks/", "playbooks"),
    ("outreach/", "outreach"),
    ("activities/points/", "points"),
    ("activities/levels/", "levels"),
    ("activities/prizes/", "prizes"),
    ("activities/draws/", "draws"),
    ("activities/instant-draws/", "instant_draws"),
    ("activities/games/", "games"),
    ("activities/polls/", "polls"),
    ("activities/tasks/", "tiered_tasks"),
    ("activities/topics/", "topics"),
    ("activities/posts/", "posts"),
    ("activities/mall/", "mall"),
    ("activities/live/", "live_sessions"),
    ("activities/homework/", "homework"),
    ("activities/meetups/", "meetups"),
    ("activities/flash-sales/", "flash_sales"),
    ("activities/auctions/", "auctions"),
    ("activities/", "activities"),
    ("sidebar/", "sidebar"),
    ("sales/", "sales"),
    ("groups/templates/", "group_templates"),
    ("groups/moderation/", "moderation"),
    ("groups/complaints/", "complaints"),
    ("groups/wishes/", "wishes"),
    ("groups/digests/", "digests"),
    ("groups/lists/", "lists"),
    ("groups/entry/", "entry"),
    ("groups/overlaps/", "overlaps"),
    ("groups/patrol/", "patrol"),
    ("groups/", "groups"),
    ("insight/typed-numbers/", "typed_numbers"),
    ("insight/notebook/", "notebook"),
    ("insight/", "insight"),
    ("settings/channels/", "channels"),
    ("settings/webhooks/", "webhooks"),
    ("settings/member-pages/", "member_pages"),
    ("settings/", "settings"),
    ("search/", "search"),
)

urlpatterns: list[URLPattern | URLResolver] = [
    path(prefix, include(import_module(f"qunce.console.{area}.urls")))
    for prefix, area in AREAS
]
