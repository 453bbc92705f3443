"""The texts of the sample tickets: plain ones, and every kind of text that has ever broken a CSV file."""

from __future__ import annotations

import json

_SUBJECTS = (
    "Cannot log in",
    "Invoice is wrong",
    "VPN drops every hour",
    "Printer prints blank pages",
    "Feature request: dark mode",
    "Password reset e-mail never arrives",
    "Refund for order",
    "Laptop does not start",
    "Access to the shared folder",
    "Mobile app crashes on start",
)
_DETAILS = ("since this morning", "for the whole team", "after the update", "on Windows 11", "again", "- urgent")

#: The plain titles; some tickets have a number after their title.
TITLES = tuple(f"{subject} {detail}" for subject in _SUBJECTS for detail in _DETAILS)

#: Titles that could run a formula, break a record, or confuse a search.
SPECIAL_TITLES = (
    "=1+1",
    '=HYPERLINK("http://example.test","Click me")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+41 44 000 00 00 unreachable",
    "-5 degrees in the server room",
    "\ttab first",
    "  =leading spaces",
    "\uff1dfull-width equals",
    "\uff20full-width at",
    "\uff0bfull-width plus",
    "\uff0dfull-width minus",
    "\rcarriage return first",
    "\u200b\ufeff=behind what takes no room",
    "'already quoted",
    'She said "no", twice',
    "one, two; three|four",
    "first line\nsecond line",
    "carriage return\r\nand line feed",
    "100 % of users_affected",
    "O'Reilly'; DROP TABLE \"Tickets\"; --",
    "\u65e5\u672c\u8a9e\u306e\u30bf\u30a4\u30c8\u30eb",
    "\u0639\u0646\u0648\u0627\u0646 \u0628\u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "\u0417\u0430\u0433\u043e\u043b\u043e\u0432\u043e\u043a, \u043f\u043e-\u0440\u0443\u0441\u0441\u043a\u0438",
    "Stra\u00dfe, \u0130stanbul, na\u00efve caf\u00e9",
    "\u039f\u03b4\u03c5\u03c3\u03c3\u03b5\u03cd\u03c2, \u03a3\u03c9\u03ba\u03c1\u03ac\u03c4\u03b7\u03c2",
    "e\u0301 as two characters, \u00e9 as one",
    "Emoji \U0001f525\U0001f469\u200d\U0001f4bb\U0001f1e8\U0001f1ed",
    "trailing space ",
    "x" * 300,
)

_SENTENCES = (
    "It worked until yesterday.",
    "The message says that access was denied.",
    "I have already restarted the computer, the router and the phone.",
    "Please call me back before noon.",
    "My order number is 4711-0815.",
    "Nothing has changed on our side.",
    "Several colleagues see the same.",
    "Thank you!",
)
_PARAGRAPHS = tuple(
    f"{first} {second} {third}" for first in _SENTENCES for second in _SENTENCES for third in _SENTENCES[:4]
)

#: None, empty, one line, several lines, and some long texts.
DESCRIPTIONS: tuple[str | None, ...] = (
    *_PARAGRAPHS,
    *(paragraph.replace(". ", ".\n") for paragraph in _PARAGRAPHS[::4]),
    *(f"Hello,\r\n\r\n{paragraph}\r\n\r\nRegards" for paragraph in _PARAGRAPHS[::16]),
    *(f'> "{paragraph}"\n\nAs I wrote above.' for paragraph in _PARAGRAPHS[::32]),
    *(" ".join(_SENTENCES) * 12 for _ in range(4)),
    *SPECIAL_TITLES,
    *(None for _ in range(12)),
    *("" for _ in range(4)),
)

CATEGORIES = ("Account", "Billing", "Hardware", "Network", "Software", "Other, unsorted", "-Legacy", "", None)
LANGUAGES = ("en", "en", "en", "de", "fr", "es", "ja", "ar", "ru", None)
SLA_STATUSES = ("on_track", "on_track", "at_risk", "breached", "met", None)

_TAG_LISTS: tuple[tuple[str, ...], ...] = (
    (),
    ("vip",),
    ("billing", "refund"),
    ("bug", "regression", "windows"),
    ("with, comma", 'with "quotes"'),
    ("=cmd|' /C calc'!A0", "safe"),
    ("safe", "=1+1"),
    ("@mention", "+plus", "-minus"),
    ("\u00fcber", "\u65e5\u672c", "\U0001f525"),
    ("two\nlines",),
    ("",),
)

#: JSON arrays of texts, and None.
TAGS: tuple[str | None, ...] = (
    *(json.dumps(tags, ensure_ascii=False) for tags in _TAG_LISTS),
    *(None for _ in range(4)),
)
