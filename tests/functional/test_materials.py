"""A picture is pasted into the library and goes out with a campaign, at a desk and a phone."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

PASTE = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 90, height: 60 });
  canvas.getContext("2d").fillRect(10, 10, 40, 30);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const data = new DataTransfer();
  data.items.add(new File([blob], "image.png", { type: "image/png" }));
  document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
}"""


def test_pasted_picture_is_found_and_added_to_a_campaign(visit: Any) -> None:
    writer = visit("sue")
    page = writer.page
    writer.go("/outreach/materials/new/?kind=image")
    page.evaluate(PASTE)
    expect(page.locator("[data-new] canvas")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("桂花海报")
    page.get_by_label("offer").check()
    page.get_by_label("Text that goes with it").fill("Thursday ☕\n\nfrom ten")
    assert not writer.overflows()
    writer.button("Save").click()
    expect(page.get_by_text("image.png")).to_be_visible()
    assert not writer.accessibility_faults()
    page.get_by_text("Use in a campaign").click()
    picker = page.locator("[data-picked]")
    expect(picker.get_by_label("桂花海报")).to_be_checked()
    writer.go("/outreach/new/")
    page.get_by_text("Add materials").click()
    page.get_by_placeholder("Any word, or pinyin of a name").fill("guihua")
    picker.get_by_label("桂花海报").check()
    expect(picker.locator("[data-chosen]")).to_contain_text("桂花海报")
    page.get_by_label("Name", exact=True).fill("Osmanthus")
    page.get_by_label("Target audience").select_option("all")
    writer.button("Save as draft").click()
    expect(page.locator(".part img")).to_be_visible()
    reader = visit("mei", phone=True)
    reader.go("/outreach/materials/?q=guihua")
    expect(reader.page.locator(".material-card img")).to_be_visible()
    assert not reader.overflows()
    assert not reader.accessibility_faults()
    reader.take_screenshot("materials-390")
    reader.go("/outreach/templates/new/")
    reader.page.locator("[name=text_A]").fill("Hello {nmae}")
    expect(reader.page.locator("#preview")).to_contain_text("{name}")
    assert not reader.overflows()
