"""Commands as a user runs them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import pytest
from app_runs import Ended, Run

from enxerto import cli


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command in this process."""
    logger = logging.getLogger("enxerto")
    before = logger.handlers[:], logger.level, logger.propagate

    def run_here(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["enxerto", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, *capsys.readouterr())

    yield run_here
    logger.handlers[:], logger.level, logger.propagate = before
