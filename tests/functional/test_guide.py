"""Screenshots of the guide, which `make pictures` takes."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.functional import page_urls, test_import_wizard, test_staff_walk
from tests.functional.browser_user import BrowserUser

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
MAX_BYTES = 100_000
DESKTOP = {"width": 1200, "height": 760}


def today(user: BrowserUser) -> None:
    user.go("/")


def import_file(user: BrowserUser) -> None:
    user.go(f"/members/import/files/{user.ids['upload']}/")


def import_questions(user: BrowserUser) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # A heading of the language's own, as answers are kept for the next file.
        language = user.page.locator("html").get_attribute("lang") or ""
        since = "Member since" if language.startswith("en") else "入会日期"
        path = test_import_wizard.write_members(Path(folder), since)
        test_import_wizard.Wizard(user).upload(path)


def import_report(user: BrowserUser) -> None:
    user.go(f"/members/import/{user.ids['job_refunds']}/")


def members(user: BrowserUser) -> None:
    user.go(f"/members/?tag={user.ids['tag']}")
    user.press("ArrowDown")
    expect(user.page.locator("#peek > *").first).to_be_visible()


def member(user: BrowserUser) -> None:
    user.go(f"/members/{user.ids['account']}/")


def segment(user: BrowserUser) -> None:
    user.go(f"/members/segments/{user.ids['segment']}/")
    user.page.locator("#sample button").first.click()
    expect(user.page.locator("#why .chip").first).to_be_visible()


def rule_sentence(user: BrowserUser) -> None:
    user.go("/members/segments/new/")
    user.page.locator("#sentence").fill("半年没买过的 VIP，排除这周已触达的大客户")
    expect(user.page.locator("#sentence-reading mark")).to_be_visible()


def rank_form(user: BrowserUser) -> None:
    user.go("/members/segments/new/")
    user.page.locator(".add summary").first.click()
    user.page.locator("button[value='add::rank']").first.click()
    expect(user.page.locator("[name=c-by]")).to_be_visible()


def watched_segment(user: BrowserUser) -> None:
    user.go(f"/members/segments/{user.ids['segment']}/")
    user.page.locator(".chart-figure").scroll_into_view_if_needed()
    # The chart is drawn when it comes into view.
    chart = user.page.locator(".chart-figure [data-chart]").first
    expect(chart).to_have_attribute("data-drawn", "yes")
    user.page.locator(".wide-card").last.scroll_into_view_if_needed()


def layers(user: BrowserUser) -> None:
    user.go(f"/members/layers/{user.ids['layering']}/")


def layer_changes(user: BrowserUser) -> None:
    user.go(f"/members/layers/{user.ids['layering']}/changes/")


def review(user: BrowserUser) -> None:
    user.go(f"/outreach/{user.ids['draft']}/review/")


def content_calendar(user: BrowserUser) -> None:
    user.go("/outreach/calendar/")


def series(user: BrowserUser) -> None:
    user.go(f"/outreach/series/{user.ids['series']}/")


def contact_limits(user: BrowserUser) -> None:
    user.go("/outreach/limits/")


def care(user: BrowserUser) -> None:
    user.go("/outreach/care/")


def welcomes(user: BrowserUser) -> None:
    user.go("/outreach/welcomes/")


def group_template(user: BrowserUser) -> None:
    user.go(f"/groups/templates/{user.ids['group_template']}/")
    user.page.locator(".setup-rows summary").first.click()


def service_styles(user: BrowserUser) -> None:
    user.go("/outreach/styles/")


def metrics(user: BrowserUser) -> None:
    user.go("/insight/")
    user.page.locator(".metric-section").first.scroll_into_view_if_needed()


def ratios(user: BrowserUser) -> None:
    user.go("/insight/")


def groups_compared(user: BrowserUser) -> None:
    user.go("/insight/groups/")


def peak_hours(user: BrowserUser) -> None:
    user.go("/insight/hours/")


def findings(user: BrowserUser) -> None:
    user.go("/insight/findings/")


def goals(user: BrowserUser) -> None:
    user.go("/insight/goals/")


def positioning(user: BrowserUser) -> None:
    user.go("/insight/positioning/")


def report(user: BrowserUser) -> None:
    user.go(f"/insight/reports/{user.ids['report']}/")


def retention(user: BrowserUser) -> None:
    user.go("/insight/retention/?period=month&count=12&return=order.paid&by=source")


def funnel(user: BrowserUser) -> None:
    user.go(f"/insight/funnels/{user.ids['funnel']}/?by=source")


def tag_rules(user: BrowserUser) -> None:
    user.go("/members/tag-rules/")


def staff_performance(user: BrowserUser) -> None:
    test_staff_walk.open_until_today(user)
    user.page.locator("#h-tasks").scroll_into_view_if_needed()


def tag_rule_dry_run(user: BrowserUser) -> None:
    user.go(f"/members/tag-rules/{user.ids['tag_rule_keyword']}/dry-run/?days=30")


def score(user: BrowserUser) -> None:
    user.go("/insight/scores/of/activity/")


def moderation_case(user: BrowserUser) -> None:
    # The author of the first one has a name that is as long as names may be.
    user.go(f"/groups/moderation/cases/{user.ids['moderation_case'] + 1}/")


def connect_matrix(user: BrowserUser) -> None:
    user.go("/settings/channels/matrix/connect/")


def activity_live(user: BrowserUser) -> None:
    user.go(f"/activities/{user.ids['activity_live']}/")


def activity_review(user: BrowserUser) -> None:
    user.go(f"/activities/{user.ids['activity_over']}/results/")


def page(view: str) -> Callable[[BrowserUser], None]:
    """Return a function that opens the page of a view."""

    def open_page(user: BrowserUser) -> None:
        user.go(page_urls.list_urls(user.ids)[view])

    return open_page


PICTURES: dict[str, Callable[[BrowserUser], None]] = {
    "today": today,
    "import": import_file,
    "import_questions": import_questions,
    "import_report": import_report,
    "members": members,
    "member": member,
    "segment": segment,
    "rule_sentence": rule_sentence,
    "rank_form": rank_form,
    "watched_segment": watched_segment,
    "layers": layers,
    "layer_changes": layer_changes,
    "tag_rules": tag_rules,
    "tag_rule_dry_run": tag_rule_dry_run,
    "review": review,
    "content_calendar": content_calendar,
    "series": series,
    "contact_limits": contact_limits,
    "care": care,
    "welcomes": welcomes,
    "group_template": group_template,
    "service_styles": service_styles,
    "numbers": metrics,
    "ratios": ratios,
    "groups_compared": groups_compared,
    "peak_hours": peak_hours,
    "findings": findings,
    "report": report,
    "goals": goals,
    "positioning": positioning,
    "retention": retention,
    "funnel": funnel,
    "staff_performance": staff_performance,
    "score": score,
    "inbox": page("inbox:detail"),
    "complaint": page("complaints:detail"),
    "wishes": page("wishes:list"),
    "digest": page("digests:detail"),
    "lists": page("lists:list"),
    "entry_gate": page("entry:gate"),
    "overlaps": page("overlaps:board"),
    "patrol": page("patrol:list"),
    "connect_matrix": connect_matrix,
    "activity_live": activity_live,
    "activity_review": activity_review,
    "moderation_queue": page("moderation:queue"),
    "moderation_case": moderation_case,
    "moderation_rule": page("moderation:rule-update"),
}
PHONE_PICTURES = ("task", "sidebar")
OFFER_PICTURES = ("materials", "campaign_result", "links")
"""What test_campaign_walkthrough takes of a campaign that has a result."""
WALK_PICTURES = (
    "playbook_graph",
    "rehearsal",
    "who_is_left",
    "ideas",
    "typed_numbers",
)
"""What test_working_week takes of a playbook and of tasks, and test_ideas of the box, and
test_typed_numbers of the grid."""

MEMBER_PICTURES = (
    "member_check_in",
    "member_streak",
    "member_certificate",
    "member_prize",
)
"""What test_member_pages takes on the phone of a member."""


def take_picture(user: BrowserUser, language: str, name: str) -> None:
    user.page.wait_for_load_state("networkidle")
    folder = GUIDE / language / "images"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.jpg"
    user.page.screenshot(path=path, type="jpeg", quality=60)


@pytest.mark.pictures
@pytest.mark.parametrize(("language", "login"), [("zh", "mei"), ("en", "ann")])
def test_desktop_screenshots(visit: Any, language: str, login: str) -> None:
    user = visit(login, viewport=DESKTOP)
    for name, open_page in PICTURES.items():
        open_page(user)
        take_picture(user, language, name)


@pytest.mark.pictures
@pytest.mark.parametrize(
    ("language", "login", "task"), [("zh", "chen", "task"), ("en", "sue", "task_en")]
)
def test_phone_screenshots(visit: Any, language: str, login: str, task: str) -> None:
    user = visit(login, phone=True)
    user.go(f"/outreach/tasks/{user.ids[task]}/")
    take_picture(user, language, "task")
    user.go(f"/sidebar/members/{user.ids['account']}/")
    take_picture(user, language, "sidebar")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_guide_shows_every_screenshot(language: str) -> None:
    pages = (GUIDE / language).glob("[1-9]*.md")
    text = "".join(page.read_text("utf-8") for page in pages)
    pictures = set(re.findall(r"\(images/(\w+)\.jpg\)", text))
    taken = {
        *PICTURES,
        *PHONE_PICTURES,
        *OFFER_PICTURES,
        *WALK_PICTURES,
        *MEMBER_PICTURES,
    }
    assert pictures == taken
    files = [GUIDE / language / "images" / f"{name}.jpg" for name in pictures]
    assert max(file.stat().st_size for file in files) <= MAX_BYTES
