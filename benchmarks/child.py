"""Each measurement runs in a process of its own, with caches of its own, and answers with one JSON line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import enxerto

ANSWER = "answer: "
RIVAL_PYTHON = "RIVAL_PYTHON"
"""Variable that names the interpreter of a rival whose packages can't live beside ours."""


def report(main: Callable[[Path], dict[str, Any]]) -> None:
    """What a measuring module does when it is run: `python -m benchmarks.NAME PHOTOS`."""
    print(ANSWER + json.dumps(main(Path(sys.argv[1]))), flush=True)


def run(
    module: str, photos: Path, home: Path | None = None, python: str = sys.executable, **environment: str
) -> dict[str, Any]:
    """Run a measuring module and return its answer, with `process_seconds`, start-up included.

    Seconds that the answer calls `not_counted_seconds` are taken off them.

    Args:
        module: in this package.
        photos: handed to it.
        home: of Enxerto's caches; a new, empty one by default, so that nothing is warm.
        python: the interpreter.
        environment: further variables.
    """
    with tempfile.TemporaryDirectory() as fresh:
        variables = {**os.environ, "ENXERTO_HOME": str(home or fresh), "HF_HUB_OFFLINE": "1", **environment}
        if python != sys.executable:  # it may not have Enxerto installed
            found = [str(Path(enxerto.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
            variables["PYTHONPATH"] = os.pathsep.join(filter(None, found))
        start = time.perf_counter()
        child = subprocess.run(
            [python, "-W", "ignore", "-m", f"benchmarks.{module}", str(photos)],
            env=variables,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        seconds = time.perf_counter() - start
    line = next(line for line in reversed(child.stdout.splitlines()) if line.startswith(ANSWER))
    answer = json.loads(line.removeprefix(ANSWER))
    return {**answer, "process_seconds": seconds - answer.get("not_counted_seconds", 0.0)}


def run_rival(module: str, photos: Path, **environment: str) -> dict[str, Any]:
    """Run a measuring module with the interpreter that `RIVAL_PYTHON` names, or else with this one."""
    return run(module, photos, python=os.environ.get(RIVAL_PYTHON) or sys.executable, **environment)
