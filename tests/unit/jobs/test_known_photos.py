from __future__ import annotations

from pathlib import Path

import pytest
from hand_networks import hand_classifier

from enxerto.data import Limits
from enxerto.errors import DataError
from enxerto.jobs.explaining.known_photos import photos_known_to
from enxerto.progress import silent


def look(directory: Path, folder: Path | None, notes: list[str], neighbors: int = 3) -> object:
    return photos_known_to(
        hand_classifier(probe=True), directory, folder, neighbors, notes=notes, keep=False, limits=Limits(),
        progress=silent,
    )  # fmt: skip


def test_a_model_that_doesn_t_say_what_it_learned_from_gets_a_note(tmp_path: Path) -> None:
    notes: list[str] = []
    assert look(tmp_path, None, notes) is None
    assert look(tmp_path, tmp_path, notes) is None
    assert notes == ["The model doesn't say which photos it has learned from, so that the nearest can't be shown."] * 2


def test_none_asked_for_are_not_looked_for(tmp_path: Path) -> None:
    notes: list[str] = []
    assert look(tmp_path, None, notes, neighbors=0) is None
    assert notes == []


def test_a_split_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_text("name,label\na,b\n")
    with pytest.raises(DataError, match="no column 'path'"):
        look(tmp_path, tmp_path, [])
