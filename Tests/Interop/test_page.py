"""The web page in a real browser, against a real server with a few documents in two languages."""

import json
import pathlib
import re
import urllib.error
import urllib.request

import pytest

from support.browser import WatchedPage, free_port, launched
from support.polling import wait_until
from support.reranker import write_reranker
from support.server import ROOT, DuriServer

PAGE = ROOT / "Sources/HTTPTransport/Resources/page"

# (article, field, Korean title, Korean text, English title, English text)
ARTICLES = [
    ("owl", "animals", "올빼미", "올빼미는 깃털이 부드러워 밤에 소리 없이 난다.",
     "Owls", "Owls have soft feathers and fly at night without a sound."),
    ("bee", "animals", "꿀벌", "꿀벌은 춤을 추어 꽃이 있는 곳을 알린다.",
     "Honeybees", "Honeybees dance to tell where the flowers are."),
    ("bread", "food", "빵", "빵 반죽은 효모가 만든 기체로 부푼다.",
     "Bread", "Bread dough rises with the gas that yeast makes."),
    ("kimchi", "food", "김치", "김치는 배추를 소금에 절여 담그는 한국 음식이다.",
     "Kimchi", "Kimchi is a Korean dish of salted cabbage."),
    ("train", "travel", "고속 열차", "고속 열차는 서울에서 부산까지 세 시간이 걸리지 않는다.",
     "Fast trains", "Fast trains take less than three hours from Seoul to Busan."),
    ("mountain", "travel", "등산", "높은 산에서는 날씨가 빨리 바뀌므로 따뜻한 옷을 챙긴다.",
     "Mountain walks", "Weather changes fast on high mountains, so take warm clothes."),
]
QUESTION = "Which bird flies without a sound at night?"


def documents():
    for article, field, *texts in ARTICLES:
        for lang, title, text in (("ko", *texts[:2]), ("en", *texts[2:])):
            yield {
                "_id": f"{article}.{lang}", "title": title, "text": text,
                "metadata": {"lang": lang, "field": field, "article": article, "tags": [field]},
            }


def lines(entries):
    return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)


@pytest.fixture(scope="module")
def browser():
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def http_port():
    return free_port()


@pytest.fixture(scope="module")
def server_options(browser, http_port, tmp_path_factory):
    # The browser comes first: without one no server is started.
    return ["--http", f"127.0.0.1:{http_port}", "--data", str(tmp_path_factory.mktemp("data")),
            "--reranker", str(write_reranker(tmp_path_factory.mktemp("models") / "random"))]


def post(address, path, body, kind):
    request = urllib.request.Request(address + path, data=body.encode(), headers={"content-type": kind})
    with urllib.request.urlopen(request) as answer:
        return answer.read()


@pytest.fixture(scope="module")
def site(server, http_port):
    """Address of a server with the demo collection."""
    address = f"http://127.0.0.1:{http_port}"

    def answers():
        try:
            return urllib.request.urlopen(f"{address}/v1/model").status == 200
        except urllib.error.URLError:
            return False

    wait_until(answers, 60, "an answer to GET /v1/model")
    post(address, "/v1/collections", '{"name": "demo"}', "application/json")
    post(address, "/v1/collections/demo/documents", lines(documents()), "application/x-ndjson")
    return address


@pytest.fixture
def visit(browser, site):
    """Makes watched pages; afterwards none of them may have had a fault or asked another host."""
    visits = []

    def make(**options):
        visits.append(WatchedPage(browser, site, **options))
        return visits[-1]

    yield make
    for watched in visits:
        watched.close()
        assert watched.foreign == []
        assert watched.faults == []


def column(page, index):
    """Titles of one column's hits, once there are any."""
    page.wait_for_selector("#results .hit")
    return page.locator("#results .column").nth(index).locator(".hitlink").all_inner_texts()


def settled(page):
    page.wait_for_selector("#results[aria-busy=false] .hit")


def expect(page, expression):
    """Waits until JavaScript says so; Playwright's own way of waiting for that needs a laxer policy."""
    wait_until(lambda: page.evaluate(expression), 15, expression)


# Search


def test_search_finds_the_document_in_both_languages(visit):
    page = visit().open()
    page.fill("#query", QUESTION)
    settled(page)
    assert page.locator("#results h2").all_inner_texts()[0].startswith("English")
    assert column(page, 0)[0] == "Owls"
    assert column(page, 1)[0] == "올빼미"
    assert "1" in page.inner_text("#results .rank >> nth=0")
    receipt = page.inner_text("#receipt")
    assert "query:" in receipt and re.search(r"\d+ tokens", receipt)
    assert "Owls" in page.text_content("#search-status")


def test_bars_are_relative_to_the_hits_shown(visit):
    page = visit().open(q=QUESTION, show="all")
    settled(page)
    widths = page.eval_on_selector_all(
        "#results .bar", "bars => bars.map(bar => Number(bar.style.getPropertyValue('--length')))")
    assert widths[0] == 1
    assert widths == sorted(widths, reverse=True)
    assert 0 < widths[-1] < 0.1


def test_modes_rank_by_other_evidence(visit):
    page = visit().open(q="cabbage", show="en")
    settled(page)
    assert "cosine" in page.inner_text("#results .evidence >> nth=0")
    page.check("#modes input[value=text]", force=True)
    expect(page, "document.querySelector('#results .evidence')?.textContent.includes('BM25')")
    assert column(page, 0) == ["Kimchi"]
    page.check("#modes input[value=hybrid]", force=True)
    expect(page, "document.querySelector('#results .evidence')?.textContent.includes('words #1')")
    assert "mode=hybrid" in page.url


def test_the_cross_encoder_has_the_last_word(visit):
    page = visit().open(q=QUESTION, show="all")
    settled(page)
    page.wait_for_selector("#modes input[value=rerank]:enabled", state="attached")
    page.check("#modes input[value=rerank]", force=True)
    expect(page, "document.querySelector('#results .evidence')?.textContent.includes('re-ranked')")
    assert "mode=rerank" in page.url
    scores = [float(re.search(r"re-ranked (-?[\d.]+)", text).group(1))
              for text in page.locator("#results .evidence").all_inner_texts()]
    assert len(scores) == len(list(documents()))
    assert scores == sorted(scores, reverse=True) and scores[0] > scores[-1]


def test_without_a_cross_encoder_its_mode_is_off(browser, tmp_path):
    server = DuriServer("--data", str(tmp_path))
    try:
        post(server.url, "/v1/collections", '{"name": "demo"}', "application/json")
        post(server.url, "/v1/collections/demo/documents", lines(documents()), "application/x-ndjson")
        watched = WatchedPage(browser, server.url)
        page = watched.open(q="cabbage", mode="rerank")
        settled(page)
        expect(page, "document.querySelector('#model-line').textContent !== ''")
        assert page.is_disabled("#modes input[value=rerank]")
        page.focus("#modes .tipbutton")
        assert "without a reranker" in page.inner_text("#modes [role=tooltip]")
        watched.close()
        assert watched.foreign == [] and watched.faults == []
    finally:
        assert server.stop() == 0


def test_a_link_brings_the_search_back(visit):
    page = visit().open(q="cabbage", mode="text", show="all", **{"in": "demo"})
    settled(page)
    assert page.input_value("#query") == "cabbage"
    assert page.is_checked("#modes input[value=text]")
    assert column(page, 0) == ["Kimchi"]


def test_an_older_answer_is_dropped(visit):
    page = visit().open(show="all")
    held = []

    def hold(route):
        if "bread" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/search", hold)
    page.fill("#query", "bread")
    wait_until(lambda: page.evaluate("1") and held, 15, "the first search")
    page.fill("#query", "cabbage dish")
    settled(page)
    assert column(page, 0)[0] == "Kimchi"
    assert held[0].request.failure == "net::ERR_ABORTED"


def test_a_hit_opens_the_document_with_its_sibling(visit):
    page = visit().open(q=QUESTION)
    settled(page)
    page.click("#results .hitlink >> nth=0")
    page.wait_for_selector("dialog[open] #sibling-title")
    assert page.inner_text("#document-title") == "Owls"
    assert page.inner_text("#sibling-title") == "올빼미"
    assert page.get_attribute("#document article >> nth=1", "lang") == "ko"
    page.go_back()
    expect(page, "!document.querySelector('#document').open")
    link = visit().open(q=QUESTION, doc="bee.ko")
    link.wait_for_selector("dialog[open] #sibling-title")
    assert link.inner_text("#document-title") == "꿀벌"


def test_a_missing_collection_is_explained(visit):
    page = visit().open(q="x", **{"in": "nowhere"})
    page.wait_for_selector("#results .notice")
    assert "nowhere" in page.inner_text("#results .notice")
    assert page.get_attribute("#results .notice a", "href").startswith("#import")


# Language


def test_interface_in_both_languages(visit):
    watched = visit(locale="ko-KR")
    page = watched.open(q=QUESTION)
    settled(page)
    assert page.get_attribute("html", "lang") == "ko"
    assert page.inner_text("[data-tab=search]") == "검색"
    assert column(page, 0)[0] == "올빼미"
    page.click("[data-language=en]")
    assert page.get_attribute("html", "lang") == "en"
    assert page.inner_text("[data-tab=search]") == "Search"
    assert column(page, 0)[0] == "Owls"
    page = watched.open()
    assert page.get_attribute("html", "lang") == "en", "the choice was not remembered"


def test_every_string_stands_in_both_languages(visit):
    page = visit().open()
    keys = page.evaluate(
        "async () => { const { strings } = await import('/strings.js');"
        " return [Object.keys(strings.en), Object.keys(strings.ko)]; }")
    assert sorted(keys[0]) == sorted(keys[1])
    for language in ("en", "ko"):
        page.click(f"[data-language={language}]")
        assert page.eval_on_selector_all(
            "[data-t]", "all => all.filter(one => !one.textContent.trim()).length") == 0


# Comparison


def test_heat_map_of_sentences(visit):
    page = visit().open("compare")
    page.fill("#sentences", "오늘 날씨가 좋네요.\nThe weather is nice today.\nStock prices fell.")
    page.click("#compare-form .primary")
    expect(page, "document.querySelectorAll('#heatmap td').length === 9")
    cells = page.locator("#heatmap td").all_inner_texts()
    assert [cells[0], cells[4], cells[8]] == ["1.00"] * 3
    assert float(cells[1]) > float(cells[2].replace("−", "-"))
    assert page.get_attribute("#heatmap td >> nth=1", "class") == "closest"
    assert page.locator("#heatmap th[scope=row]").count() == 3
    assert page.locator("#heatmap th[scope=col]").count() == 4
    assert page.locator("#heatmap caption").count() == 1
    assert cells[1] in page.inner_text(".heatlegend")
    page.focus("#heatmap td >> nth=0")
    page.keyboard.press("ArrowRight")
    assert "The weather is nice today." in page.inner_text(".pairdetail")


# Map


def test_map_has_a_point_for_every_document(visit):
    page = visit().open("map", q=QUESTION)
    page.wait_for_selector(f"#map-canvas[data-points='{2 * len(ARTICLES)}'][data-query=placed]")
    assert "Owls" in page.locator("#map-nearest .hitlink").all_inner_texts()
    assert page.locator("#map-legend .group").count() == 3
    page.focus("#map-canvas")
    page.keyboard.press("ArrowRight")
    title = page.inner_text("#map-tooltip strong")
    assert title in page.text_content("#map-status")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    assert page.inner_text("#document-title") == title


# Import


def test_import_of_pasted_lines(visit):
    page = visit().open("import")
    extra = [{"_id": "tea", "text": "Green tea is picked in spring.", "metadata": {"year": 2024}}]
    page.fill("#paste", lines(list(documents()) + extra) + "no JSON\n")
    page.fill("#target", "pasted-lines")
    page.wait_for_selector("#preview li")
    page.click("#import-start")
    page.wait_for_selector("[data-state=finished]")
    figures = page.locator(".figures dd").all_inner_texts()
    assert figures[0] == figures[1] == str(2 * len(ARTICLES) + 1)
    assert figures[4] == "1", "the line that is no JSON"
    assert page.get_attribute("#import-progress progress", "value") == "100"
    page.click("#import-progress a")
    page.fill("#query", "tea")
    settled(page)
    assert "in=pasted-lines" in page.url
    page.check("#shows input[value=all]", force=True)
    expect(page, "document.querySelector('#results .hitlink').textContent.includes('tea')")


def test_import_of_a_text_file_cut_at_blank_lines(visit, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_bytes("첫째 글이다.\n이어진다.\n\n\n둘째 글이다.\n".encode("euc-kr"))
    page = visit().open("import")
    page.set_input_files("#file", path)
    expect(page, "document.querySelectorAll('#preview li').length === 2")
    assert page.inner_text("#preview li >> nth=0") == "첫째 글이다. 이어진다."
    assert page.input_value("#target") == "notes"
    page.click("#import-start")
    page.wait_for_selector("[data-state=finished]")
    assert page.inner_text(".figures dd >> nth=0") == "2"


def test_import_can_be_cancelled(visit):
    page = visit().open("import")
    page.route("**/documents", lambda route: None)
    page.fill("#paste", "One passage.\n\nAnother.")
    page.fill("#target", "never-filled")
    page.click("#import-start")
    page.click("#import-cancel")
    page.wait_for_selector("[data-state=cancelled]")
    assert page.is_enabled("#import-start")


# Everyone


def test_keyboard_alone_is_enough(visit):
    page = visit().open()
    page.wait_for_selector(".examples a")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "query"
    page.keyboard.type(QUESTION)
    settled(page)
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "Owls"
    outline = page.evaluate("getComputedStyle(document.activeElement, '::after').outlineStyle")
    assert outline == "solid", "the focus does not show"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "올빼미"
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    expect(page, "!document.querySelector('#document').open")
    assert page.evaluate("document.activeElement.textContent") == "올빼미"


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
def test_a_narrow_screen_does_not_scroll_sideways(visit, locale):
    watched = visit(locale=locale, viewport={"width": 360, "height": 740})
    for tab, ready in [
        ("search", "#results .hit"), ("compare", "#heatmap td"), ("map", "#map-canvas[data-points]"),
        ("import", "#import-start"),
    ]:
        page = watched.open(tab, q=QUESTION)
        page.wait_for_selector(ready)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, tab


def test_every_control_has_a_name(visit):
    watched = visit()
    for tab in ("search", "compare", "map", "import"):
        page = watched.open(tab, q=QUESTION)
        nameless = page.eval_on_selector_all(
            "button, input, select, textarea, a, canvas",
            """all => all.filter(one => one.offsetParent
              && !one.getAttribute('aria-label') && !one.textContent.trim()
              && !one.labels?.length).map(one => one.outerHTML)""")
        assert nameless == []


def test_an_absent_server_is_told_and_its_return_noticed(browser, site):
    watched = WatchedPage(browser, site)
    page = watched.open()
    page.route("**/v1/**", lambda route: route.abort())
    page.fill("#query", "owl")
    page.wait_for_selector("#outage:not([hidden])")
    assert "does not answer" in page.inner_text("#outage")
    page.unroute("**/v1/**")
    page.wait_for_selector("#outage", state="hidden")
    settled(page)
    watched.close()
    assert watched.foreign == []


def test_page_is_served_under_a_strict_policy(site):
    with urllib.request.urlopen(site) as answer:
        policy = answer.headers["content-security-policy"]
        page = answer.read().decode()
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy or "default-src 'self'" in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)


# Contrast (WCAG 2.1, 1.4.3 and 1.4.11)


def luminance(colour):
    parts = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def schemes():
    style = pathlib.Path(PAGE / "style.css").read_text()
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)[:2])
    return {"light": light, "dark": {**light, **dark}}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_keep_their_contrast(scheme):
    colours = schemes()[scheme]
    text = [(ink, ground) for ink in ("ink", "soft", "faint", "accent", "warn", "bad")
            for ground in ("paper", "surface")]
    text += [(ink, "tint") for ink in ("ink", "soft", "faint", "accent")]
    text += [("accent-ink", "accent"), ("heat-ink", "heat-low"), ("heat-ink", "heat-high")]
    signs = [(sign, ground) for sign in ("control", "bar") for ground in ("paper", "surface")]
    signs += [(f"group-{index}", "surface") for index in range(8)]
    for pairs, least in ((text, 4.5), (signs, 3)):
        for one, other in pairs:
            low, high = sorted((luminance(colours[one]), luminance(colours[other])))
            assert (high + 0.05) / (low + 0.05) >= least, (one, other)
