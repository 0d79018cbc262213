"""What builds, tests and releases dedupe: pinned by hash or commit, with the least rights."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest
import yaml
from commandline import PROJECT

WORKFLOWS = {path.name: path for path in sorted((PROJECT / ".github/workflows").glob("*.yml"))}
ACTION = PROJECT / "action.yml"
PROJECT_FILE = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT_FILE["dependency-groups"]
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")

RIGHTS = {
    ("release.yml", "publish"): {"id-token": "write"},
    ("release.yml", "announce"): {"contents": "write"},
}
"""The jobs that may do more than read the repository, and what."""
READ = {"contents": "read"}

each_workflow = pytest.mark.parametrize("name", WORKFLOWS)


def workflow(name: str) -> dict[str, Any]:
    return yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


def scripts(name: str) -> list[str]:
    return [step["run"] for step in steps(name) if "run" in step]


def test_there_is_one_to_check_and_one_to_release():
    assert set(WORKFLOWS) == {"ci.yml", "release.yml"}


@each_workflow
def test_rights_are_the_least(name: str):
    told = workflow(name)
    assert told["permissions"] in ({}, READ)
    for job, facts in told["jobs"].items():
        rights = facts.get("permissions", told["permissions"])
        assert rights == RIGHTS.get((name, job), READ), job


@each_workflow
def test_nobody_elses_code_gets_our_rights(name: str):
    told = workflow(name)
    # YAML takes a bare "on" for true.
    assert "pull_request_target" not in told[True]
    assert "workflow_run" not in told[True]
    text = WORKFLOWS[name].read_text(encoding="utf-8")
    assert "secrets." not in text
    assert "self-hosted" not in text


@pytest.mark.parametrize("path", [*WORKFLOWS.values(), ACTION], ids=lambda path: path.name)
def test_actions_stand_at_a_commit_with_their_release_beside_it(path):
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert used
    for line in used:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_an_action_stands_at_one_commit_everywhere():
    text = "".join(path.read_text(encoding="utf-8") for path in [*WORKFLOWS.values(), ACTION])
    used = set(re.findall(r"uses: ([\w./-]+)@(\w+)", text))
    assert len({action for action, _ in used}) == len(used)


@each_workflow
def test_no_checkout_leaves_its_token_behind(name: str):
    checkouts = [step for step in steps(name) if "checkout" in step.get("uses", "")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@each_workflow
def test_nothing_is_pasted_into_a_script(name: str):
    assert all("${{" not in script for script in scripts(name))


@each_workflow
def test_every_job_ends(name: str):
    assert all(job["timeout-minutes"] <= 60 for job in workflow(name)["jobs"].values())


@each_workflow
def test_workflows_themselves_install_by_hash(name: str):
    assert workflow(name)["env"]["LOCKED"] == "1"
    for script in scripts(name):
        for line in script.splitlines():
            assert "pip install" not in line or "--require-hashes -r .ci/" in line


@each_workflow
def test_what_is_made_can_be_made(name: str):
    for target in re.findall(r"make ([\w-]+)", "\n".join(scripts(name))):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target


def test_the_release_is_published_by_trust_and_comes_with_its_bill_of_materials():
    jobs = workflow("release.yml")["jobs"]
    publish = jobs["publish"]
    assert publish["environment"] == "pypi"
    assert set(publish["needs"]) == {"wheels", "source"}
    assert "with" not in publish["steps"][-1]
    assert "make sbom" in [step.get("run") for step in jobs["source"]["steps"]]
    assert publish["steps"][0]["with"]["pattern"] == "dist-*"
    kept = [
        step["with"]["name"] for step in jobs["source"]["steps"] if "path" in step.get("with", {})
    ]
    assert kept == ["dist-source", "sbom"]


LOCKS = {
    "requirements.txt": ("dev", "build"),
    "build.txt": ("build",),
    "docs.txt": ("docs",),
    "runtime.txt": (),
    "release.txt": ("release", "build"),
}
EXTRAS = PROJECT_FILE["project"]["optional-dependencies"]
RUNTIME = [
    *PROJECT_FILE["project"]["dependencies"],
    *(one for many in EXTRAS.values() for one in many),
]

NEEDED = {
    "requirements.txt": RUNTIME,
    "runtime.txt": PROJECT_FILE["project"]["dependencies"],
    "docs.txt": PROJECT_FILE["project"]["dependencies"],
}
"""What dedupe runs on, in the locks that are to run it."""


def locked(name: str) -> dict[str, str]:
    """The versions in a lock, each of which must have a hash."""
    text = (PROJECT / ".ci" / name).read_text(encoding="utf-8")
    entries = re.findall(r"^([\w.-]+)==(\S+?) (.*(?:\n {4}--hash=.*)*)", text, re.MULTILINE)
    assert len(entries) == len(re.findall(r"^\w", text, re.MULTILINE))
    assert all("--hash=sha256:" in rest for _, _, rest in entries)
    return {package: version for package, version, _ in entries}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_what_pyproject_asks_for(name: str):
    held = locked(name)
    wanted = [one for group in LOCKS[name] for one in GROUPS[group] if isinstance(one, str)]
    for one in [*wanted, *NEEDED.get(name, [])]:
        package, pin, version = re.fullmatch(r"([\w-]+)(==|>=)?([\d.]*).*", one).groups()
        assert package in held, f"{package}: run make lock"
        assert pin != "==" or held[package] == version, f"{package}: run make lock"


def test_wheels_are_built_with_what_is_pinned():
    wheels = PROJECT_FILE["tool"]["cibuildwheel"]
    assert wheels["build-frontend"] == {"name": "build", "args": ["--no-isolation"]}
    assert wheels["before-build"].endswith("--require-hashes -r {project}/.ci/build.txt")


def test_ci_installs_from_the_lock():
    assert "export LOCKED=1\n" in (PROJECT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_oldest_versions_are_the_floors():
    done = subprocess.run(
        [sys.executable, ".ci/lowest.py"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    pins = dict(line.split("==") for line in done.stdout.splitlines())
    floors = dict(re.fullmatch(r"([\w-]+)>=([\d.]+).*", one).groups() for one in RUNTIME)
    assert floors.items() <= pins.items()
    assert set(pins) == set(floors) | {one.split("==")[0] for one in GROUPS["dev"]}


def test_the_policy_tells_how_to_report():
    policy = (PROJECT / "SECURITY.md").read_text(encoding="utf-8")
    assert "Report a vulnerability" in policy
    assert "make trust" in policy
    oldest = PROJECT_FILE["project"]["requires-python"].removeprefix(">=")
    assert f"Python {oldest} and later" in policy
