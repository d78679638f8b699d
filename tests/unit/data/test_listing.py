from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from enxerto.data.listing import list_photos, list_unlabeled, require_trainable
from enxerto.data.photo import Photo, PhotoSet
from enxerto.errors import DataError, OptionError

STRANGE = [
    "with space.jpg",
    "😀.jpg",
    "cafe\u0301.jpg",
    "caf\u00e9.jpg",
    "new\nline.jpg",
    "-leading.jpg",
    "x" * 251 + ".jpg",
    "<script>.jpg",
    "{{7*7}}.jpg",
    "a..x.jpg",
    "CON.jpg",
    "\u202eright.jpg",
    "\x1b[31mred.jpg",
    "back\\slash.jpg",
    "\x1b.jpg",
    "\\x1b.jpg",
]


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_a_folder_per_class(tmp_path: Path) -> None:
    touch(tmp_path, "dog/b.jpg", "dog/a.jpg", "cat/deep/er/c.png", "cat/notes.txt", "readme.md", "cat/.DS_Store")
    touch(tmp_path, "cat/Thumbs.db", "dog/desktop.ini", ".git/x.jpg", "__MACOSX/dog/a.jpg", "cat/.hidden/x.jpg")
    (tmp_path / "zebra").mkdir()
    photos = list_photos(tmp_path)
    assert [(photo.name, photo.label, photo.split) for photo in photos.photos] == [
        ("cat/deep/er/c.png", "cat", None),
        ("cat/notes.txt", "cat", None),
        ("dog/a.jpg", "dog", None),
        ("dog/b.jpg", "dog", None),
    ]
    assert photos.classes == ("cat", "dog")
    assert photos.empty_classes == ("zebra",)
    assert photos.subset([0]).empty_classes == ("zebra",)
    assert photos.layout == "folder per class"


def test_splits_above_class_folders(tmp_path: Path) -> None:
    touch(tmp_path, "Train/cat/1.jpg", "validation/cat/2.jpg", "valid/dog/3.jpg", "TEST/dog/4.jpg", "train.csv")
    photos = list_photos(tmp_path)
    assert {(photo.name, photo.label, photo.split) for photo in photos.photos} == {
        ("Train/cat/1.jpg", "cat", "train"),
        ("validation/cat/2.jpg", "cat", "val"),
        ("valid/dog/3.jpg", "dog", "val"),
        ("TEST/dog/4.jpg", "dog", "test"),
    }
    assert photos.layout == "folder per class, split by folder"


def test_a_class_may_be_called_train_beside_others(tmp_path: Path) -> None:
    touch(tmp_path, "train/1.jpg", "plane/2.jpg")
    assert list_photos(tmp_path).classes == ("plane", "train")


def test_file_names_with_a_pattern(tmp_path: Path) -> None:
    touch(tmp_path, "a_b_1.jpg", "c_2.jpg", "readme.txt", "train.csv")
    photos = list_photos(tmp_path, label_pattern=r"(.+)_\d+")
    assert [(photo.name, photo.label, photo.split) for photo in photos.photos] == [
        ("a_b_1.jpg", "a_b", None),
        ("c_2.jpg", "c", None),
    ]
    touch(tmp_path / "split", "train/c_2.jpg", "test/c_3.jpg")
    split = list_photos(tmp_path / "split", label_pattern=r"(.+)_\d+")
    assert [photo.split for photo in split.photos] == ["test", "train"]


def test_patterns_that_can_not_be(tmp_path: Path) -> None:
    touch(tmp_path, "a_1.jpg", "b_2.jpg", "strange.jpg")
    with pytest.raises(OptionError, match="has 0 groups; it needs exactly one"):
        list_photos(tmp_path, label_pattern=r".+_\d+")
    with pytest.raises(OptionError, match="is no regular expression"):
        list_photos(tmp_path, label_pattern="(")
    with pytest.raises(DataError, match=r"no file in .* matches the label pattern .* e.g. a_1.jpg, b_2.jpg, strange"):
        list_photos(tmp_path, label_pattern="(x)")
    with pytest.raises(DataError, match=r"1 of 3 files .* do not match .* e.g. strange.jpg"):
        list_photos(tmp_path, label_pattern=r"(.+)_\d+")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no photos in"):
        list_photos(tmp_path / "empty", label_pattern="(x)")


def test_folders_that_hold_nothing_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="doesn't exist"):
        list_photos(tmp_path / "gone")
    with pytest.raises(DataError, match="expected one folder per class"):
        list_photos(tmp_path)
    (tmp_path / "cat").mkdir()
    with pytest.raises(DataError, match="its folders are empty"):
        list_photos(tmp_path)
    touch(tmp_path / "flat", "cat_1.jpg", "notes.txt")
    with pytest.raises(DataError, match=r"1 photos but no class folders; .* --label-pattern, .*cat_1.jpg"):
        list_photos(tmp_path / "flat")
    touch(tmp_path / "sides", "train/1.jpg", "test/2.jpg")
    with pytest.raises(DataError, match="has test, train but no class folders in them"):
        list_photos(tmp_path / "sides")
    touch(tmp_path, "photos.zip")
    with pytest.raises(DataError, match="is no folder; expected a folder of photos or a CSV file"):
        list_photos(tmp_path / "photos.zip")


def test_a_folder_that_may_not_be_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "cat/1.jpg", "cat/secret/2.jpg")
    scan = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name in ("secret", tmp_path.name):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(DataError, match=r"can't look into .*: Permission denied"):
        list_photos(tmp_path)
    assert [photo.name for photo in list_unlabeled([tmp_path / "cat"]).photos] == ["1.jpg", "secret"]


def test_whatever_lies_in_a_class_folder_is_listed(tmp_path: Path) -> None:
    touch(tmp_path, "cat/1.jpg", "cat/folder.jpg/inside.jpg", "dog/2.jpg")
    os.mkfifo(tmp_path / "cat/pipe.jpg")
    (tmp_path / "cat/dangling.jpg").symlink_to("gone")
    (tmp_path / "cat/loop.jpg").symlink_to("loop.jpg")
    names = [photo.name for photo in list_photos(tmp_path).photos]
    assert names == [f"cat/{n}" for n in ("1.jpg", "dangling.jpg", "folder.jpg", "loop.jpg", "pipe.jpg")] + [
        "dog/2.jpg"
    ]


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    touch(tmp_path, "elsewhere/1.jpg", "data/cat/2.jpg", "data/cat/deep/3.jpg")
    (tmp_path / "data/cat/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data/cat/deep/up").symlink_to(tmp_path / "data/cat")
    (tmp_path / "data/dog").symlink_to(tmp_path / "elsewhere")
    names = [photo.name for photo in list_photos(tmp_path / "data").photos]
    assert names == ["cat/2.jpg", "cat/deep/3.jpg", "cat/linked/1.jpg", "dog/1.jpg"]


def test_strange_names_become_printable_unique_and_stable(tmp_path: Path) -> None:
    touch(tmp_path, *(f"cat/{name}" for name in STRANGE))
    (tmp_path / "dog").mkdir()
    descriptor = os.open(os.fsencode(tmp_path) + b"/dog/\xe9\xff.jpg", os.O_CREAT)
    os.close(descriptor)
    photos = list_photos(tmp_path)
    names = [photo.name for photo in photos.photos]
    assert names == sorted(names)
    assert len(set(names)) == len(STRANGE) + 1
    assert all(name.isprintable() for name in names)
    json.dumps(names).encode()
    "".join(names).encode()
    assert "dog/\\xe9\\xff.jpg" in names
    assert "cat/\\x1b[31mred.jpg" in names
    assert "cat/\\\\x1b.jpg" in names
    assert all(photo.path.exists() for photo in photos.photos)


def test_labels_are_composed_so_that_one_class_is_one(tmp_path: Path) -> None:
    touch(tmp_path, "train/cafe\u0301/1.jpg", "test/caf\u00e9/2.jpg")
    assert list_photos(tmp_path).classes == ("caf\u00e9",)


def test_photos_without_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "in/b.jpg", "in/deep/a.jpg", "single.jpg", "in/.hidden.jpg")
    monkeypatch.chdir(tmp_path)
    assert [photo.name for photo in list_unlabeled([Path("in")]).photos] == ["b.jpg", "deep/a.jpg"]
    both = list_unlabeled([Path("single.jpg"), Path("in"), Path("in")])
    assert [photo.name for photo in both.photos] == ["in/b.jpg", "in/deep/a.jpg", "single.jpg"]
    assert all(photo.label is None for photo in both.photos)
    Path("dangling.jpg").symlink_to("gone")
    assert len(list_unlabeled([Path("dangling.jpg")])) == 1


def test_photos_without_labels_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone.jpg doesn't exist; give photos"):
        list_unlabeled([tmp_path / "gone.jpg"])
    with pytest.raises(DataError, match="no photos in"):
        list_unlabeled([tmp_path])


def photos_of(*labels: str, empty: tuple[str, ...] = ()) -> PhotoSet:
    photos = tuple(Photo(Path(f"{i}"), f"{i:03d}", label) for i, label in enumerate(labels))
    return PhotoSet(Path("root"), photos, "folder per class", empty)


def test_what_can_be_trained_on() -> None:
    require_trainable(photos_of("a", "a", "b", "b"))
    require_trainable(photos_of("a", "a", "a", "b", "b"), readable=[False, True, True, True, True])
    require_trainable(photos_of("a", "b"), per_class=1)


def test_what_can_not_be_trained_on() -> None:
    with pytest.raises(DataError, match="none of the 2 files in root can be read"):
        require_trainable(photos_of("a", "b"), readable=[False, False])
    with pytest.raises(DataError, match="needs two classes or more, found only one, 'a'"):
        require_trainable(photos_of("a", "a"))
    with pytest.raises(DataError, match="needs two classes or more, found none"):
        require_trainable(PhotoSet(Path("root"), (Photo(Path("x"), "x"),), "without labels"))
    with pytest.raises(DataError, match="every class needs 2 readable photos or more; 'b' has 1; add photos"):
        require_trainable(photos_of("a", "a", "b", "b"), readable=[True, True, False, True])
    with pytest.raises(DataError, match="every class needs a readable photo or more; 'b' has 0; add photos"):
        require_trainable(photos_of("a", "b"), per_class=1, readable=[True, False])
    with pytest.raises(DataError, match="'b' has 0, 'c' has 0, 'd' has 0 and 1 more"):
        require_trainable(photos_of("a", "a", empty=("b", "c", "d", "e")))
