"""The README's commands and its Python, run as they are written."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from enxerto.data import write_faces

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DOCS = [ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands(text: str) -> list[list[str]]:
    """Lines after a `$` in console blocks that call enxerto, without their comments."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ enxerto")]
    return [shlex.split(line, comments=True) for line in lines]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reader's folder: photos by class, and some more of them."""
    folder = tmp_path_factory.mktemp("reader")
    write_faces(folder / "photos")
    shutil.copytree(folder / "photos", folder / "labelled-photos")
    shutil.copytree(folder / "photos" / "face", folder / "new-photos")
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ENXERTO_HOME": str(folder / "home"), "HF_HUB_OFFLINE": "1"}
    options = {"cwd": folder, "env": environment, "capture_output": True, "text": True, "timeout": 240}
    return subprocess.run([sys.executable, *command], check=False, **options)


def test_the_commands_and_the_python_of_the_readme(folder: Path) -> None:
    found = commands(README)
    assert [command[1] for command in found] == ["check", "train", "predict", "evaluate", "compare"]
    for command in found:
        done = run(folder, "-m", *command)
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout
    assert (folder / "model" / "report.html").is_file()
    shutil.rmtree(folder / "model")
    (python,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    done = run(folder, "-c", python)
    assert done.returncode == 0, done.stderr
    assert "face" in done.stdout


def test_every_command_that_the_docs_name_exists() -> None:
    from enxerto.cli import COMMANDS

    text = "\n".join(path.read_text() for path in DOCS)
    named = set(re.findall(r"enxerto ([a-z]+)\b", text)) & {*COMMANDS, *re.findall(r"`enxerto ([a-z]+)", text)}
    assert named <= set(COMMANDS)
    assert set(COMMANDS) == named


def test_every_option_that_the_docs_name_exists() -> None:
    import click

    from enxerto.cli import COMMANDS, enxerto

    def options(command: click.Command) -> set[str]:
        own = {name for parameter in command.params for name in parameter.opts}
        below = command.commands.values() if isinstance(command, click.Group) else ()
        return own.union(*map(options, below))

    context = click.Context(enxerto)
    commands_here = [enxerto.get_command(context, name) for name in COMMANDS]
    known = options(enxerto).union(*(options(command) for command in commands_here if command is not None), {"--help"})
    for path in DOCS:
        named = set(re.findall(r"`[^`\n]*?(--[a-z][a-z-]+)", path.read_text()))
        assert named <= known, (path.name, sorted(named - known))


def test_every_link_between_pages_leads_somewhere() -> None:
    for path in DOCS:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text()):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name} links to {target}"
