from __future__ import annotations

import itertools
import sys
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


def test_an_exception_passes_through(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="broken"), progress.bar("features", 1):
        raise RuntimeError("broken")
    assert capsys.readouterr() == ("", "")
