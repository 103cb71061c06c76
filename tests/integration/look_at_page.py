"""Opens a page in the host's browser as different visitors and prints as JSON what each sees; run by test_index_page.

Usage: look_at_page.py BROWSER URL DIRECTORY < visitors.json; a visitor is a name and options of a browser's context.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

SEEN = """() => {
  const shown = one => one.checkVisibility();
  const every = words => [...document.querySelectorAll(words)];
  const style = getComputedStyle(document.body);
  return {
    choices: every("#choose details").map(one => [one.querySelector("summary").firstChild.textContent.trim(), one.open]),
    versions: every("tbody tr.version").filter(shown).map(one => one.textContent),
    rows: every("tbody tr:not(.version)").filter(shown).length,
    buttons: every("button").filter(shown).length,
    form: every("form").filter(shown).length,
    colours: [style.color, style.backgroundColor],
    wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
}"""


def look(browser: Browser, url: str, directory: str, visitor: dict[str, Any]) -> dict[str, Any]:
    """Return the page as a visitor sees it; with scripts, the visitor then searches and copies."""
    options = dict(visitor)
    name = options.pop("name")
    context = browser.new_context(**options)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: None if request.url == url else problems.append(request.url))
    page.goto(url)
    page.wait_for_timeout(200)  # the browser reports its operating system asynchronously
    seen: dict[str, Any] = {**page.evaluate(SEEN), "problems": problems}
    page.screenshot(path=f"{directory}/{name}.png", full_page=True)
    if options.get("java_script_enabled", True):
        seen |= use(page)
    context.close()
    return seen


def use(page: Page) -> dict[str, Any]:
    """Search, and copy the first offered line."""
    page.fill("#search", "3.8.1 minimal")
    found = page.evaluate(SEEN)
    page.locator("#choose details[open] button").first.click()
    page.wait_for_function("document.querySelector('#choose details[open] button').textContent !== 'copy'")
    said = page.locator("#choose details[open] button").first.text_content()
    return {"found": [found["versions"], found["rows"], page.text_content("#count")], "copied": said}


def main() -> None:
    """Open the page as every visitor."""
    program, url, directory = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        sys.stdout.write(json.dumps([look(browser, url, directory, visitor) for visitor in json.load(sys.stdin)]))
        browser.close()


if __name__ == "__main__":
    main()
