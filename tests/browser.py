"""A real headless Chromium, spoken to over a pair of pipes (the DevTools protocol).

No driver and no library is needed: messages are JSON, each ended by a zero byte.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60
FLAGS = (
    "--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--disable-background-networking",
)  # fmt: skip
ENTER = 'exec "$@" 3<&"$DOWN" 4>&"$UP" 2>/dev/null'
WIDE, NARROW = (1280, 900), (390, 844)
KEYS = {"Escape": 27, "Enter": 13, "Tab": 9}


def chromium() -> str:
    """Find the browser; without one the test is skipped, or fails where CI must have it."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("chromium is not installed: apt-get install chromium")
    if found is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    return found


class Browser:
    """One tab; ``events`` holds all that it reported."""

    def __init__(self, profile: Path) -> None:
        below, self._down = os.pipe()
        self._up, above = os.pipe()
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        command = [chromium(), *FLAGS, *sandbox, f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            ["/usr/bin/env", "bash", "-c", ENTER, "bash", *command, "about:blank"],
            env={**os.environ, "DOWN": str(below), "UP": str(above)},
            pass_fds=(below, above),
            stdout=subprocess.DEVNULL,
        )
        os.close(below)
        os.close(above)
        self._held = b""
        self._sent = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        targets = self.ask("Target.getTargets")["targetInfos"]
        (page,) = [target for target in targets if target["type"] == "page"]
        attached = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.resize(*WIDE)
        return self

    def __exit__(self, *_: object) -> None:
        self._session = None
        self.ask("Browser.close")
        self._process.wait(PATIENCE)
        os.close(self._down)
        os.close(self._up)

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._down, data) :]
        while True:
            answer = self._receive()
            if answer.get("id") == self._sent:
                assert "error" not in answer, answer
                return dict(answer["result"])
            self.events.append(answer)

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self._held:
            left = deadline - time.monotonic()
            assert left > 0, "the browser does not answer"
            if select.select([self._up], [], [], left)[0]:
                data = os.read(self._up, 1 << 20)
                assert data, "the browser has ended"
                self._held += data
        message, _, self._held = self._held.partition(b"\0")
        return dict(json.loads(message))

    def open(self, page: Path, fragment: str = "") -> None:
        """Load a page from disk and wait until its list stands."""
        self.ask("Page.navigate", url=page.resolve().as_uri() + fragment)
        self.wait("document.documentElement?.dataset.ready === 'yes'")

    def run(self, script: str) -> Any:
        """Evaluate an expression in the page."""
        result = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, script: str) -> None:
        """Wait until an expression holds."""
        deadline = time.monotonic() + PATIENCE
        while not self.run(script):
            assert time.monotonic() < deadline, f"{script} never came true"
            time.sleep(0.02)

    def press(self, key: str, modifiers: int = 0) -> None:
        """Press one key, as a person does."""
        event = {"key": key, "windowsVirtualKeyCode": KEYS.get(key, 0), "modifiers": modifiers}
        text = {} if key in KEYS and key != "Enter" else {"text": "\r" if key == "Enter" else key}
        self.ask("Input.dispatchKeyEvent", type="keyDown", **event, **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **event)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.ask("Input.insertText", text=text)

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def theme(self, name: str, **others: str) -> None:
        """Prefer dark or light, and whatever else media queries may ask for."""
        features = {"prefers-color-scheme": name, **others}
        told = [{"name": feature, "value": value} for feature, value in features.items()]
        self.ask("Emulation.setEmulatedMedia", features=told)

    def screenshot(self, path: Path, *, whole: bool = False) -> bytes:
        """Picture the window, or the whole page, as PNG."""
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))
        return path.read_bytes()

    def print(self, path: Path) -> bytes:
        """Print the page to PDF."""
        done = self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        path.write_bytes(base64.b64decode(done["data"]))
        return path.read_bytes()

    def complaints(self) -> list[dict[str, Any]]:
        """Errors and warnings of the page, and what it asked of a network."""
        self.run("0")
        return [event for event in self.events if complains(event)]


def complains(event: dict[str, Any]) -> bool:
    """Whether an event is an error, a warning or a request to leave the disk."""
    params = event.get("params", {})
    checks: dict[str, Callable[[], bool]] = {
        "Runtime.exceptionThrown": lambda: True,
        "Runtime.consoleAPICalled": lambda: params["type"] in {"error", "warning", "assert"},
        "Log.entryAdded": lambda: params["entry"]["level"] in {"error", "warning"},
        "Network.requestWillBeSent": lambda: not local(params["request"]["url"]),
    }
    check = checks.get(event.get("method", ""))
    return check is not None and check()


def local(address: str) -> bool:
    """Whether an address needs no network."""
    return address.startswith(("file:", "data:", "blob:"))
