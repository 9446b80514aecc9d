"""Logging in as a person does, in a real browser."""

from typing import TYPE_CHECKING

from tests.samples import BANK
from tests.ui.browsing import Site, ask, is_complaint

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_a_person_logs_in_and_asks(locked_site: Site, browser: "Browser") -> None:
    from playwright.sync_api import expect

    context = browser.new_context()
    page = context.new_page()
    failed: list[str] = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto(locked_site.url)
    page.get_by_label("username").fill("anna")
    page.get_by_label("password").fill("wrong")
    page.get_by_role("button", name="Login").click()
    expect(page.get_by_text("Incorrect Credentials")).to_be_visible()
    page.get_by_label("username").fill("anna")
    page.get_by_label("password").fill("pass:word")
    page.get_by_role("button", name="Login").click()
    expect(page.get_by_role("textbox", name="Question")).to_be_visible()
    expect(ask(page, BANK).locator(".pc-answer")).to_contain_text("OCBC Bank")
    cookies = context.cookies()
    assert {cookie["name"].rsplit("-", 1)[0] for cookie in cookies} >= {"pincite"}
    assert all(cookie["httpOnly"] and cookie["sameSite"] == "Lax" for cookie in cookies)
    assert failed == []
    context.close()


def test_the_page_asks_for_nothing_that_is_refused(site: Site, browser: "Browser") -> None:
    context = browser.new_context()
    page = context.new_page()
    refused: list[str] = []
    said: list[str] = []
    page.on("response", lambda one: refused.append(f"{one.status} {one.url}") if one.status >= 400 else None)
    page.on("console", lambda line: said.append(line.text) if is_complaint(line) else None)
    page.goto(site.url)
    ask(page, BANK)
    page.reload()
    ask(page, BANK)
    context.close()
    assert (refused, said) == ([], [])
