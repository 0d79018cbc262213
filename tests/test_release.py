"""The files of a release agree: one version, one repository, the same dependencies everywhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml
from commandline import PROJECT

PROJECT_FILE = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
METADATA = PROJECT_FILE["project"]
VERSION = METADATA["version"]
REPOSITORY = METADATA["urls"]["Repository"].partition("github.com/")[2]
SPELLED = (
    ".github/ISSUE_TEMPLATE/config.yml",
    "CITATION.cff",
    "docs/ci.md",
    "packaging/conda/recipe.yaml",
    "packaging/homebrew/headline-dedupe.rb",
    "pyproject.toml",
)
"""The files that make names writes."""
TEMPLATES = sorted((PROJECT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
TEXT = (".cff", ".md", ".py", ".rb", ".sh", ".toml", ".yaml", ".yml", "")


def read(path: str) -> str:
    return (PROJECT / path).read_text(encoding="utf-8")


def recipe() -> dict:
    return yaml.safe_load(read("packaging/conda/recipe.yaml"))


def locked(name: str) -> dict[str, tuple[set[str], str]]:
    """The versions and hashes in a lock."""
    found: dict[str, tuple[set[str], str]] = {}
    for package, version, hashes in re.findall(
        r"^([\w.-]+)==(\S+?) (.*(?:\n {4}--hash=.*)*)", read(f".ci/{name}"), re.MULTILINE
    ):
        versions, known = found.get(package, (set(), ""))
        found[package] = versions | {version}, known + hashes
    return found


def test_owner_and_repository_stand_where_make_names_writes_them():
    git = shutil.which("git")
    if not git or not (PROJECT / ".git").exists():
        pytest.skip("not a git checkout")
    tracked = subprocess.run(
        [git, "ls-files", "-co", "--exclude-standard"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    owner, _, name = REPOSITORY.partition("/")
    spelled = re.compile(rf"{owner}(?:/|\.github\.io/){name}\b")
    found = [
        path
        for path in tracked.stdout.splitlines()
        if (PROJECT / path).suffix in TEXT
        and (PROJECT / path).is_file()
        and spelled.search((PROJECT / path).read_text("utf-8", errors="replace"))
    ]
    assert sorted(found) == sorted(SPELLED)


def test_make_names_writes_another_repository_and_version(tmp_path):
    for path in (*SPELLED, "packaging/names.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / path, tmp_path / path)
    command = [sys.executable, "packaging/names.py"]
    subprocess.run([*command], cwd=tmp_path, check=True)
    assert all((tmp_path / path).read_text("utf-8") == read(path) for path in SPELLED)
    told = ["--repository", "pell/head.lines", "--version", "9.8.7"]
    subprocess.run([*command, *told], cwd=tmp_path, check=True)
    after = {path: (tmp_path / path).read_text("utf-8") for path in SPELLED}
    assert not [path for path, text in after.items() if REPOSITORY in text]
    urls = tomllib.loads(after["pyproject.toml"])["project"]["urls"]
    assert urls["Repository"] == "https://github.com/pell/head.lines"
    assert urls["Documentation"] == "https://pell.github.io/head.lines/"
    assert "uses: pell/head.lines@main" in after["docs/ci.md"]
    stating = [path for path, text in after.items() if "9.8.7" in text]
    assert stating == [path for path in SPELLED if VERSION in read(path)]


def test_the_version_is_one():
    assert yaml.safe_load(read("CITATION.cff"))["version"] == VERSION
    assert recipe()["context"]["version"] == VERSION
    assert f"/headline_dedupe-{VERSION}.tar.gz" in read("packaging/homebrew/headline-dedupe.rb")
    assert re.search(rf"^## \[{re.escape(VERSION)}\]", read("CHANGELOG.md"), re.MULTILINE)


def test_the_release_checks_version_and_repository():
    steps = yaml.safe_load(read(".github/workflows/release.yml"))["jobs"]["source"]["steps"]
    scripts = "\n".join(step.get("run", "") for step in steps)
    assert r"version = \"${GITHUB_REF_NAME#v}\"" in scripts
    assert r"Repository = \"$GITHUB_SERVER_URL/$GITHUB_REPOSITORY\"" in scripts


def test_wheels_are_built_for_three_systems():
    jobs = yaml.safe_load(read(".github/workflows/release.yml"))["jobs"]
    systems = {name.partition("-")[0] for name in jobs["wheels"]["strategy"]["matrix"]["os"]}
    assert systems == {"ubuntu", "macos", "windows"}


def requirement(text: str) -> tuple[str, str]:
    name, limits = re.fullmatch(r"([\w-]+)\s*(.*)", text).groups()
    return name, limits


def test_the_recipe_asks_for_what_the_project_does():
    wanted = recipe()["requirements"]
    run = dict(map(requirement, wanted["run"]))
    assert run.pop("python") == ""
    assert run == dict(map(requirement, METADATA["dependencies"]))
    host = dict(map(requirement, wanted["host"]))
    build = dict(map(requirement, PROJECT_FILE["build-system"]["requires"]))
    assert build.items() <= host.items()


def test_the_recipe_starts_the_same_command():
    (script,) = recipe()["build"]["python"]["entry_points"]
    assert dict([script.split(" = ")]) == METADATA["scripts"]


def test_the_formula_has_a_resource_for_every_dependency():
    formula = read("packaging/homebrew/headline-dedupe.rb")
    resources = dict(re.findall(r'resource "([\w-]+)" do\n\s+url "(\S+)"', formula))
    hashes = dict(re.findall(r'url "\S+/([\w-]+)-[\d.]+\.tar\.gz"\n\s+sha256 "(\w+)"', formula))
    provided = set(re.findall(r'depends_on "([\w-]+)"$', formula, re.MULTILINE))
    own = {requirement(one)[0] for one in METADATA["dependencies"]}
    assert own <= set(resources) | provided
    lock = locked("runtime.txt")
    for name, url in resources.items():
        versions, known = lock[name]
        assert re.search(r"-([\d.]+)\.tar\.gz$", url)[1] in versions, "run make lock, then renew it"
        assert f"sha256:{hashes[name]}" in known


def test_the_image_is_built_by_hash_and_runs_as_no_root():
    stages = read("Dockerfile").split("\nFROM ")
    assert len(stages) == 3
    assert all("--require-hashes" in line for line in stages[1].splitlines() if " -r " in line)
    user = re.findall(r"^USER (\S+)$", stages[-1], re.MULTILINE)
    assert len(user) == 1
    assert int(user[0]) > 0
    assert 'ENTRYPOINT ["dedupe"]' in stages[-1]


def test_the_image_gets_all_that_a_build_needs():
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.*) \S+$", read("Dockerfile"), re.MULTILINE)
        for name in line.split()
    ]
    assert all((PROJECT / name).exists() for name in copied)
    let_in = set(re.findall(r"^!(\S+)$", read(".dockerignore"), re.MULTILINE))
    assert {name.partition("/")[0] for name in copied} <= let_in


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_of_an_issue_is_a_form(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.stem == "config":
        assert all({"name", "url", "about"} == set(link) for link in form["contact_links"])
        return
    assert {"name", "description", "body"} <= set(form)
    ids = [part["id"] for part in form["body"]]
    assert len(set(ids)) == len(ids)
    for part in form["body"]:
        assert part["type"] in {"input", "textarea", "dropdown", "checkboxes"}
        assert part["attributes"]["label"]


def test_the_citation_names_title_authors_and_licence():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["license"] == METADATA["license"].split(" AND ")
