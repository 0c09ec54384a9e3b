"""The recipes of docs/ci: valid for what reads them, true to the command line, safe for hidden suites."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from autograder.cli import grade_one, main

FOLDER = Path(__file__).resolve().parent.parent / "docs/ci"
SCHEMAS = {
    "github-cpu.yml": "vendor.github-workflows",
    "github-gpu.yml": "vendor.github-workflows",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
}
WORKFLOWS = sorted(name for name in SCHEMAS if name.startswith("github"))
PRIVATE = ("tests", "source", "reference", "submitted", "gradebook.db")


def recipe(name):
    return yaml.load(
        (FOLDER / name).read_text(encoding="utf-8"), Loader=yaml.BaseLoader
    )  # "on" is no boolean


def steps(name):
    (job,) = recipe(name)["jobs"].values()
    return job["steps"]


def scripts():
    """Every script of the recipes, by the name of its file."""
    for name in WORKFLOWS:
        yield from ((name, step["run"]) for step in steps(name) if "run" in step)
    for line in recipe(".gitlab-ci.yml")["grade"]["script"]:
        yield ".gitlab-ci.yml", line
    for block in re.findall(
        r"```sh\n(.*?)```", (FOLDER / "README.md").read_text(encoding="utf-8"), re.DOTALL
    ):
        yield "README.md", block


@pytest.mark.parametrize(("name", "schema"), SCHEMAS.items(), ids=list(SCHEMAS))
def test_a_recipe_keeps_to_the_published_schema(name, schema):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(FOLDER / name)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_command_exists_with_its_options():
    graded = set()
    for name, script in scripts():
        for line in script.replace("\\\n", " ").splitlines():
            words = shlex.split(line)
            places = [i for i, word in enumerate(words[:-1]) if word.rpartition("/")[2] == "autograder"]
            for place in places:
                command, *arguments = words[place + 1 :]
                if command == "grade":
                    context = click.Context(grade_one)
                    values, rest, _ = grade_one.make_parser(context).parse_args(arguments)
                    assert {"submission", "assignment", "course"} <= set(values) and rest == [], (name, line)
                    graded.add(name)
                else:
                    assert command in main.commands, (name, line)
    assert graded == {*SCHEMAS, "README.md"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_runs_only_where_the_course_is_and_leaves_no_token_to_a_submission(name):
    document = recipe(name)
    assert list(document["on"]) == ["workflow_dispatch"], "no push and no pull request of a student starts it"
    assert document["permissions"] == {"contents": "read"}
    checkouts = [step["with"] for step in steps(name) if step.get("uses", "").startswith("actions/checkout@")]
    assert [checkout["path"] for checkout in checkouts] == ["course", "submission"]
    assert all(checkout["persist-credentials"] == "false" for checkout in checkouts)
    assert "repository" not in checkouts[0] and checkouts[1]["token"] == "${{ secrets.STUDENTS_READ_TOKEN }}"
    for step in steps(name):
        assert "${{" not in step.get("run", ""), "an input in a script is run as code"
        uploads = step.get("uses", "").startswith("actions/upload-artifact@")
        assert not uploads or step["with"]["path"] in ("results", "private")


def test_results_for_students_and_the_record_lie_apart():
    for name, script in scripts():
        for option, path in re.findall(r"--(junit|json|summary|record) (\S+)", script):
            folder = (
                "private/" if option == "record" else ("results/", "/results/", "junit.xml", "summary.md")
            )
            assert path.startswith(folder), (name, option, path)
        assert not re.search(r"(pip|python|bash|sh|source|make) [^\n]*submission", script), "data, not code"


def test_gitlab_keeps_artifacts_from_strangers_and_tells_the_cases():
    artifacts = recipe(".gitlab-ci.yml")["grade"]["artifacts"]
    assert artifacts["access"] == "developer" and artifacts["reports"] == {"junit": "results/junit.xml"}


def test_the_image_holds_nothing_of_a_course():
    lines = (FOLDER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    words = [line.split() for line in lines if line and not line.startswith("#")]
    copied = [source for first, *rest in words if first in ("COPY", "ADD") for source in rest[:-1]]
    assert sorted(copied) == ["LICENSE", "README.md", "autograder", "constraints.txt", "pyproject.toml"]
    assert all((FOLDER.parent.parent / source).exists() for source in copied)
    assert words[0][0] == "FROM" and ":" in words[0][1] and not words[0][1].endswith(":latest")
    assert not set(copied) & set(PRIVATE)


def test_what_the_container_needs_is_said_alike_everywhere():
    """The page, the workflow and the advice of the doctor."""
    from autograder.sandbox.confinement import ADVICE, Level

    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(full|userns)` (\|.*)$", page, re.MULTILINE))
    for level in (Level.FULL, Level.USERNS):
        asked = re.findall(r"--(?:cap-add|security-opt) [\w=]+", ADVICE[level])
        assert asked and all(option in rows[level.value] for option in asked), level
    (job,) = recipe("github-gpu.yml")["jobs"].values()
    options = re.findall(r"--(?:cap-add|security-opt) [\w=]+", rows["full"])
    assert len(options) == 3 and all(option in job["container"]["options"] for option in options)
    assert "--privileged" not in job["container"]["options"]
    written = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in SCHEMAS)
    assert "--level none" not in page + written
