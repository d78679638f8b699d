"""Lists of photos from what the archives hold: and what they must not hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from enxerto.data.catalog import listings
from enxerto.data.catalog.listings import write_listing
from enxerto.errors import IntegrityError


def test_no_photos_are_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="no photos to list"):
        write_listing(iter(()), tmp_path / "photos.csv")


def test_paths_may_start_elsewhere(tmp_path: Path) -> None:
    count = write_listing(iter([("b.jpg", "x", ""), ("a,1.jpg", "y", "train")]), tmp_path / "l.csv", "../pets/")
    assert count == 2
    assert (tmp_path / "l.csv").read_text() == 'path,label,split\n"../pets/a,1.jpg",y,train\n../pets/b.jpg,x,\n'


def test_a_missing_folder(tmp_path: Path) -> None:
    for listed in (listings.folders("PetImages"), listings.hymenoptera):
        with pytest.raises(IntegrityError, match="there is no folder"):
            list(listed(tmp_path))


@pytest.mark.parametrize("listed", [listings.pets, listings.food])
def test_a_missing_list(tmp_path: Path, listed: listings.List) -> None:
    with pytest.raises(IntegrityError, match="can't read .*txt"):
        list(listed(tmp_path))


@pytest.mark.parametrize("line", ["beagle 5 2 1", "beagle_x 5 2 1", "../beagle_1 5 2 1", "_1 5 2 1"])
def test_a_line_that_names_no_pet(tmp_path: Path, line: str) -> None:
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/trainval.txt").write_text(f"# comment\n{line}\n")
    with pytest.raises(IntegrityError, match="expected lines like 'beagle_12 5 2 1'"):
        list(listings.pets(tmp_path))


def test_a_line_that_names_no_food(tmp_path: Path) -> None:
    (tmp_path / "food-101/meta").mkdir(parents=True)
    (tmp_path / "food-101/meta/train.txt").write_text("apple_pie/../12\n")
    with pytest.raises(IntegrityError, match="expected 'apple_pie/12', got 'apple_pie/../12'"):
        list(listings.food(tmp_path))


def test_tables_that_do_not_fit(tmp_path: Path) -> None:
    savemat(tmp_path / "imagelabels.mat", {"labels": np.array([[1, 103]])})
    savemat(tmp_path / "setid.mat", {"trnid": [[1]], "valid": [[2]], "tstid": [[3]]})
    with pytest.raises(IntegrityError, match="there is no photo 2 with one of 102 labels"):
        list(listings.flowers(tmp_path))
    savemat(tmp_path / "imagelabels.mat", {"labels": np.array([[1, 2]])})
    with pytest.raises(IntegrityError, match="there is no photo 3 with"):
        list(listings.flowers(tmp_path))


@pytest.mark.parametrize("content", [b"", b"no table", None])
def test_a_table_that_is_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "imagelabels.mat").write_bytes(content)
    with pytest.raises(IntegrityError, match="is no MATLAB file with 'labels' in it"):
        list(listings.flowers(tmp_path))


def test_breeds_from_names_where_there_is_no_split(tmp_path: Path) -> None:
    for name in ("great_pyrenees_1.jpg", "beagle_2.jpg", "beagle_2.mat", "readme.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    expected = [("beagle_2.jpg", "beagle", ""), ("great_pyrenees_1.jpg", "great_pyrenees", "")]
    assert sorted(listings.pets_without_split(tmp_path)) == expected
    (tmp_path / "images").mkdir()
    (tmp_path / "images/pug_7.jpg").write_bytes(b"")
    assert list(listings.pets_without_split(tmp_path)) == [("images/pug_7.jpg", "pug", "")]
