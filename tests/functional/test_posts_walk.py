"""A post with pictures: written, accepted, featured, made a material, consent withdrawn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from qunce.demo.coffee import posts as demo_posts
from tests.functional import member_site
from tests.functional.conftest import Site

TEXT = "耶加雪菲用 92 度冲，柑橘味很明显 <b>凉了更甜</b>。"


@pytest.fixture(scope="module")
def ask(site: Site) -> Iterator[Any]:
    with member_site.running(site.home) as ask:
        yield ask


def files(count: int) -> list[dict[str, Any]]:
    return [
        {"name": f"{n}.png", "mimeType": "image/png", "buffer": demo_posts.draw(n)}
        for n in range(count)
    ]


@pytest.mark.parametrize("has_script", [True, False])
def test_a_post_is_featured_until_its_author_withdraws(
    has_script: bool, visit: Any, ask: Any
) -> None:
    asked = ask("posts")
    author = visit(phone=True, locale="zh-CN", java_script_enabled=has_script)
    page = author.page
    page.goto(asked["links"][0])
    page.get_by_role("button", name="这是我的链接", exact=True).click()
    page.wait_for_url(re.compile(re.escape(asked["page"])))
    page.get_by_label("正文").fill(TEXT)
    page.get_by_label("商品（选填）").fill("耶加雪菲 250 克")
    page.get_by_label("评分（选填）").select_option("5")
    page.get_by_label("图片，最多 9 张").set_input_files(files(3))
    page.get_by_label("可以选为精华").check()
    page.get_by_label("可以用在发给其他用户的消息里").check()
    author.take_screenshot(f"posts-form-{has_script}")
    assert not author.overflows()
    page.get_by_role("button", name="发布", exact=True).click()
    expect(
        page.get_by_text("我们的员工看过之后，其他人才能看到你的帖子")
    ).to_be_visible()
    desk = visit("xia", locale="zh-CN")
    desk.page.goto(f"/activities/posts/{asked['pk']}/")
    desk.take_screenshot(f"posts-console-list-{has_script}")
    assert desk.accessibility_faults() == []
    desk.page.get_by_role("link", name="查看并处理").click()
    desk.page.get_by_role("button", name="通过", exact=True).click()
    desk.page.get_by_role("button", name="加精", exact=True).click()
    desk.page.get_by_role("button", name="奖励 50 积分").click()
    desk.page.get_by_role("button", name="做成素材").click()
    expect(desk.page.get_by_text("素材已入库").first).to_be_visible()
    desk.take_screenshot(f"posts-console-detail-{has_script}")
    assert desk.accessibility_faults() == []
    assert not desk.overflows()
    reader = visit(phone=True, locale="zh-CN", java_script_enabled=has_script)
    reader.page.goto(f"{asked['best']}?q=柑橘")
    expect(reader.page.get_by_text("收到奖励").first).to_be_visible()
    reader.take_screenshot(f"posts-best-{has_script}")
    assert not reader.overflows()
    if has_script:
        assert reader.accessibility_faults() == []
    page.goto(asked["page"])
    page.get_by_role("link", name=re.compile("耶加雪菲用")).first.click()
    page.get_by_label("可以选为精华").uncheck()
    page.get_by_label("可以用在发给其他用户的消息里").uncheck()
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text(re.compile("撤回")).first).to_be_visible()
    author.take_screenshot(f"posts-own-{has_script}")
    assert not author.overflows()
    reader.page.goto(f"{asked['best']}?q=柑橘")
    expect(reader.page.get_by_text("没有包含所有这些词的帖子")).to_be_visible()
    desk.page.reload()
    expect(desk.page.get_by_text("作者已撤回对此用途的同意。").first).to_be_visible()
    narrow = visit("xia", phone=True, locale="zh-CN")
    narrow.page.goto(desk.page.url)
    narrow.take_screenshot(f"posts-console-phone-{has_script}")
    assert not narrow.overflows()
