"""Whether what a page shows fits.

It scrolls up and down only. No text is outside of its box, no word of a button is broken, and nothing is below Close.
"""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Page

# Nothing inside may be wider either, except what only screen readers see.
_WIDER: Final = """
    () => {
        const page = document.documentElement;
        const dialog = document.querySelector("ticket-export")?.shadowRoot.querySelector("dialog[open]");
        const shown = [page, ...(dialog ? [dialog] : [])];
        return shown.filter((each) => each.scrollWidth > each.clientWidth)
            .map((each) => `${each.localName}: ${each.scrollWidth} > ${each.clientWidth}`);
    }
"""
# A box that cuts what is inside, or whose content begins or ends outside of it. A text of two lines that ends with an
# ellipsis is no such box: its whole text is on the page of the export.
_CLIPPED: Final = """
    () => {
        const dialog = document.querySelector("ticket-export")?.shadowRoot.querySelector("dialog[open]");
        const shown = [...(dialog ?? document).querySelectorAll("*")].filter((each) => each.clientWidth > 1
            && !each.closest(".te-hidden, thead, select, svg") && getComputedStyle(each).webkitLineClamp === "none");
        // Of fractions of a pixel, one number is rounded up and the other one down.
        const isWider = ({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1;
        const isCut = (each) => each !== dialog && getComputedStyle(each).overflowY !== "visible"
            && each.scrollHeight > each.clientHeight + 1;
        return shown.filter((each) => isWider(each) || isCut(each))
            .map((each) => `${each.localName}.${each.className}: ${each.textContent.trim()}`);
    }
"""
# A word of a button that is on more than one line.
_BROKEN: Final = """
    () => {
        const dialog = document.querySelector("ticket-export")?.shadowRoot.querySelector("dialog[open]");
        const buttons = [...(dialog ?? document).querySelectorAll(".te-button, .te-button *")];
        const texts = buttons.flatMap((each) => [...each.childNodes]).filter((each) => each.data?.trim());
        return texts.flatMap((text) => [...text.data.matchAll(/\\S+/g)].filter((found) => {
            const word = document.createRange();
            word.setStart(text, found.index);
            word.setEnd(text, found.index + found[0].length);
            return new Set([...word.getClientRects()].map((each) => each.top)).size > 1;
        })).map(([word]) => word);
    }
"""
# What lies below Close: a notice, or the words of the heading.
_COVERED: Final = """
    (dialog) => {
        const close = dialog.querySelector("[data-te-close]").getBoundingClientRect();
        const words = document.createRange();
        const heading = dialog.querySelector("h1:not([role=alert] *)");
        if (heading) words.selectNodeContents(heading);
        return [...dialog.querySelectorAll("[role=alert]"), words].filter((each) => {
            const { left, right, top, bottom } = each.getBoundingClientRect();
            return left < close.right && close.left < right && top < close.bottom && close.top < bottom;
        }).length;
    }
"""


def assert_fits(page: Page, size: str) -> None:
    """What the page shows fits into its window, which the message names."""
    for script in (_WIDER, _CLIPPED, _BROKEN):
        found = page.evaluate(script)
        assert found == [], f"{size}: {found}"
    dialog = page.get_by_role("dialog")
    if dialog.count():
        assert dialog.evaluate(_COVERED) == 0, size
