"""K12, I5: chat logs walked through the wizard, to the group's page and its words."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.functional.browser_user import BrowserUser
from tests.functional.test_import_wizard import Wizard

Visit = Callable[..., BrowserUser]
WHATSAPP = """\
1/2/26, 20:15 - Ann created group “周末手冲”
1/2/26, 20:15 - Ann added Bob
1/2/26, 20:16 - Ann: The oolong is back
1/2/26, 20:17 - Bob: <Media omitted>
2/2/26, 08:00 - Bob: oolong please
"""
WECHAT = """\
张三 2026-03-01 20:15:33
乌龙茶到了吗

李四 2026-03-01 20:16:00
到了，乌龙茶和白茶都有
"张三"邀请"王五"加入了群聊
"""


def test_chats_are_read_and_their_words_counted(visit: Visit, tmp_path: Path) -> None:
    wizard = Wizard(visit("ann"))
    path = tmp_path / "chat.txt"
    path.write_text(WHATSAPP)
    wizard.upload(path)
    wizard.user.sees("a chat that WhatsApp exported")
    expect(wizard.question("group").locator("input[id]")).to_have_value("周末手冲")
    wizard.answer("dates:happened_at", "day/month")
    wizard.user.sees("The oolong is back")
    wizard.picture("chat-questions")
    wizard.start()
    wizard.user.sees("new messages")
    wizard.page.get_by_role("link", name="View the group").click()
    wizard.user.sees("Latest messages")
    wizard.user.sees("oolong please")
    # A chat of another group, pasted.
    wizard.user.go("/members/import/new/")
    wizard.page.locator("#text").fill(WECHAT)
    wizard.page.get_by_role("button", name="Preview", exact=True).click()
    wizard.page.wait_for_url(re.compile(r"/import/files/\d+/"))
    wizard.user.sees("text copied from WeChat or WeCom")
    field = wizard.question("group").locator("input[id]")
    with wizard.page.expect_response(re.compile(r"/import/files/\d+/")):
        field.fill("茶友二群")
        field.blur()
    wizard.user.sees("all answered")
    wizard.start()
    wizard.page.get_by_role("link", name="View the group").click()
    wizard.user.sees("乌龙茶到了吗")
    wizard.page.get_by_role("link", name="Words").click()
    expect(wizard.page.locator("main")).to_contain_text("First day")
