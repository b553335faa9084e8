"""Debian's Chromium without a window, for the tests that look at pages."""

import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service


def started(*arguments: str, logs: tuple[str, ...] = ("browser",)) -> webdriver.Chrome:
    """The browser; the driver's path is given, so that Selenium looks for none to download. logs: that are kept."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and chromedriver):
        pytest.fail(
            "chromium and chromedriver are wanted on the PATH; Debian: apt-get install chromium chromium-driver"
        )
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", dict.fromkeys(logs, "ALL"))
    for argument in (
        "--headless=new",
        "--window-size=1400,900",
        "--no-sandbox",  # which does not start as root, nor in most containers; the only page is ours
        "--disable-dev-shm-usage",  # small in containers
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        *arguments,
    ):
        options.add_argument(argument)
    return webdriver.Chrome(options=options, service=Service(chromedriver))
