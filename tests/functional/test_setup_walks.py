"""Group templates, welcomes and styles of service, from the form to what changes."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

NOBODY = re.compile(r"\b0 members have it")


def test_template_is_changed_compared_and_applied_to_chosen_groups(visit: Any) -> None:
    ann = visit("ann")
    page = ann.page
    ann.go(f"/groups/templates/{ann.ids['group_template']}/")
    ann.link("Edit").click()
    page.get_by_label("Capacity").fill("640")
    ann.button("Save").click()
    # What is different in the group that follows it, and nothing has changed yet.
    expect(page.locator("main")).to_contain_text("1 of 1 group differs")
    page.locator(".setup-rows summary").first.click()
    line = page.locator(".setup-lines li").filter(has_text="400")
    expect(line.first).to_contain_text("640")
    assert not ann.accessibility_faults()
    ann.take_screenshot("group-template-1440")
    ann.link("Apply to groups").click()
    boxes = page.locator("input[name=group]")
    expect(boxes).to_have_count(4)
    expect(page.locator("input[name=group]:checked")).to_have_count(0)
    ann.button("Show what would change").click()
    expect(page.locator("[data-toast]")).to_contain_text("Choose at least one group.")
    ann.link("Tick all 4 groups").click()
    expect(page.locator("input[name=group]:checked")).to_have_count(4)
    boxes.first.uncheck()
    boxes.last.uncheck()
    ann.button("Show what would change").click()
    expect(page.locator("main")).to_contain_text("Nothing is changed yet.")
    expect(page.locator(".setup-rows > li")).to_have_count(2)
    assert not ann.accessibility_faults()
    ann.take_screenshot("group-template-preview-1440")
    ann.button("Apply to 2 groups").click()
    expect(page.locator("main")).to_contain_text("2 applied")
    ann.button("Undo in 2 groups").click()
    expect(page.locator("main")).to_contain_text("2 undone")
    reader = visit("mei", phone=True)
    reader.go(f"/groups/templates/{ann.ids['group_template']}/groups/")
    expect(reader.page.locator("input[name=group]").first).to_be_visible()
    assert not reader.overflows()
    reader.take_screenshot("group-template-choose-390")


def test_welcome_is_written_previewed_and_switched_on(visit: Any) -> None:
    ann = visit("ann", phone=True)
    page = ann.page
    ann.go("/outreach/welcomes/new/")
    page.get_by_label("Name", exact=True).fill("Weekend brewers")
    page.get_by_label("Text", exact=True).fill(
        "Hello {name|friend}, bring your kettle."
    )
    page.get_by_label("members who join a group").check()
    page.get_by_label("Only these groups").select_option(label="周末手冲")
    assert not ann.overflows()
    assert not ann.accessibility_faults()
    ann.take_screenshot("welcome-form-390")
    ann.button("Save").click()
    page.wait_for_url(re.compile(r"/welcomes/\d+/$"))
    detail = page.url
    preview = page.locator("section[aria-labelledby=h-answer]")

    def show_join() -> Any:
        ann.go("/outreach/welcomes/preview/")
        page.get_by_label("Joins the group").select_option(label="周末手冲")
        page.get_by_role("button", name="Show", exact=True).click()
        return preview.locator("li").filter(has_text="Weekend brewers")

    # As long as it is off, nobody gets it, and the preview says so.
    expect(show_join()).not_to_contain_text("fits")
    expect(preview).not_to_contain_text("bring your kettle")
    ann.go(detail)
    ann.button("Switch on").click()
    expect(page.locator("[data-toast]")).to_contain_text("is sent for joins from now")
    expect(show_join()).to_contain_text("fits")
    expect(preview.locator(".bubble")).to_have_text("Hello friend, bring your kettle.")
    assert not ann.overflows()
    ann.take_screenshot("welcome-preview-390")
    ann.go(detail)
    ann.button("Archive").click()
    expect(page.locator("[data-toast]")).to_contain_text("is archived")


def test_style_is_created_given_to_a_group_and_not_deleted_in_use(visit: Any) -> None:
    mei = visit("ann")
    page = mei.page
    mei.go("/outreach/styles/new/")
    page.get_by_label("Name", exact=True).fill("News only")
    page.get_by_label("Minutes until an answer").fill("90")
    mei.button("Save").click()
    card = page.locator("section.card").filter(
        has=page.get_by_role("heading", name="News only")
    )
    expect(card).to_contain_text(NOBODY)
    expect(card).to_contain_text("An answer within 1 hour 30 minutes")
    # By force, as a long list is hidden behind the field that searches it.
    rule = page.locator("[name=rules-0-rule]")
    rule.select_option("group:group-1", force=True)
    page.locator("[name=rules-0-style]").select_option(label="News only", force=True)
    page.locator("form.card").get_by_role("button", name="Save").click()
    # Chats of other tests may have brought more members into the group.
    expect(card).to_contain_text(re.compile(r"\b2\d members have it"))
    assert not mei.accessibility_faults()
    mei.take_screenshot("service-styles-1440")
    card.locator("summary").click()
    expect(card).to_contain_text(re.compile(r"Rule 1 gives it to 2\d members\."))
    expect(card.locator("form")).to_have_count(0)
    rule.select_option("", force=True)
    page.locator("form.card").get_by_role("button", name="Save").click()
    expect(card).to_contain_text(NOBODY)
    card.locator("summary").click()
    expect(card).to_contain_text("This cannot be undone.")
    mei.take_screenshot("service-style-delete-1440")
    card.get_by_role("button", name="Delete “News only”").click()
    expect(page.locator("[data-toast]")).to_contain_text("“News only” was deleted.")
    expect(card).to_have_count(0)
