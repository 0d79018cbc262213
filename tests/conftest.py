"""How the tests run: hypothesis without a clock, and ``--golden`` to write golden files anew."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

settings.register_profile("dedupe", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("dedupe")

# What runs in the background ignores these, and so would every command that a test stops by them.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser):
    parser.addoption("--golden", action="store_true", help="write the golden files anew")
