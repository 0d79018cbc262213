"""The gate where it is meant to stand: a pre-commit hook, a GitHub step, a GitLab job."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from commandline import PROJECT, Done, dedupe, environment, finished
from test_check import CLEAN, DIRTY

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (PROJECT / "docs" / "ci.md").read_text(encoding="utf-8")
ACTION = yaml.safe_load((PROJECT / "action.yml").read_text())
HOOKS = yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text())
HOOK_PATIENCE = 600
PACKAGE = (
    "pyproject.toml", "setup.py", "headline_dedupe.py", "README.md", "LICENSE",
    ".pre-commit-hooks.yaml",
)  # fmt: skip


def snippets() -> list[object]:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [yaml.safe_load(block) for block in blocks]


def git(folder: Path, *arguments: str) -> str:
    """What git says that is run as somebody without a configuration of his own."""
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        [shutil.which("git") or "git", *who, *arguments],
        cwd=folder, check=True, capture_output=True, env=bare(), text=True,
    )  # fmt: skip
    return done.stdout.strip()


def bare(**extra: str) -> dict[str, str]:
    """An environment without the caller's repository and without our path."""
    kept = environment(**extra)
    return {k: v for k, v in kept.items() if not k.startswith("GIT_") and k != "PYTHONPATH"}


def repository(folder: Path, files: dict[str, bytes]) -> Path:
    """A repository with some files in its index."""
    folder.mkdir()
    git(folder, "init", "-q")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    git(folder, "add", "-A")
    return folder


@pytest.fixture(scope="module")
def hook_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project as a repository that pre-commit can clone, whatever it lies in here."""
    folder = repository(tmp_path_factory.mktemp("hook") / "dedupe", {})
    for name in PACKAGE:
        shutil.copy(PROJECT / name, folder)
    built = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    shutil.copytree(PROJECT / "dedupe", folder / "dedupe", ignore=built)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Here")
    return folder


def run_hook(store: Path, folder: Path) -> Done:
    """Run what the configuration of a repository asks for; what is set up stays in the store."""
    command = [sys.executable, "-m", "pre_commit", "run", "--all-files"]
    done = subprocess.run(
        command, cwd=folder, env=bare(PRE_COMMIT_HOME=str(store), PIP_NO_COMPILE="1"),
        capture_output=True, timeout=HOOK_PATIENCE, check=False,
    )  # fmt: skip
    shown = done.stdout + done.stderr
    offline = b"No matching distribution found for setuptools" in shown or b"NewConnection" in shown
    if offline and "CI" not in os.environ:
        pytest.skip("the hook's environment needs PyPI, which is out of reach")
    return Done(done.returncode, done.stdout, done.stderr.decode())


def test_the_pre_commit_hook(hook_repository: Path, tmp_path: Path):
    """As docs/ci.md shows it, but for where the clone is, and without a corpus."""
    store = tmp_path / "store"
    (told,) = snippets()[0]["repos"]
    (hook,) = told["hooks"]
    asked = {"repo": str(hook_repository), "rev": git(hook_repository, "rev-parse", "HEAD")}
    config = yaml.safe_dump({"repos": [told | asked | {"hooks": [{"id": hook["id"]}]}]}).encode()
    files = {"a.jsonl": DIRTY, "notes.txt": b"a\na\n", ".pre-commit-config.yaml": config}
    folder = repository(tmp_path / "data", files)
    dirty = run_hook(store, folder)
    assert dirty.code == 1, dirty
    assert b"duplicate headlines" in dirty.out
    assert re.search(
        rb"^a\.jsonl:\d: duplicate of a\.jsonl:\d \(0\.\d\d, title\): ", dirty.out, re.MULTILINE
    )
    assert b"notes.txt" not in dirty.out

    unique = dedupe("unique", "a.jsonl", folder=folder).out
    (folder / "a.jsonl").write_bytes(unique)
    git(folder, "add", "-A")
    clean = run_hook(store, folder)
    assert clean.code == 0, clean
    assert b"Passed" in clean.out


def test_the_hook_is_one_process_over_stories():
    (hook,) = HOOKS
    assert (hook["entry"], hook["language"]) == ("dedupe check", "python")
    assert hook["require_serial"] is True
    matched = [
        name for name in ("a/b.jsonl", "b.jsonl.gz", "c.ndjson") if re.search(hook["files"], name)
    ]
    assert len(matched) == 3
    assert not any(re.search(hook["files"], name) for name in ("jsonl", "a.json", "a.jsonl.md"))


def filled_in(text: str, known: dict[str, str]) -> str:
    """A value of the action with its ``${{ expressions }}`` filled in, as the runner does."""
    return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda match: known[match[1]], text)


def github_step(folder: Path, **inputs: str) -> Done:
    """Carry out the action's last step in a folder as GitHub would."""
    step = ACTION["runs"]["steps"][-1]
    temp = folder.parent / "temp"
    (temp / "headline-dedupe" / "bin").mkdir(parents=True, exist_ok=True)
    shim = temp / "headline-dedupe" / "bin" / "dedupe"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dedupe "$@"\n')
    shim.chmod(0o755)
    given = {name: row.get("default", "") for name, row in ACTION["inputs"].items()} | inputs
    known = {f"inputs.{name}": value for name, value in given.items()}
    known["runner.temp"] = str(temp)
    assert step["shell"] == "bash"
    env = environment(
        GITHUB_ACTIONS="true",
        GITHUB_WORKSPACE=str(folder),
        GITHUB_STEP_SUMMARY=str(folder.parent / "summary.md"),
        CI="true",
        **{name: filled_in(value, known) for name, value in step["env"].items()},
    )
    script = folder.parent / "step.sh"
    script.write_text(filled_in(step["run"], known))
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
    return finished(command, folder, b"", env)


def test_the_github_action_fails_and_then_passes(tmp_path: Path):
    folder = repository(tmp_path / "work", {"a.jsonl": DIRTY})
    dirty = github_step(folder, files="a.jsonl")
    assert dirty.code == 1
    assert re.match(
        rb"::error file=a\.jsonl,line=\d,title=Duplicate headline::duplicate of a", dirty.out
    )
    assert "**Failed (1 duplicate, none allowed).**" in (tmp_path / "summary.md").read_text()

    (folder / "a.jsonl").write_bytes(dedupe("unique", "a.jsonl", folder=folder).out)
    clean = github_step(folder, files="a.jsonl")
    assert (clean.code, b"::error" in clean.out) == (0, False)
    assert b"2 records, no duplicates: passed\n" in clean.out


INPUTS = {
    "several files": ({"files": "a.jsonl b.jsonl"}, 1, b"5 records"),
    "a file a line": ({"files": "a.jsonl\nb.jsonl\n"}, 1, b"5 records"),
    "a pattern": ({"files": "*.jsonl"}, 1, b"5 records"),
    "a deep pattern": ({"files": "**/*.jsonl"}, 1, b"7 records"),
    "options": ({"files": "a.jsonl", "args": "--max-rate 50% --keep first"}, 0, b"passed, within"),
    "a pattern without a match": ({"files": "*.csv"}, 2, b""),
    "a command": ({"files": "a.jsonl; touch pwned $(touch pwned) `touch pwned`"}, 2, b""),
}


@pytest.mark.parametrize(("inputs", "code", "says"), INPUTS.values(), ids=INPUTS)
def test_the_inputs_of_the_action(inputs: dict[str, str], code: int, says: bytes, tmp_path: Path):
    folder = repository(tmp_path / "work", {"a.jsonl": DIRTY, "b.jsonl": CLEAN})
    (folder / "deep").mkdir()
    (folder / "deep" / "c.jsonl").write_bytes(CLEAN)
    done = github_step(folder, **inputs)
    assert done.code == code, done
    assert says in done.out
    assert not (folder / "pwned").exists()


def test_no_input_is_pasted_into_a_script():
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_action_installs_itself_where_it_runs():
    _, install, check = ACTION["runs"]["steps"]
    assert install["env"]["PLACE"] == check["env"]["PLACE"]
    assert install["env"]["SOURCE"] == "${{ github.action_path }}"


def test_the_readme_shows_each():
    hook, workflow, job = snippets()
    assert hook["repos"][0]["hooks"][0]["id"] == HOOKS[0]["id"]
    (step,) = [s for s in workflow["steps"] if "dedupe" in s["uses"]]
    assert set(step["with"]) <= set(ACTION["inputs"])
    report = job["duplicates"]["artifacts"]["reports"]["codequality"]
    assert job["duplicates"]["script"][-1].endswith(f"-o {report} data/*.jsonl")


def test_the_gitlab_job(tmp_path: Path):
    (script,) = [job["duplicates"]["script"] for job in snippets() if "duplicates" in job]
    folder = repository(tmp_path / "work", {})
    (folder / "data").mkdir()
    (folder / "data" / "a.jsonl").write_bytes(DIRTY)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "dedupe").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dedupe "$@"\n')
    (tools / "dedupe").chmod(0o755)
    path = os.pathsep.join([str(tools), os.environ.get("PATH", os.defpath)])
    env = environment(PATH=path, GITLAB_CI="true", CI_PROJECT_DIR=str(folder))
    done = finished(["/bin/sh", "-ec", script[-1]], folder, b"", env)
    assert done.code == 1
    assert "data/a.jsonl:" in done.err
    report = (folder / "gl-code-quality-report.json").read_text()
    assert '"path": "data/a.jsonl"' in report
