"""LibreOffice, which reads a file as a user's spreadsheet does."""

from __future__ import annotations

import subprocess
from pathlib import Path

import attrs

#: Its CSV filter with a comma and quotation marks, in UTF-8, from the first line on; the formats of columns follow.
CSV_FILTER = "44,34,76,1"
# Texts enclosed, and cells as they are shown.
_SAVED_AS_CSV = f"csv:Text - txt - csv (StarCalc):{CSV_FILTER},,0,true,true,false"


@attrs.frozen
class LibreOffice:
    """`folder` is for its profile and its files; a profile of its own, so that other processes do not wait for it."""

    program: str
    folder: Path

    def as_csv(self, path: Path, *, read_as: str | None = None) -> str:
        """Return the first sheet of the file as CSV; `read_as` is the filter that reads it."""
        return self.convert(path, _SAVED_AS_CSV, read_as=read_as)

    def as_flat_xml(self, path: Path, *, read_as: str | None = None) -> str:
        """Return the file as an OpenDocument spreadsheet in one XML text."""
        return self.convert(path, "fods", read_as=read_as)

    def convert(self, path: Path, target: str, *, read_as: str | None = None) -> str:
        """Return the file as `target`, a filter that writes, or an extension."""
        subprocess.run(
            [
                self.program,
                f"-env:UserInstallation={(self.folder / 'profile').as_uri()}",
                "--headless",
                "--convert-to",
                target,
                *([f"--infilter={read_as}"] if read_as else []),
                "--outdir",
                str(self.folder / "out"),
                str(path),
            ],
            check=True,
            capture_output=True,
            timeout=240,
        )
        (out,) = (self.folder / "out").iterdir()
        try:
            return out.read_bytes().decode("utf-8-sig")
        finally:
            out.unlink()
