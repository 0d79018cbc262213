"""Picture the report page in both themes: ``python tests/gallery.py`` (``make gallery``).

The pictures stand in ``docs/gallery``. They are made by hand after a change of the page, since a
browser of another version draws other bytes.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from browser import Browser
from commandline import FIXTURES, PROJECT, dedupe

PICTURES = PROJECT / "docs" / "gallery"
SIZE = (1100, 760)
LIST = "document.querySelector('#list').scrollIntoView({behavior: 'instant'})"


def write_report(folder: Path) -> Path:
    """Write the report of the stories among the fixtures."""
    shutil.copy(FIXTURES / "stories.jsonl", folder)
    done = dedupe("report", "-q", "-o", "report.html", "stories.jsonl", folder=folder)
    assert done.code == 0, done.err
    return folder / "report.html"


def main() -> None:
    """Write all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        page = write_report(Path(name))
        with Browser(Path(name) / "profile") as browser:
            for theme in ("light", "dark"):
                browser.theme(theme)
                browser.resize(*SIZE)
                browser.open(page)
                browser.screenshot(PICTURES / f"report-{theme}.png")
                browser.run(LIST)
                browser.screenshot(PICTURES / f"clusters-{theme}.png")


if __name__ == "__main__":
    main()
