"""Watching a network being tuned: its history as JSON lines, and wherever else it is asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from enxerto.files import storage_errors, write_durably
from enxerto.tuning import Epoch, FitHistory
from enxerto.tuning.task import Watcher

HISTORY = "history.jsonl"
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
KINDS = {"tensorboard": "tensorboard", "mlflow": "mlflow"}
"""Where else a history can be sent, and the module that is needed for it; each is an extra of the same name."""


def log_problems(logs: Sequence[str]) -> list[str]:
    """What is wrong with `tensorboard:DIR` and `mlflow:URI` options, a sentence each."""
    found = []
    for log in logs:
        kind, colon, place = log.partition(":")
        if kind not in KINDS or not colon or not place:
            found.append(f"`log` must be tensorboard:DIRECTORY or mlflow:URI, got {log!r}")
        elif find_spec(KINDS[kind]) is None:
            found.append(f"`log` {kind} needs a package that is not installed; run: pip install 'enxerto[{kind}]'")
        elif kind == "mlflow" and place.startswith(DATABASES) and find_spec("sqlalchemy") is None:
            found.append(f"`log` {log} is a database, which needs all of MLflow; run: pip install mlflow")
    return found


@contextmanager
def watcher(folder: Path, logs: Sequence[str], settings: dict[str, str], title: str) -> Iterator[Watcher]:
    """Something that is told of every epoch, and keeps it in `history.jsonl` and the places asked for.

    Args:
        folder: for `history.jsonl`; what a run that goes on had written there stays.
        logs: `tensorboard:DIRECTORY` or `mlflow:URI`.
        settings: of the run, for those that show them.
        title: of the run, likewise.

    Raises:
        StorageError: the disk is full.
    """
    path = folder / HISTORY
    lines = _lines(path)
    with ExitStack() as opened:
        others = [opened.enter_context(_OPENERS[log.partition(":")[0]](log, settings, title)) for log in logs]

        def watch(name: str, epoch: Epoch) -> None:
            lines[name, epoch.number] = history_line(name, epoch)
            write_durably(path, "".join(lines.values()).encode())
            for other in others:
                other(name, epoch)

        yield watch


def history_line(name: str, epoch: Epoch) -> str:
    """One epoch as a line of JSON."""
    return json.dumps({"fit": name, **asdict(epoch)}) + "\n"


def history_lines(fits: Sequence[FitHistory]) -> bytes:
    """The whole history as JSON lines."""
    return "".join(history_line(fit.name, epoch) for fit in fits for epoch in fit.epochs).encode()


def _lines(path: Path) -> dict[tuple[str, int], str]:
    """What was written before, by fit and epoch."""
    if not path.is_file():
        return {}
    with storage_errors(path):
        written = path.read_text(encoding="utf-8").splitlines(keepends=True)
    parsed = [(json.loads(line), line) for line in written]
    return {(found["fit"], found["number"]): line for found, line in parsed}


def _figures(epoch: Epoch) -> dict[str, float]:
    return {name: float(value) for name, value in asdict(epoch).items() if value is not None and name != "number"}


@contextmanager
def _tensorboard(log: str, settings: dict[str, str], title: str) -> Iterator[Watcher]:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(log.partition(":")[2]) as writer:
        table = "\n".join(f"| {name} | {value} |" for name, value in settings.items())
        writer.add_text(title, f"| setting | value |\n|---|---|\n{table}")

        def watch(name: str, epoch: Epoch) -> None:
            for figure, value in _figures(epoch).items():
                writer.add_scalar(f"{name}/{figure}", value, epoch.number)
            writer.flush()

        yield watch


@contextmanager
def _mlflow(log: str, settings: dict[str, str], title: str) -> Iterator[Watcher]:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # it would report to its makers
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # a folder is all that a laptop needs
    import mlflow

    client: Any = mlflow.MlflowClient(tracking_uri=log.partition(":")[2])
    found = client.get_experiment_by_name("enxerto")
    experiment = found.experiment_id if found is not None else client.create_experiment("enxerto")
    run = client.create_run(experiment, run_name=title).info.run_id
    for name, value in settings.items():
        client.log_param(run, name, value)

    def watch(name: str, epoch: Epoch) -> None:
        for figure, value in _figures(epoch).items():
            key = f"{name}/{figure}".replace(",", "")  # which MLflow allows in no name
            client.log_metric(run, key, value, step=epoch.number)

    try:
        yield watch
    except BaseException:
        client.set_terminated(run, "FAILED")
        raise
    client.set_terminated(run)


_OPENERS = {"tensorboard": _tensorboard, "mlflow": _mlflow}
