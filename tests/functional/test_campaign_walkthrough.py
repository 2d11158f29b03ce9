"""An evening offer, from the first click to the result of the next day.

The writer sits at a desk or has a phone, and the manager has a phone. The real sender
sends through a channel that records, by a clock that the test hands in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright import sync_api as playwright
from playwright.sync_api import expect

from tests import browser, home
from tests.functional import clocked_site, conftest, offer_shops, offer_site, test_guide
from tests.functional.browser_user import BrowserUser
from tests.functional.clocked_site import Site
from tests.functional.offer_shops import WORDS
from tests.functional.walker import Walker

NUMBER = "#"
"""Stands for a number that is not known."""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TEXTS = {
    "zh-hans": (
        "{name|朋友}，今晚八点起，桂花乌龙第二件半价。",
        "{name|朋友}，给您留了一份桂花乌龙，今晚八点先来挑。",
    ),
    "en": (
        "{name|friend}, osmanthus oolong is half price from eight tonight.",
        "{name|friend}, we kept some osmanthus oolong for you. Come first, at eight.",
    ),
}
"""The text for everyone else, and that for VIPs."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = home.migrated(tmp_path_factory.mktemp("offer"))
    with clocked_site.running(folder, "tests.functional.offer_site") as running:
        yield running


@pytest.fixture
def visit(
    site: Site, chromium: playwright.Browser, request: pytest.FixtureRequest
) -> Iterator[Any]:
    yield from conftest.visits(site.url, {}, chromium, site.sessions, request)


@dataclass
class OfferWalk(Walker):
    """The steps of the offer, from eleven in the morning on."""

    site: Site
    prefix: str
    at: datetime

    def __post_init__(self) -> None:
        self.words = WORDS[self.language]

    def work(self, at: datetime, **asked: Any) -> list[dict[str, Any]]:
        self.at = at
        return self.site.work(at, **asked)

    def write(self) -> None:
        everybody, vip = TEXTS[self.language]
        page = self.page
        self.user.go("/outreach/")
        self.follow("New campaign")
        page.locator("input[name=name]").fill(self.words.image)
        page.get_by_label(self.label("Target audience")).select_option("all")
        page.locator("textarea[name=text]").fill(everybody)
        self.open("Add materials")
        picker = page.locator("[data-picked]")
        for title in (self.words.link, self.words.image):
            picker.get_by_label(title).check()
            expect(picker.locator("[data-chosen]")).to_contain_text(title)
        self.open("Other texts for some of them")
        variant = page.locator("fieldset.variant").first
        variant.get_by_label(self.label("Name of the variant")).fill("VIP")
        variant.get_by_label(self.label("For"), exact=True).select_option("segment:VIP")
        variant.get_by_label(self.label("Text of the variant")).fill(vip)
        self.open("Purpose, hold-out and rate")
        page.locator("input[name=hold_out]").fill("20")
        staff = page.locator("input[name=staff]").first
        expect(staff).to_be_visible()
        page.locator("select[name=channel]").select_option(offer_shops.CHANNEL)
        expect(staff).to_be_hidden()
        expect(page.locator("#preview .bubble")).to_contain_text(everybody[-8:])
        self.photograph("form")
        self.click("Continue to review")
        page.wait_for_url(re.compile(r"/review/"))

    def review(self) -> int:
        """Who gets what, who does not and why; returns how many get it."""
        page = self.page
        lines = page.locator(".funnel tr")
        shown = [
            (line.locator("th").inner_text(), line.locator("td").inner_text())
            for line in lines.all()
        ]
        numbers = {text: int(re.sub(r"\D", "", number)) for text, number in shown}
        reasons = {
            "works here or is a volunteer": 1,
            "has left the community": 1,
            "has opted out of messages": len(offer_shops.OPTED_OUT),
            "the contact limit is reached": len(offer_shops.AT_LIMIT),
        }
        for reason, count in reasons.items():
            assert numbers[self.label(reason)] == count
        held_out = numbers[self.label("is held out for comparison")]
        assert 2 < held_out < 25
        matched = numbers[self.label("matched")]
        size = numbers[self.label("members will receive it")]
        assert matched == offer_shops.MEMBERS + 1
        assert matched == size + held_out + sum(reasons.values())
        sizes = page.locator("dt .num").all_inner_texts()
        assert sum(map(int, sizes)) == size
        assert 0 < int(sizes[0]) <= offer_shops.VIPS
        last = self.count(
            "For %(shown)s member this is the last message that the contact limit "
            "allows for now.",
            "For %(shown)s members this is the last message that the contact limit "
            "allows for now.",
            2,
            shown=NUMBER,
        )
        start, end = last.split(NUMBER)
        expect(page.locator("main")).to_contain_text(
            re.compile(rf"{re.escape(start)}\d+{re.escape(end)}")
        )
        self.read_samples(page)
        return size

    def read_samples(self, page: playwright.Page) -> None:
        """Ten real names, each with the text that this member gets."""
        samples = page.locator(".samples li")
        expect(samples).to_have_count(10)
        everybody, vip = TEXTS[self.language]
        for sample in samples.all():
            name = sample.locator("strong").inner_text()
            written = vip if sample.locator(".chip").count() else everybody
            expected = re.sub(r"\{name\|\w+\}", name, written)
            expect(sample.locator(".sample-text")).to_have_text(expected)

    def test(self) -> None:
        self.open("Send a test to myself")
        own = f"{self.prefix}-own"
        expect(self.page.locator("#test_key")).to_have_value(own)
        self.click("Send the test")
        expect(self.page.locator("[data-toast]")).to_be_visible()
        arrived = self.work(self.at + MINUTE)
        assert [message["to"] for message in arrived] == [own, own]
        texts = [message["text"].splitlines()[0] for message in arrived]
        assert texts == [
            re.sub(r"\{name\|\w+\}", self.words.writer, text)
            for text in TEXTS[self.language]
        ]
        assert all(len(message["links"]) == 2 for message in arrived)

    def submit(self, when: datetime) -> str:
        """Submit it for the evening; returns the path of the campaign."""
        needed = self.label("So many recipients need the approval of a second person.")
        expect(self.page.locator("main")).to_contain_text(needed)
        self.page.locator("#submit_at").fill(f"{local(when):%Y-%m-%dT%H:%M}")
        self.page.locator("form[action$='/submit/'] button").click()
        self.page.wait_for_url(re.compile(r"/outreach/\d+/$"))
        in_review = self.label_in("campaign", "in review")
        expect(self.page.locator("main .chip").first).to_contain_text(in_review)
        return "/" + self.page.url.split("/", 3)[3]

    def approve(self, boss: BrowserUser, size: int, when: datetime) -> None:
        """On a phone, from Today."""
        page = boss.page
        boss.go("/")
        page.get_by_role("link", name=self.words.image).first.click()
        page.wait_for_url(re.compile(r"/review/"))
        self.read_samples(page)
        button = page.locator("form[action$='/approve/'] button")
        expect(button).to_contain_text(
            self.count("%(n)s member", "%(n)s members", size)
        )
        expect(button).to_contain_text(f"{local(when):%H:%M}")
        Walker(boss, self.language, "offer").photograph("approval")
        button.click()
        expect(page.locator("[data-toast]").first).to_be_visible()

    # 20:00

    def send(self, path: str, size: int, when: datetime) -> None:
        """At the rate of the channel, of which the page shows the progress."""
        self.user.go(path)
        expect(self.page.locator("main")).to_contain_text(f"{local(when):%H:%M}")
        arrived = self.work(when)
        assert len(arrived) == offer_shops.PER_MINUTE
        self.user.go(path)
        # Whoever is over the limit has a row as well, which says so.
        over = len(offer_shops.AT_LIMIT)
        progress = self.label(
            "%(done)s of %(total)s done, %(asserted)s",
            done=offer_shops.PER_MINUTE + over,
            total=size + over,
            asserted=NUMBER,
        )
        expect(self.page.locator("#result")).to_contain_text(progress.split(NUMBER)[0])
        waiting = self.label_in("recipient", "waiting to be sent")
        expect(self.page.locator("#result")).to_contain_text(waiting)
        self.photograph("sending")
        minute = 0
        while len(arrived) < size:
            minute += 1
            batch = self.work(when + minute * MINUTE)
            assert 0 < len(batch) <= offer_shops.PER_MINUTE
            arrived += batch
        assert len({message["to"] for message in arrived}) == len(arrived) == size
        vips = {f"{self.prefix}-m{number:02}" for number in range(offer_shops.VIPS)}
        self.link = arrived[0]["links"][0]
        for message in arrived:
            written = TEXTS[self.language][message["to"] in vips]
            assert message["text"].startswith(
                re.sub(r"\{name\|\w+\}", self.name_of(message["to"]), written)
            )

    def name_of(self, key: str) -> str:
        number, size = int(key[-2:]), len(self.words.first)
        first, second = (
            self.words.first[number % size],
            self.words.second[number // size],
        )
        return f"{first}{self.words.separator}{second}"

    def send_to_groups(self) -> None:
        """Three of five groups get it, and the others say why they do not."""
        page = self.page
        self.user.go("/outreach/new/")
        page.locator("input[name=name]").fill(self.words.shop)
        page.locator("input[name=target][value=groups]").check()
        for group in self.words.groups:
            page.get_by_label(group, exact=True).check()
        page.locator("textarea[name=text]").fill("{group} 🍵")
        page.locator("select[name=channel]").select_option(offer_shops.CHANNEL)
        self.click("Continue to review")
        page.wait_for_url(re.compile(r"/review/"))
        for group in self.words.groups:
            expect(page.locator(".samples")).to_contain_text(f"{group} 🍵")
        self.photograph("groups-review")
        page.locator("form[action$='/start/'] button").click()
        page.wait_for_url(re.compile(r"/outreach/\d+/$"))
        arrived = self.work(self.at + MINUTE)
        texts = [f"{group} 🍵" for group in self.words.groups[:3]]
        assert [message["text"] for message in arrived] == texts
        page.reload()
        why = ("the group is muted now", "I am not in this group")
        for reason in why:
            row = page.get_by_role("row").filter(has_text=self.label(reason))
            expect(row.locator(".num")).to_have_text("1")
        self.photograph("groups-result")
        page.get_by_role("link", name=self.label(why[0])).click()
        for group, reason in zip(self.words.groups[3:], why, strict=True):
            row = page.get_by_role("row").filter(has_text=group)
            expect(row).to_contain_text(self.label(reason))

    # The next day

    def open_link(self) -> None:
        """A member opens the link of their message."""
        agent = "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.49"
        answer = httpx.get(self.link, headers={"User-Agent": agent})
        assert answer.headers["Location"] == offer_shops.ADDRESS

    def read_result(self, path: str, size: int) -> None:
        """What it caused stands beside the hold-out."""
        self.user.go(path)
        page = self.page
        happened = page.get_by_role(
            "region", name=self.label("What happened then")
        ).locator(".figure")
        figures = {
            re.sub(r"^\d+\s*", "", text): int(text.split()[0])
            for text in happened.all_inner_texts()
        }
        assert figures[self.label("ordered within 7 days")] == offer_shops.ORDERED
        left = self.label("left within 24 hours")
        assert figures[left] == offer_shops.LEFT_AFTERWARDS
        compared = page.locator("section[aria-labelledby=effects]")
        pattern = self.pattern(
            "%(with_it)s %% of %(treated)s recipients ordered within 7 days, and "
            "%(without)s %% of %(control)s members who were held out."
        )
        found = pattern.search(compared.inner_text())
        assert found, compared.inner_text()
        assert str(size) in found.groups()
        (row,) = page.locator("section[aria-labelledby=links] tbody tr").all()
        expect(row).to_contain_text(offer_shops.ADDRESS)
        expect(row.locator(".num").first).to_have_text("1")
        self.see("result")


def local(at: datetime) -> datetime:
    """By the clock of the shops."""
    return at + 8 * HOUR


@pytest.mark.parametrize(("prefix", "day"), [("zh", 0), ("en", 2)])
def test_evening_offer_from_the_first_click_to_the_result(
    site: Site, visit: Any, prefix: str, day: int
) -> None:
    """In Chinese at a desk, in English on a phone."""
    start = offer_site.START + timedelta(days=day)
    site.work(start)
    writer = visit(f"{prefix}-writer", phone=prefix == "en")
    language = offer_site.LANGUAGES[prefix]
    walk = OfferWalk(writer, language, "offer", site, prefix, start)
    walk.write()
    size = walk.review()
    walk.see("review")
    walk.test()
    evening = start + 9 * HOUR
    path = walk.submit(evening)
    walk.approve(visit(f"{prefix}-manager", phone=True), size, evening)
    walk.send(path, size, evening)
    walk.send_to_groups()
    campaign = int(path.split("/")[2])
    walk.work(evening + 2 * HOUR, shop=prefix, campaign=campaign)
    walk.open_link()
    walk.work(start + timedelta(days=1))
    walk.read_result(path, size)
    if browser.PICTURES:
        photograph(visit(f"{prefix}-writer", viewport=test_guide.DESKTOP), prefix, path)


def photograph(user: BrowserUser, language: str, campaign: str) -> None:
    """Take the pictures of the guide that need a campaign with a result."""
    user.go("/outreach/materials/")
    test_guide.take_picture(user, language, "materials")
    user.go(campaign)
    test_guide.take_picture(user, language, "campaign_result")
    user.page.locator("section[aria-labelledby=links]").scroll_into_view_if_needed()
    test_guide.take_picture(user, language, "links")


@pytest.mark.parametrize(("prefix", "phone"), [("zh", True), ("en", False)])
def test_what_is_wrong_is_said_in_a_sentence(
    site: Site, visit: Any, prefix: str, phone: bool
) -> None:
    user = visit(f"{prefix}-manager", phone=phone)
    walker = Walker(user, offer_site.LANGUAGES[prefix], "offer")
    page = user.page

    def draft(number: int, text: str) -> None:
        rule = json.dumps({"members": {"keys": [f"{prefix}-m{number:02}"]}})
        user.go(f"/outreach/new/?rule={quote(rule)}")
        page.locator("input[name=name]").fill("?")
        page.locator("textarea[name=text]").fill(text)
        walker.click("Continue to review")

    draft(30, "{nmae}")
    wrong = page.locator("span.error")
    expect(wrong).to_contain_text("{nmae}")
    expect(wrong).to_contain_text("{name}")
    walker.photograph("unknown-variable")
    # The only member has opted out.
    draft(offer_shops.OPTED_OUT[0], "Hello")
    nobody = "There are no recipients left. Change the target audience."
    walker.reads(walker.label(nobody))
    expect(page.locator("main button.primary")).to_have_count(0)
    expect(page.locator(".samples")).to_have_count(0)
    walker.photograph("nobody")
    draft(30, "Hello")
    walker.open("Start later")
    page.locator("#send_at").fill("2001-01-01T10:00")
    walker.click("Schedule")
    walker.reads(walker.label("Choose a time in the future."))
    walker.photograph("past")
    walker.open("Submit for approval")
    page.locator("#submit_at").fill("2001-01-01T10:00")
    page.locator("form[action$='/submit/'] button").click()
    walker.reads(walker.label("Choose a time in the future."))
    walker.open("Submit for approval")
    page.locator("form[action$='/submit/'] button").click()
    walker.follow("View the review")
    own = "You cannot approve your own campaign. Ask somebody else."
    walker.reads(walker.label(own))
    walker.photograph("own")
    user.go("/outreach/materials/new/?kind=image")
    poster = {"name": "poster.png", "mimeType": "image/png", "buffer": b"<html></html>"}
    page.locator("input[type=file]").set_input_files([poster])
    page.get_by_label(walker.label("Name"), exact=True).fill("Poster")
    walker.click("Save")
    refused = walker.pattern(
        "“%(name)s” is not what its name says: its content is %(found)s. "
        "Choose another file, or correct its name."
    )
    expect(page.locator("main")).to_contain_text(refused)
    expect(page.locator("main")).to_contain_text("poster.png")
    walker.photograph("file")
