"""How the tests run: hypothesis without a clock, and ``--golden`` to write golden files anew."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("dedupe", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("dedupe")


def pytest_addoption(parser):
    parser.addoption("--golden", action="store_true", help="write the golden files anew")
