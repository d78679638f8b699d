from __future__ import annotations

from pathlib import Path

import pytest

from enxerto.data import table
from enxerto.data.listing import list_photos
from enxerto.errors import DataError


def listed(folder: Path, content: bytes | str) -> list[tuple[str, str | None, str | None, str | None]]:
    path = folder / "photos.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [(photo.name, photo.label, photo.split, photo.group) for photo in list_photos(path).photos]


def test_all_columns_in_any_order_sorted_by_name(tmp_path: Path) -> None:
    rows = listed(tmp_path, "Group,LABEL,split,other,path\ng1,dog,Valid,x,b.jpg\n,cat,,,sub/a.jpg\n")
    assert rows == [("b.jpg", "dog", "val", "g1"), ("sub/a.jpg", "cat", None, None)]


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffpath;label\r\na.jpg;maçã\r\n\r\n".encode(),
        "path;label\r\na.jpg;maçã".encode("latin-1"),
        "path\tlabel\ra.jpg\tmaçã\r".encode(),
        '"path","label"\n"a.jpg"," maçã "\n'.encode(),
        "path;label\na.jpg;mac\u0327a\u0303\n".encode(),
    ],
    ids=["excel", "latin-1", "tabs", "quoted", "decomposed"],
)
def test_the_ways_in_which_tables_come(tmp_path: Path, content: bytes) -> None:
    assert listed(tmp_path, content) == [("a.jpg", "maçã", None, None)]


def test_paths_are_relative_to_the_table_and_missing_files_are_kept(tmp_path: Path) -> None:
    listed(tmp_path, f"path,label\na.jpg,x\n{tmp_path}/b.jpg,y\n")
    photos = list_photos(tmp_path / "photos.csv")
    assert {photo.path for photo in photos.photos} == {tmp_path / "a.jpg", tmp_path / "b.jpg"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty; expected a first line"),
        ("\n,,\n", "is empty; expected a first line"),
        ("path,label\n", "nothing below the first line"),
        ("file,label\nx,y\n", "line 1: no column 'path'"),
        ("path,class\nx,y\n", "line 1: no column 'label'"),
        ("path,label\na.jpg,x\nb.jpg\n", "line 3: expected 2 cells as in the first line, got 1"),
        ("path,label\na.jpg,\n", "line 2, column 'label': the cell is empty"),
        ("path,label\n,x\n", "line 2, column 'path': the cell is empty"),
        ("path,label,split\na,x,trian\n", "line 2, column 'split': expected train, val or test, got 'trian'"),
        ("path,label\na,x\nb,y\na,y\n", "line 4, column 'path': a stands in line 2 too"),
        ("path,label\na\0b,y\n", r"line 2, column 'path': a zero byte"),
        ('path,label\n"a,y\n', "line 2: unexpected end of data"),
    ],
)
def test_errors_name_line_and_column(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        listed(tmp_path, content)


def test_a_table_that_can_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"can't read .*: No such file"):
        table.read_rows(tmp_path / "gone.csv")
    monkeypatch.setattr(table, "_MOST_BYTES", 4)
    with pytest.raises(DataError, match="is larger than 4 bytes"):
        listed(tmp_path, "path,label\n")
