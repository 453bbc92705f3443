"""Packages with entry points, installed as far as Python's own machinery sees."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ticket_export.infrastructure.storage.registry import GROUP

#: A storage that says how it was opened.
WORKING = """
class Storage:
    provider = "tape"
    place = "tape://drive"
    open_writer = open_reader = delete = list = None

    def __init__(self, url):
        self.url = url

    @classmethod
    def from_url(cls, url, settings):
        return cls(url)
"""


def install(
    site: Path,
    package: str,
    entry_points: Mapping[str, str],
    modules: Mapping[str, str],
    version: str = "1.2.3",
    *,
    group: str = GROUP,
) -> None:
    """Lay a distribution into `site`: its metadata, its entry points by name, and its modules' code by their names."""
    metadata = site / f"{package.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {package}\nVersion: {version}\n", "utf-8")
    lines = [f"[{group}]", *(f"{scheme} = {value}" for scheme, value in entry_points.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines), "utf-8")
    for name, code in modules.items():
        (site / f"{name}.py").write_text(code, "utf-8")
