"""A real browser on the server's page: Chromium, driven by Playwright, with no download of either."""

import contextlib
import os
import shutil
import socket
import urllib.parse

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def browser_path():
    """The installed browser; DURI_BROWSER names another one. None where there is none."""
    named = os.environ.get("DURI_BROWSER")
    if named:
        return named
    return next((path for path in map(shutil.which, NAMES) if path), None)


@contextlib.contextmanager
def launched():
    """A headless browser; the test is skipped where one cannot be had."""
    driver = pytest.importorskip(
        "playwright.sync_api", reason="the package playwright is not installed")
    path = browser_path()
    if path is None:
        pytest.skip(f"no browser is installed (looked for {', '.join(NAMES)}, and at DURI_BROWSER)")
    # Chromium's sandbox refuses to run as root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with driver.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


def free_port():
    """A loopback port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class WatchedPage:
    """A page that keeps what must not happen: console errors, faults of scripts, requests to other hosts."""

    def __init__(self, browser, address, **options):
        settings = {"viewport": {"width": 1280, "height": 900}, "locale": "en-US", **options}
        self.address = address
        self.context = browser.new_context(**settings)
        self.context.set_default_timeout(15_000)
        self.page = self.context.new_page()
        self.faults = []
        self.foreign = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._asked)

    def _heard(self, message):
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def _asked(self, request):
        if urllib.parse.urlsplit(request.url).netloc != urllib.parse.urlsplit(self.address).netloc:
            self.foreign.append(request.url)

    def open(self, tab="search", **state):
        """Opens a view by its address, as a link would."""
        search = urllib.parse.urlencode(state, quote_via=urllib.parse.quote)
        # Another address behind the # alone would not load the page again.
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}/#{tab}{'?' + search if search else ''}")
        self.page.wait_for_selector("#collection option", state="attached")
        return self.page

    def close(self):
        self.context.close()
