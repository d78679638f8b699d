from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from enxerto.errors import StorageError
from enxerto.jobs.training import watching
from enxerto.jobs.training.watching import HISTORY, history_lines, log_problems, watcher
from enxerto.tuning import Epoch, FitHistory

START = Epoch(0, None, 0.7, 0.5, 0.7, 0.5, 0.0, 0.25, 0.0)
FIRST = Epoch(1, 0.6, 0.1 + 0.2, 0.75, None, None, 1e-4, 1.5, 40.0)


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_epoch_is_a_line_as_soon_as_it_is_told(tmp_path: Path) -> None:
    with watcher(tmp_path, (), {}, "run") as watch:
        watch("fold0", START)
        assert read(tmp_path / HISTORY) == [{"fit": "fold0", **asdict(START)}]
        watch("fold0", FIRST)
        watch("fold1", START)
    assert read(tmp_path / HISTORY) == [
        {"fit": "fold0", **asdict(START)}, {"fit": "fold0", **asdict(FIRST)}, {"fit": "fold1", **asdict(START)},
    ]  # fmt: skip
    assert [file.name for file in tmp_path.iterdir()] == [HISTORY]


def test_a_run_that_goes_on_keeps_what_was_written_and_an_epoch_told_again_stays_one_line(tmp_path: Path) -> None:
    with watcher(tmp_path, (), {}, "run") as watch:
        watch("fold0", START)
        watch("fold0", FIRST)
    again = replace(FIRST, seconds=9.0)
    with watcher(tmp_path, (), {}, "run") as watch:
        watch("fold0", again)
        watch("fold1", START)
    assert [line["seconds"] for line in read(tmp_path / HISTORY)] == [0.25, 9.0, 0.25]


def test_the_whole_history_is_the_same_lines(tmp_path: Path) -> None:
    with watcher(tmp_path, (), {}, "run") as watch:
        watch("final", START)
        watch("final", FIRST)
    fit = FitHistory("final", (START, FIRST), 1, False, "all 1 epochs done")
    assert history_lines([fit]) == (tmp_path / HISTORY).read_bytes()


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with watcher(tmp_path, (), {}, "run") as watch:
        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(StorageError, match="No space left on device"):
            watch("fold0", START)


def test_tensorboard_shows_every_figure(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    place = tmp_path / "board"
    with watcher(tmp_path, [f"tensorboard:{place}"], {"epochs": "8", "mixup": "0.2"}, "ants-bees") as watch:
        watch("fold0", START)
        watch("fold0", FIRST)
    shown = EventAccumulator(str(place))
    shown.Reload()
    assert [(event.step, event.value) for event in shown.Scalars("fold0/loss")] == [
        (0, pytest.approx(0.7)), (1, pytest.approx(0.3)),
    ]  # fmt: skip
    figures = asdict(START).keys() - {"number"}
    assert set(shown.Tags()["scalars"]) == {f"fold0/{figure}" for figure in figures}
    assert [event.step for event in shown.Scalars("fold0/averaged_loss")] == [0]
    (table,) = shown.Tensors("ants-bees/text_summary")
    assert b"| mixup | 0.2 |" in table.tensor_proto.string_val[0]


@pytest.fixture
def tracking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    pytest.importorskip("mlflow")
    for name in ("MLFLOW_ALLOW_FILE_STORE", "MLFLOW_DISABLE_TELEMETRY"):
        monkeypatch.delenv(name, raising=False)
    return f"file:{tmp_path / 'tracking'}"


def test_mlflow_keeps_every_figure_with_the_settings(tracking: str, tmp_path: Path) -> None:
    with watcher(tmp_path, [f"mlflow:{tracking}"], {"epochs": "8"}, "ants-bees") as watch:
        watch("fold0", START)
        watch("fold0", FIRST)
        watch("fold0, run 2", START)  # as a soup's fits are called
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=tracking)
    experiment = client.get_experiment_by_name("enxerto")
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.run_name, run.info.status) == ("ants-bees", "FINISHED")
    assert run.data.params == {"epochs": "8"}
    losses = client.get_metric_history(run.info.run_id, "fold0/loss")
    assert [(metric.step, metric.value) for metric in losses] == [(0, 0.7), (1, 0.1 + 0.2)]
    assert run.data.metrics["fold0 run 2/loss"] == 0.7
    assert "fold0/number" not in run.data.metrics


def test_a_run_of_mlflow_that_fails_is_marked_and_the_next_is_beside_it(tracking: str, tmp_path: Path) -> None:
    for error in (RuntimeError, KeyboardInterrupt):
        with pytest.raises(error), watcher(tmp_path, [f"mlflow:{tracking}"], {}, "run"):
            raise error
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=tracking)
    runs = client.search_runs([client.get_experiment_by_name("enxerto").experiment_id])
    assert [run.info.status for run in runs] == ["FAILED", "FAILED"]


@pytest.mark.parametrize("log", ["wandb:x", "tensorboard", "tensorboard:", ":x", ""])
def test_what_is_no_log_is_told_with_what_is(log: str) -> None:
    assert log_problems([log]) == [f"`log` must be tensorboard:DIRECTORY or mlflow:URI, got {log!r}"]


def test_what_is_not_installed_is_told_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "find_spec", lambda _: None)
    assert log_problems(["tensorboard:x", "mlflow:y"]) == [
        "`log` tensorboard needs a package that is not installed; run: pip install 'enxerto[tensorboard]'",
        "`log` mlflow needs a package that is not installed; run: pip install 'enxerto[mlflow]'",
    ]


def test_a_database_needs_more_than_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "find_spec", lambda name: None if name == "sqlalchemy" else name)
    assert log_problems(["mlflow:file:x", "mlflow:http://localhost:5000", "tensorboard:sqlite", "mlflow:x"]) == []
    assert log_problems(["mlflow:sqlite:///x.db"]) == [
        "`log` mlflow:sqlite:///x.db is a database, which needs all of MLflow; run: pip install mlflow"
    ]
