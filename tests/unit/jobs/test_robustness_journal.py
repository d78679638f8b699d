from __future__ import annotations

from pathlib import Path

import pytest

from enxerto.attack.robustness.records import CertifiedRecord, NearestRecord
from enxerto.errors import IntegrityError, OptionError, StorageError
from enxerto.jobs.robustness.journal import Journal

NEAR = NearestRecord("a.png", "linf", 1, 0.25, 2, False)
UNFOUND = NearestRecord("b.png", "linf", 1, None, 1, True)


def test_what_was_added_is_there_again_and_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "new" / "journal.jsonl"
    journal = Journal(path, "me")
    journal.add("curves:linf", [4, 2], 1.5, [NEAR, UNFOUND])
    journal.add("certified", [4], 2.0, [CertifiedRecord("a.png", 1, None, 0.0, 0.4)])
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"section": "curv')
    again = Journal(path, "me")
    assert again.pieces == journal.pieces
    assert again.records("curves:linf", NearestRecord) == [NEAR, UNFOUND]
    assert (again.done("curves:linf"), again.done("curves:l2")) == ({4, 2}, set())
    assert (again.seconds("certified"), again.seconds()) == (2.0, 3.5)
    assert path.read_bytes() == whole


def test_without_a_path_it_is_kept_in_memory() -> None:
    journal = Journal(None, "me")
    journal.add("curves:linf", [0], 1.0, [NEAR])
    assert journal.records("curves:linf", NearestRecord) == [NEAR]


def test_a_file_of_another_run_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path / "journal.jsonl", "me")
    with pytest.raises(OptionError, match="is of another model, other photos, another seed or version; give those"):
        Journal(tmp_path / "journal.jsonl", "you")


def test_damage_before_the_last_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path, "me")
    path.write_bytes(path.read_bytes() + b"nonsense\n")
    with pytest.raises(IntegrityError, match=r"journal\.jsonl is damaged .*; start anew with --force"):
        Journal(path, "me")


def test_a_row_that_is_no_such_record_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path, "me").add("curves:linf", [0], 1.0, [NEAR])
    path.write_bytes(path.read_bytes().replace(b'"label":1', b'"label":"one"'))
    with pytest.raises(IntegrityError, match="is damaged"):
        Journal(path, "me").records("curves:linf", NearestRecord)


def test_a_place_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="can't write"):
        Journal(tmp_path / "file" / "journal.jsonl", "me")
