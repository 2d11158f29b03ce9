"""A playbook is edited as a graph with the keyboard and the mouse, and as a list on a phone."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, expect


def test_a_playbook_is_edited_as_a_graph_and_as_a_list(visit: Any) -> None:
    writer = visit("sue")
    page = writer.page
    writer.go("/outreach/playbooks/new/")
    page.locator("button[value='first-days']").click()
    writer.link("As a graph").click()
    boxes = page.locator("a.box:not(.blank)")
    expect(boxes.nth(4)).to_be_visible()
    count = boxes.count()
    # The arrow keys go from box to box, and Enter opens the form of one.
    boxes.first.focus()
    page.keyboard.press("ArrowDown")
    expect(boxes.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2").first).to_contain_text("Step 1")
    writer.take_screenshot("playbook-graph-1440")
    page.locator("#panel textarea[name=text]").fill("Hello {nmae}")
    page.locator("#panel .playbook-form button.primary").click()
    expect(page.locator("a.box.faulty").first).to_be_visible()
    expect(page.locator("#panel")).to_contain_text("There is no variable {nmae}.")
    page.locator("#panel textarea[name=text]").fill("Hello {name|there}")
    page.locator("#panel .playbook-form button.primary").click()
    expect(boxes.first).to_contain_text("Hello {name|there}")
    assert not writer.accessibility_faults()
    # A box that is dragged onto another one moves behind it.
    moved = boxes.nth(1).get_attribute("data-step")
    boxes.nth(1).drag_to(boxes.nth(2))
    expect(page.locator(f"a.box[data-step='{moved}']")).to_have_attribute(
        "aria-current", "true"
    )
    expect(boxes.nth(2)).to_have_attribute("data-step", moved)
    # A way is connected to a step further on, and the arrow of it is a jump.
    choose(boxes.first)
    page.locator("#connect-to").select_option(moved)
    writer.button("Connect").click()
    expect(page.locator("path.jump")).to_have_count(1)
    expect(boxes).to_have_count(count + 1)
    choose(boxes.nth(1))
    page.locator("[data-delete] button").click()
    expect(boxes).to_have_count(count)
    # In a dark room, in Chinese; and without the script everything is still a form.
    reader = visit("mei", color_scheme="dark")
    reader.go(re.sub(r"\?.*", "", page.url))
    reader.page.locator("a.box:not(.blank)").first.click()
    expect(reader.page.locator("#panel textarea").first).to_be_visible()
    reader.take_screenshot("playbook-graph-zh-dark")
    assert not reader.accessibility_faults()
    phone = visit("mei", phone=True, java_script_enabled=False)
    phone.go(re.sub(r"graph/.*", "edit/", page.url))
    expect(phone.page.locator(".playbook-steps .step")).to_have_count(count)
    phone.page.locator(".playbook-steps .step a").first.click()
    expect(phone.page.locator("textarea[name=text]")).to_be_visible()
    phone.take_screenshot("playbook-step-390")


def choose(box: Locator) -> None:
    """Click a box, and wait until the panel beside the graph is that of its step."""
    box.click()
    expect(box).to_have_attribute("aria-current", "true")
