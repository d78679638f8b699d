from __future__ import annotations

import itertools
import sys
from time import sleep
from types import SimpleNamespace

import pytest

from enxerto import progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock is four seconds after the one before."""
    ticks = itertools.count(start=0.0, step=4.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(ticks)))


def test_silent_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.silent("features", 10) as advance:
        advance(10)
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("clock")
def test_without_a_terminal_there_is_a_line_every_ten_seconds_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.bar("features", 100) as advance:
        for _ in range(5):
            advance(10)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == ["features: 30 of 100, 2 a second, 37 s left"]


@pytest.mark.usefixtures("clock")
def test_nothing_finished_yet_is_no_division_by_zero(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.bar("features", 100) as advance:
        for _ in range(3):
            advance(0)
    assert "features: 0 of 100, 0 a second, 0 s left" in capsys.readouterr().err


def test_on_a_terminal_there_is_a_bar_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress.bar("features", 100) as advance:
        advance(100)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "features" in shown.err
    assert "/100" in shown.err


@pytest.mark.usefixtures("clock")
def test_what_else_there_is_to_say_ends_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.bar("tuning fold0", 100) as advance:
        for loss in (0.9, 0.8, 0.7):
            advance(10, f"loss {loss}")
    assert capsys.readouterr().err.splitlines() == ["tuning fold0: 30 of 100, 2 a second, 37 s left, loss 0.7"]


def test_what_else_there_is_to_say_stands_beside_the_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress.bar("tuning fold0", 100) as advance:
        sleep(0.15)  # it is drawn anew ten times a second at most
        advance(50, "loss 0.5")
    assert "loss 0.5" in capsys.readouterr().err


@pytest.mark.usefixtures("clock")
def test_what_is_counted_and_slow_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.bar("comparing", 5, "runs") as advance:
        for _ in range(3):
            advance(1)
    assert capsys.readouterr().err.splitlines() == ["comparing: 3 of 5 runs, 11 a minute, 11 s left"]


def test_a_note_alone_is_shown_at_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress.bar("comparing", 5, "runs") as advance:
        capsys.readouterr()
        advance(0, "mixup=0.2")
        assert "mixup=0.2" in capsys.readouterr().err


def test_silence_takes_notes_too() -> None:
    with progress.silent("tuning fold0", 10) as advance:
        advance(5, "loss 0.5")
        advance(5)


def test_an_exception_passes_through(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="broken"), progress.bar("features", 1):
        raise RuntimeError("broken")
    assert capsys.readouterr() == ("", "")
