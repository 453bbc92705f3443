"""What really lies on the disk."""

from __future__ import annotations

from pathlib import Path


def files_below(root: Path) -> dict[str, bytes]:
    """Every file below `root`, temporary ones included."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
