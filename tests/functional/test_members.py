"""The member list and a member's page as staff use them, in a browser."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect


def test_columns_views_and_fields_are_changed_in_place(visit: Any) -> None:
    ann = visit("ann")
    ann.go("/members/")
    table = ann.page.locator(".members-table")
    expect(table.get_by_role("columnheader", name="Source")).to_have_count(0)
    columns = ann.page.locator(".columns")
    columns.locator("summary").click()
    columns.get_by_label("Source").check()
    columns.get_by_role("button", name="Apply").click()
    expect(table.get_by_role("columnheader", name="Source")).to_be_visible()
    table.get_by_role("link", name="Net spend").click()
    spend = table.get_by_role("columnheader", name="Net spend")
    expect(spend).to_have_attribute("aria-sort", "descending")
    ann.page.get_by_text("Save view").click()
    expect(ann.page.get_by_label("Name of the view")).to_be_focused()
    ann.page.keyboard.type("Best customers")
    ann.press("Enter")
    view = ann.page.locator(".views").get_by_role("link", name="Best customers")
    expect(view).to_have_attribute("aria-current", "page")
    ann.page.locator(".person").first.focus()
    ann.press("Enter")
    expect(ann.page.locator(".peek .member-line")).to_be_visible()
    ann.go(f"/members/{ann.ids['account']}/")
    line = ann.page.locator(".member-line")
    change = line.get_by_role("link", name="Change the staff in charge")
    change.click()
    picker = line.get_by_role("combobox")
    expect(picker).to_be_focused()
    picker.select_option(label="Ann Lee")
    line.get_by_role("button", name="Save").click()
    expect(line).to_contain_text("Ann Lee")
    expect(change).to_be_focused()
    toast = ann.page.locator("[data-toast]")
    expect(toast).to_contain_text("Ann Lee is in charge")
    toast.get_by_role("button", name="Undo").click()
    expect(ann.page.locator("[data-toast]")).to_contain_text("Nobody is in charge")
    expect(line).not_to_contain_text("Ann Lee")
    assert ann.faults == []
