"""Pages with the marks that ticket-export.js reads, as small as they can be."""

from __future__ import annotations

from html import escape
from typing import Final

import attrs

ROOT: Final = "/exports"
LABELS: Final = {"id": "Number", "title": "Title", "status": "Status", "created_at": "Created"}
STYLES: Final = """
[hidden] { display: none !important }
.quiet { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%) }
[data-te-drag] { touch-action: none; cursor: grab }
[data-te-moving] { background: #ddf }
.te-notice { border: 2px solid #a00; padding: .5rem }
"""


@attrs.define
class FakeExport:
    """An export; a test changes its state while a page shows it."""

    number: int
    state: str = "running"
    percent: int = 0
    may_download: bool = True
    #: A Retry-After for its status page.
    retry_after: str = ""

    @property
    def url(self) -> str:
        return f"{ROOT}/{self.number}"

    @property
    def is_active(self) -> bool:
        return self.state in {"queued", "running"}

    @property
    def file(self) -> str:
        return f"{self.url}/file" if self.state == "completed" and self.may_download else ""


def document(kind: str, title: str, contents: str, head: str = "") -> str:
    return f"""<!doctype html><html lang="en" dir="ltr"><head><meta charset="utf-8"><title>{title}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="{ROOT}/static/ticket-export.css">
<script type="module" src="{ROOT}/static/ticket-export.js"></script>{head}</head><body>
<main data-te-page="{kind}" data-te-offline="Not updated; trying again." data-te-unsent="No answer. Please try again.">
<button type="button" data-te-close hidden>Close</button>
<h1>{title}</h1><p role="status" data-te-announce class="quiet"></p>{contents}</main></body></html>"""


def new_page(view: str, columns: list[str], chosen: list[str], mistake: str = "", *, has_zone: bool = False) -> str:
    rows = "".join(
        f"""<li data-te-column="{name}"><button type="button" data-te-drag hidden aria-label="Move">::</button>
<label><input type="checkbox" name="columns" value="{name}" {"checked" if name in chosen else ""}>{LABELS[name]}</label>
<input type="hidden" name="order" value="{name}">
<button name="up" value="{name}" formaction="{ROOT}/new" aria-label="{LABELS[name]} up">Up</button>
<button name="down" value="{name}" formaction="{ROOT}/new" aria-label="{LABELS[name]} down">Down</button></li>"""
        for name in columns
    )
    problems = f'<div data-te-problems role="alert" tabindex="-1">{escape(mistake)}</div>' if mistake else ""
    return document(
        "new",
        "New export",
        f"""{problems}<form data-te-new method="post" action="{ROOT}/">
<input type="hidden" name="csrf" value="token-7"><input type="hidden" name="view" value="{escape(view)}">
<button name="export" value="1" class="quiet" tabindex="-1" aria-hidden="true">Export</button>
<button type="button" data-te-all hidden>All</button><button type="button" data-te-none hidden>None</button>
<ol data-te-columns data-te-moved="{{label}}: place {{place}} of {{count}}" data-te-grabbed="{{label}} grabbed"
 data-te-dropped="{{label}} dropped at {{place}}" data-te-restored="{{label}} back at {{place}}">{rows}</ol>
<label>Time zone <select name="timeZone" {"" if has_zone else "data-te-zone"}>
<option value="UTC">UTC</option><option value="Asia/Tokyo">Tokyo</option></select></label>
<button name="export" value="1">Export</button></form>""",
    )


def status_page(export: FakeExport, message: str = "") -> str:
    short = {"completed": "Export ready", "failed": "Export failed", "cancelled": "Export cancelled"}
    words = short.get(export.state, f"Exporting {export.percent} %")
    csrf = '<input type="hidden" name="csrf" value="token-7">'
    told = f'<p class="te-notice">{message}</p>' if message else ""
    if export.is_active:
        rest = f"""<progress max="100" value="{export.percent}"></progress>
<form method="post" action="{export.url}/cancel">{csrf}<button id="cancel">Cancel</button></form>"""
    elif export.file:
        rest = f'<a id="file" href="{export.file}" download>Download the file</a>'
    elif export.state == "completed":
        rest = "<p>An administrator can download it.</p>"
    else:
        rest = f"""<form method="post" action="{export.url}/retry">{csrf}<button id="retry">Retry</button></form>"""
    return document(
        "status",
        f"{words} - tickets",
        f"""{told}<section data-te-status data-te-active="{"true" if export.is_active else "false"}"
 data-te-file="{export.file}" data-te-state="{export.state}" data-te-short="{words}" data-te-says="{words}.">
<p>{words}, requested <time datetime="2026-11-29T12:00:00Z">29 Nov 2026, 12:00 UTC</time></p>{rest}</section>
<p><a href="{ROOT}/new">New export</a> <a href="{ROOT}/">My exports</a></p>""",
    )


def problem_page(title: str) -> str:
    return document("problem", title, "<p>Ask an administrator.</p>")


def ticket_list(view: str, contents: str = "Export") -> str:
    """Return the host's own page with the element; its fallback is a link."""
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tickets</title>
<link rel="icon" href="data:,"><script type="module" src="{ROOT}/static/ticket-export.js"></script></head><body>
<h1>Tickets</h1><ticket-export view="{escape(view)}"><a href="{ROOT}/new">{contents}</a></ticket-export>
<table><tr><td>A ticket</td></tr></table></body></html>"""
