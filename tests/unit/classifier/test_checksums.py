from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from enxerto.classifier.checksums import NAME, owns_everything, read_verified, write_checksums
from enxerto.errors import IntegrityError

CONTENT = {"one": b"1" * 10, "two": b"2" * 20}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.mkdir()
    for name, content in CONTENT.items():
        (path / name).write_bytes(content)
    write_checksums(path)
    return path


def listed(folder: Path, **entries: object) -> None:
    """Add entries to the list; `None` deletes one."""
    current = {**json.loads((folder / NAME).read_bytes()), **entries}
    (folder / NAME).write_text(json.dumps({name: entry for name, entry in current.items() if entry is not None}))


def test_an_intact_folder_gives_what_was_asked_for(folder: Path) -> None:
    assert read_verified(folder, ("one", "absent")) == {"one": CONTENT["one"]}
    assert read_verified(folder, ("one", "two")) == CONTENT


def test_litter_of_operating_systems_is_passed_over(folder: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._one"):
        (folder / name).touch()
    assert read_verified(folder, ("one",)) == {"one": CONTENT["one"]}
    assert owns_everything(folder)


@pytest.mark.parametrize("name", CONTENT)
def test_every_flipped_bit_is_noticed(folder: Path, name: str) -> None:
    for position in range(len(CONTENT[name])):
        changed = bytearray(CONTENT[name])
        changed[position] ^= 1 << position % 8
        (folder / name).write_bytes(changed)
        for wanted in ((), (name,)):
            with pytest.raises(IntegrityError, match=rf"{name} was changed or damaged: .*copy it again"):
                read_verified(folder, wanted)


def test_every_flipped_bit_of_the_list_is_noticed_or_harmless(folder: Path) -> None:
    whole = (folder / NAME).read_bytes()
    noticed = 0
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1
        (folder / NAME).write_bytes(changed)
        try:
            assert read_verified(folder, ("one", "two")) == CONTENT
        except IntegrityError:
            noticed += 1
    assert noticed > 200


@pytest.mark.parametrize(("content", "got"), [(b"1" * 9, 9), (b"", 0), (b"1" * 11, 11)])
def test_another_size_is_noticed(folder: Path, content: bytes, got: int) -> None:
    (folder / "one").write_bytes(content)
    with pytest.raises(IntegrityError, match=f"one should have 10 bytes, got {got}; copy it again"):
        read_verified(folder, ())


def test_a_file_is_missing(folder: Path) -> None:
    (folder / "two").unlink()
    with pytest.raises(IntegrityError, match="two is missing; copy the whole model directory again"):
        read_verified(folder, ())
    (folder / NAME).unlink()
    with pytest.raises(IntegrityError, match="is no Enxerto model: it has no checksums.json"):
        read_verified(folder, ())


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_something_is_there_that_the_list_does_not_have(folder: Path, kind: str) -> None:
    extra = folder / "extra.pkl"
    if kind == "file":
        extra.touch()
    elif kind == "folder":
        extra.mkdir()
    else:
        extra.symlink_to("one")
    with pytest.raises(IntegrityError, match=r"holds 'extra.pkl', which checksums.json doesn't list; remove it"):
        read_verified(folder, ())
    assert not owns_everything(folder)


@pytest.mark.parametrize("name", ["one", NAME])
@pytest.mark.parametrize("kind", ["symbolic link", "hard link", "directory", "pipe"])
def test_links_and_what_is_no_file_are_refused_without_opening_them(folder: Path, name: str, kind: str) -> None:
    path, outside = folder / name, folder.parent / "outside"
    outside.write_bytes(path.read_bytes())
    path.unlink()
    if kind == "symbolic link":
        path.symlink_to(outside)
    elif kind == "hard link":
        os.link(outside, path)
    elif kind == "directory":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(IntegrityError, match=rf"{name} is a link or no regular file; a model holds plain files only"):
        read_verified(folder, ("one",))


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "sub/one", "", ".", "..", "./one", "one\0", "one/"])
def test_names_that_lead_elsewhere_are_refused(folder: Path, name: str) -> None:
    (folder.parent / "outside").write_bytes(b"secret")
    listed(folder, **{name: {"sha256": "0" * 64, "bytes": 6}})
    with pytest.raises(IntegrityError, match=r"checksums.json lists '.*', which is no plain file name"):
        read_verified(folder, (name,))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff", b"7", b'{"one": {}}', b'{"one": {"sha256": "x", "bytes": "10"}}', b"[" * 10**5],
)
def test_what_is_no_list(folder: Path, content: bytes) -> None:
    (folder / NAME).write_bytes(content)
    with pytest.raises(IntegrityError, match=r"checksums.json can't be read: "):
        read_verified(folder, ())
    assert not owns_everything(folder)


def test_a_file_that_the_disk_refuses_to_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_bytes

    def fail(path: Path) -> bytes:
        if path.name == "one":
            raise OSError(5, "Input/output error")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(IntegrityError, match="one can't be read: Input/output error"):
        read_verified(folder, ("one",))


def test_a_folder_that_is_moved_away_meanwhile(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> None:
        raise FileNotFoundError(2, "No such file or directory", str(path))

    monkeypatch.setattr(os, "scandir", fail)
    with pytest.raises(IntegrityError, match="model can't be looked into: No such file or directory"):
        read_verified(folder, ())


@pytest.mark.parametrize("name", [".git", ".notes", "notes.txt"])
def test_a_folder_with_a_file_of_the_users_own_is_not_all_model(folder: Path, name: str) -> None:
    assert owns_everything(folder)
    (folder / name).touch()
    assert not owns_everything(folder)


def test_a_folder_that_is_not_there_is_no_model(tmp_path: Path) -> None:
    assert not owns_everything(tmp_path / "gone")
