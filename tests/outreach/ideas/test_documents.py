"""Feeds and pages of strangers: what is read of them, and what they cannot do."""

from __future__ import annotations

import pytest

from qunce.outreach.ideas import links
from qunce.outreach.ideas.documents import decoding, feed_documents, html_pages
from qunce.outreach.ideas.documents.results import FeedDocument
from tests import cpu
from tests.outreach.ideas.web_site import item, rss

URL = "https://news.example/feed/all.xml"
ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://blog.example/a/">
  <title>Brewing</title><id>urn:feed</id><updated>2026-11-01T00:00:00Z</updated>
  <link rel="self" href="https://blog.example/feed"/>
  <entry><id>urn:1</id><title type="html">Cold &lt;b&gt;brew&lt;/b&gt; &amp;amp; ice</title>
    <link rel="enclosure" href="film.mp4"/><link href="cold"/>
    <published>2026-11-01T08:00:00+08:00</published><summary>12 hours</summary></entry>
  <entry xml:base="b/"><id>urn:2</id><title>1 &lt; 2</title><link rel="alternate" href="two"/>
    <updated>2026-11-03T00:00:00Z</updated>
    <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Two <i>cups</i></div></content>
  </entry>
</feed>"""
RSS_1 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
  <channel rdf:about="x"><title>Old news</title><link>https://old.example/</link></channel>
  <item rdf:about="1"><title>First</title><link>https://old.example/1</link>
    <dc:date>2026-11-02</dc:date></item>
  <item rdf:about="2"><title>Second</title><link>https://old.example/2</link>
    <dc:date>2026-11-05T10:00:00Z</dc:date></item></rdf:RDF>"""


def parse(text: str | bytes, content_type: str = "") -> FeedDocument:
    body = text.encode() if isinstance(text, str) else text
    return feed_documents.parse(body, url=URL, content_type=content_type)


def test_atom_is_read_with_its_bases_types_and_dates() -> None:
    found = parse(ATOM)
    assert (found.title, found.error) == ("Brewing", "")
    assert [(e.title, e.url, e.text) for e in found.entries] == [
        ("1 < 2", "https://blog.example/a/b/two", "Two cups"),
        ("Cold brew & ice", "https://blog.example/a/cold", "12 hours"),
    ]


def test_rss_1_is_read_with_the_newest_first() -> None:
    found = parse(RSS_1)
    assert found.title == "Old news"
    assert [e.title for e in found.entries] == ["Second", "First"]


def test_rss_2_without_ids_dates_titles_and_with_relative_links() -> None:
    found = parse(
        rss(
            item(
                1,
                guid="",
                link="../1?a=1&amp;b=2",
                title="&lt;script&gt;x()&lt;/script&gt;<![CDATA[<b>Beans</b>]]>",
            ),
            item(2, guid="", link="javascript:alert(1)", title="No link"),
            item(
                3,
                title="",
                link="",
                guid="https://news.example/3",
                description="Said &lt;p&gt;so",
            ),
            item(4, guid="same"),
            item(5, guid="same", title="Double"),
            "<item/>",
            item(
                6,
                guid="",
                link="data:text/html,x",
                title="\u202eTur\x01ned\u200b \n around",
            ),
        )
    )
    assert [(e.title, e.url) for e in found.entries] == [
        ("Beans", "https://news.example/1?a=1&b=2"),
        ("No link", ""),
        ("Said so", "https://news.example/3"),
        ("Entry 4", "https://news.example/4"),
        ("Turned around", ""),
    ]
    assert len({e.key for e in found.entries}) == 5
    again = parse(
        rss(item(9), item(2, guid="", link="javascript:alert(1)", title="No link"))
    )
    assert found.entries[1].key == again.entries[1].key


@pytest.mark.parametrize(
    "title", ["每日咖啡 & 手冲", "每日咖啡&nbsp;手冲 &unknown; A&B"]
)
def test_usual_mistakes_in_xml_are_forgiven(title: str) -> None:
    found = parse(rss(item(1, title=title)))
    assert found.error == ""
    assert found.entries[0].title.startswith("每日咖啡")


@pytest.mark.parametrize(
    ("codec", "declared", "content_type"),
    [
        ("gb18030", "gb2312", ""),
        ("gb18030", "utf-8", ""),
        ("gb18030", "", "text/xml; charset=GBK"),
        ("utf-8", "gb2312", "text/xml; charset=iso-8859-1"),
        ("utf-8-sig", "", ""),
        ("utf-16", "utf-16", ""),
        ("utf-16-le", "", ""),
        ("big5", "big5", ""),
        ("utf-8", "no-such-code", "text/xml; charset=zlib"),
    ],
)
def test_text_is_read_whatever_its_encoding(
    codec: str, declared: str, content_type: str
) -> None:
    text = rss(item(1, title="手沖咖啡的水溫"))
    if declared:
        text = text.replace('version="1.0"?', f'version="1.0" encoding="{declared}"?')
    found = parse(text.encode(codec), content_type)
    assert [e.title for e in found.entries] == ["手沖咖啡的水溫"]


def test_cut_or_broken_text_is_still_text() -> None:
    assert decoding.decode("水温".encode()[:-1]) == "水"
    assert decoding.decode(b"\xff\xff<rss>").endswith("<rss>")


BOMB = (
    '<!DOCTYPE r [<!ENTITY a "lol">%s]><rss><channel><title>&z;</title></channel></rss>'
)
SIZE = 300_000
HOSTILE = {
    "bomb": (BOMB % "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghz", strict=True)), "forbidden_xml"),
    "file": ('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&x;</title></item></channel></rss>', "forbidden_xml"),
    "declarations": ("<!DOCTYPE a [" + '<!ENTITY a "b" >' * SIZE, "forbidden_xml"),
    "deep": ("<rss><channel>" + "<a>" * SIZE, "forbidden_xml"),
    "wide": ("<rss><channel>" + "<a/>" * SIZE, "forbidden_xml"),
    "unclosed": ("<rss><channel>" + "<c " * SIZE, "broken_xml"),
    "comments": ("<rss><channel>" + "<!--" * SIZE, "broken_xml"),
    "ampersands": ("<rss><channel><title>" + "&a" * SIZE, "broken_xml"),
    "types": ("<!DOCTYPE " * (SIZE // 2), "not_a_feed"),
    "page": ("<html><body><p>Hello", "not_a_feed"),
    "picture": ("\x89PNG\r\n\x1a\n\0\0", "not_a_feed"),
    "spaces": ("<rss><channel><title>" + "\n" * SIZE, "broken_xml"),
    "nested": ("<html><body>" + "<div>" * SIZE, "not_a_feed"),
    "tags": ("<html><meta " + "<link '" * SIZE, "not_a_feed"),
    "scripts": ("<html>" + "<script></script" * SIZE, "not_a_feed"),
    "nothing": ("", "not_a_feed"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_document_is_refused_in_short_time(name: str) -> None:
    text, error = HOSTILE[name]
    # 10 times what it takes; quadratic work would need minutes.
    with cpu.at_most(5):
        assert parse(text).error == error
        html_pages.parse(text.encode(), url=URL)


def test_hostile_text_of_an_entry_is_read_in_short_time() -> None:
    with cpu.at_most(1):
        for text in ("<b>", "<script", "<!--", "<a href='", "&#9999"):
            html_pages.plain_text(text * 20_000)


@pytest.mark.parametrize(
    "url",
    [
        "https://exa\u2100mple.com/",
        "https://a.example:\uff19\uff19/",
        "http\xe9://a.example/",
        "https://a\ud800.example/",
        "java\xe9script:alert(1)",
    ],
)
def test_addresses_that_parsers_disagree_about_are_no_links(url: str) -> None:
    assert not links.is_complete(url)
    assert html_pages.absolute_url("https://b.example/", url) != url


def test_long_feed_is_read_up_to_its_limits() -> None:
    found = parse(rss(*(item(n, title="长" * 5_000) for n in range(300))))
    assert len(found.entries) == feed_documents.MAX_ENTRIES
    assert {len(e.title) for e in found.entries} == {html_pages.MAX_TITLE_LENGTH}


def test_page_says_its_title_text_picture_and_feed() -> None:
    page = """<html><head><title> Slow
      pour </title><meta property="og:title" content="Slow &amp; even &lt;b&gt;">
      <meta name=description content="How to pour."><meta property="og:image" content="/p.jpg">
      <link rel="alternate" type="application/atom+xml" href="feed.xml"></head>"""
    found = html_pages.parse(page.encode(), url="https://blog.example/a/b")
    assert found.title == "Slow & even <b>"
    assert found.description == "How to pour."
    assert found.picture_url == "https://blog.example/p.jpg"
    assert found.feed_url == "https://blog.example/a/feed.xml"
    bad = '<title>T</title><meta property="og:image" content="javascript:alert(1)">'
    found = html_pages.parse(bad.encode(), url="https://blog.example/")
    assert (found.title, found.picture_url) == ("T", "")
