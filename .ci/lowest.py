"""Print what the tests want, at the lowest versions that pyproject.toml allows.

What runs the tests keeps its pins; what dedupe runs on is put to its floors, extras too.
"""

import re
import sys
import tomllib
from pathlib import Path

REQUIREMENT = re.compile(r"(?P<name>[\w-]+)>=(?P<floor>[\d.]+)(?:,<\d+)?")


def floors(project: dict[str, object]) -> dict[str, str]:
    """The floor of each dependency by name; ``>=8.1`` means 8.1.0, not the last 8.1."""
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(one for extra in extras for one in extra)]
    found = [REQUIREMENT.fullmatch(one) for one in wanted]
    return {match["name"]: match["floor"] for match in found}


def main() -> None:
    """Write the requirements to standard output."""
    told = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    held = floors(told["project"])
    tools = [one for one in told["dependency-groups"]["dev"] if one.split("==")[0] not in held]
    lines = [*(f"{name}=={floor}" for name, floor in held.items()), *tools]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
