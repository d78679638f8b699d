from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enxerto.data.photo import Photo, PhotoSet
from enxerto.data.split import Split, held_apart, merge_groups, split_photos
from enxerto.data.splitfile import format_split, listed_in_split, read_split
from enxerto.errors import DataError, OptionError


def counts(labels: list[str], split: Split) -> dict[str, Counter[str]]:
    return {
        side: Counter(label for label, at in zip(labels, split.sides, strict=True) if at == side)
        for side in sorted(set(split.sides))
    }


def test_folds_are_stratified_and_even() -> None:
    labels = ["a"] * 50 + ["b"] * 23 + ["c"] * 5
    split = split_photos(labels, list(range(78)))
    assert len(set(split.sides)) == 5
    for counted in counts(labels, split).values():
        assert (counted["a"], counted["c"]) == (10, 1)
        assert 4 <= counted["b"] <= 5
    assert split.protocol == "5-fold cross-validation"


def test_a_holdout_takes_its_share_of_each_class() -> None:
    labels = ["a"] * 50 + ["b"] * 20 + ["c"] * 2
    split = split_photos(labels, list(range(72)), holdout=0.2)
    assert counts(labels, split)["test"] == {"a": 10, "b": 4, "c": 1}
    assert set(split.sides) == {"train", "test"}
    assert split.protocol == "a holdout of 20% of each class"


def test_few_groups_make_few_folds() -> None:
    split = split_photos(["a"] * 10 + ["b"] * 4, [*range(10), 10, 10, 11, 12])
    assert len(set(split.sides)) == 3
    assert split.protocol == "3-fold cross-validation (not 5: the smallest class has 3 groups of photos)"


def test_the_seed_decides_and_nothing_else_does() -> None:
    labels = ["a", "b"] * 20
    first = split_photos(labels, list(range(40)), seed=3)
    assert first == split_photos(labels, list(range(40)), seed=3)
    assert first.sides != split_photos(labels, list(range(40)), seed=4).sides
    # Pinned: a split written down in one place must come out again in every other.
    assert "".join(side[-1] for side in first.sides) == "0044004201231311231340412221321032343404"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_group_is_ever_on_two_sides_and_no_class_only_on_one(data: st.DataObject) -> None:
    labels, groups = [], []
    for label in "abc"[: data.draw(st.integers(1, 3))]:
        for _ in range(data.draw(st.integers(2, 8))):
            size = data.draw(st.integers(1, 4))
            group = (max(groups) if groups else 0) + 1
            labels += [label] * size
            groups += [group] * size
    holdout = data.draw(st.sampled_from([None, 0.01, 0.2, 0.5, 0.99]))
    split = split_photos(labels, groups, holdout=holdout, folds=data.draw(st.integers(2, 6)), seed=1)
    sides_of: dict[int, set[str]] = {}
    for group, side in zip(groups, split.sides, strict=True):
        sides_of.setdefault(group, set()).add(side)
    assert all(len(sides) == 1 for sides in sides_of.values())
    for counted in counts(labels, split).values():
        assert all(counted[label] for label in set(labels))


def test_a_group_of_several_classes_stays_together() -> None:
    labels, groups = ["a", "b", "a", "b", "a", "b"], [0, 0, 1, 2, 3, 4]
    split = split_photos(labels, groups, folds=2)
    assert split.sides[0] == split.sides[1]
    assert all(len(counted) == 2 for counted in counts(labels, split).values())


def test_a_given_split_is_kept() -> None:
    sides = ("train", "val", "test", "train")
    split = split_photos(["a", "a", "a", "a"], [0, 0, 0, 0], given=sides)
    assert split.sides == sides
    assert split.protocol == "the given test split"
    assert split_photos(["a", "a"], [0, 1], given=("train", "val")).protocol == "the given val split"
    assert sorted(split_photos(["a", "a"], [0, 1], given=(None, None)).sides) == ["fold0", "fold1"]


@pytest.mark.parametrize(
    ("sides", "words"),
    [
        (("train", None), "1 of 2 photos have no side in the given split"),
        (("train", "train"), "needs train and one of val and test, got only train"),
        (("val", "test"), "needs train and one of val and test, got only test, val"),
        (("train", "fold1"), "has the sides train, val and test, got fold1"),
    ],
)
def test_given_splits_that_can_not_be(sides: tuple[str | None, ...], words: str) -> None:
    with pytest.raises(DataError, match=words):
        split_photos(["a", "b"], [0, 1], given=sides)


def test_classes_that_can_not_be_split() -> None:
    with pytest.raises(DataError, match=r"class 'b' can't be on two sides of a split: it has 3 photo\(s\)"):
        split_photos(["a", "a", "b", "b", "b"], [0, 1, 2, 2, 2])
    with pytest.raises(DataError, match="no photos to split"):
        split_photos([], [])


def test_options_that_can_not_be() -> None:
    with pytest.raises(OptionError, match="folds must be 2 or more, got 1"):
        split_photos(["a"], [0], folds=1)
    with pytest.raises(OptionError, match=r"holdout must lie between 0 and 1, got 1.0"):
        split_photos(["a"], [0], holdout=1.0)
    with pytest.raises(OptionError, match="got 2 groups and 1 labels"):
        split_photos(["a"], [0, 1])


def test_clusters_and_named_groups_are_merged() -> None:
    assert merge_groups([0, 1, 0, 2, 3], [None, "x", "x", None, None]) == [0, 0, 0, 1, 2]


NAMES = ("a.jpg", "=cmd|' /C calc'!A0.jpg", "+b.jpg", "-c.jpg", "@d.jpg", "'e.jpg", 'f",;.jpg', "é.jpg")


def photos_of(*names: str) -> PhotoSet:
    return PhotoSet(Path("root"), tuple(Photo(Path(name), name, "=label") for name in names), "folder per class")


def test_a_written_split_is_read_back(tmp_path: Path) -> None:
    photos = photos_of(*NAMES)
    split = Split(tuple(f"fold{number % 3}" for number in range(len(NAMES))), "any", 7)
    path = tmp_path / "splits.csv"
    path.write_bytes(format_split(photos, split, list(range(len(NAMES)))))
    assert read_split(path, photos).sides == split.sides
    assert read_split(path, photos).protocol == "the split file splits.csv"
    backwards = photos_of(*NAMES[::-1])
    assert read_split(path, backwards).sides == split.sides[::-1]
    content = path.read_text()
    assert content.startswith("path,label,split,group\na.jpg,'=label,fold0,0\n")
    assert all(not line.startswith(("=", "+", "-", "@", '"=')) for line in content.splitlines())
    first = path.read_bytes()
    path.write_bytes(format_split(photos, split, list(range(len(NAMES)))))
    assert path.read_bytes() == first


def test_a_split_that_spreadsheets_saved_is_read(tmp_path: Path) -> None:
    path = tmp_path / "splits.csv"
    path.write_bytes(b"\xef\xbb\xbfpath;label;split;group\r\na.jpg;x;Train;0\r\nb.jpg;x;TEST;1\r\n")
    assert read_split(path, photos_of("a.jpg", "b.jpg")).sides == ("train", "test")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("path,label\na,x\nb,x\n", "line 1: no column 'split'"),
        ("name,split\na,x\nb,x\n", "line 1: no column 'path'"),
        ("path,split\na,train\nb,test\nc,test\n", "line 4, column 'path': 'c' is not among the photos of root"),
        ("path,split\na,train\na,test\n", "line 3, column 'path': 'a' stands there twice"),
        ("path,split\na,train\nb,tset\n", "line 3, column 'split': expected train, val or test, or fold0"),
        ("path,split\na,train\n", "lacks 1 of 2 photos, e.g. b"),
        ("path,split\na,fold0\nb,fold2\n", "without a gap, two or more"),
        ("path,split\na,fold0\nb,fold0\n", "without a gap, two or more"),
        ("path,split\na,fold0\nb,train\n", "without a gap, two or more"),
        ("path,split\na,train\nb,train\n", "expected train and one of val and test"),
        ("path,split\na,train\nb,always\n", "expected train and one of val and test"),
        ("path,split\na,fold0\nb,always\n", "without a gap, two or more"),
        ("path,split\na,val\nb,test\n", "expected train and one of val and test"),
    ],
)
def test_split_files_that_can_not_be(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "splits.csv").write_text(content)
    with pytest.raises(DataError, match=words):
        read_split(tmp_path / "splits.csv", photos_of("a", "b"))


def test_a_class_of_one_photo_is_learned_from_in_every_fold() -> None:
    labels = ["a"] * 4 + ["b"] * 3 + ["c", "d", "d"]
    split = split_photos(labels, [0, 1, 2, 3, 4, 5, 6, 7, 8, 8], lone=True)
    assert split.sides[7:] == ("always",) * 3
    assert set(split.sides[:7]) == {"fold0", "fold1", "fold2"}
    assert split.protocol == "3-fold cross-validation over 2 of 4 classes (not 5: the smallest of these has 3 groups " \
        "of photos)"  # fmt: skip


def test_a_class_of_one_photo_is_not_held_out() -> None:
    split = split_photos(["a"] * 4 + ["b"] * 4 + ["c"], range(9), holdout=0.25, lone=True)
    assert split.sides[8] == "train"
    assert split.sides.count("test") == 2
    assert split.protocol == "a holdout of 25% of each of 2 of 3 classes"


@pytest.mark.parametrize("holdout", [None, 0.5])
@pytest.mark.parametrize(
    ("labels", "groups", "why"),
    [
        ("ab", [0, 1], "every class has one photo only"),
        ("aaab", [0, 1, 2, 3], "only 'a' has two photos that are independent"),
        ("aabb", [0, 0, 1, 1], "no class has two photos that are independent"),
    ],
)
def test_where_fewer_than_two_classes_can_be_held_out_all_is_learned_from(
    labels: str, groups: list[int], why: str, holdout: float | None
) -> None:
    split = split_photos(list(labels), groups, holdout=holdout, lone=True)
    assert set(split.sides) == {"always"}
    assert split.protocol.startswith(why)


def test_who_can_be_held_apart() -> None:
    assert held_apart("aabb", [0, 1, 2, 3]) == [True] * 4
    assert held_apart("aaabbc", [0, 1, 2, 3, 4, 0]) == [False, True, True, True, True, False]
    assert held_apart("aabbc", [0, 1, 2, 3, 0]) == [False, False, True, True, False]  # one group of a is left
    assert held_apart("", []) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9)), min_size=1, max_size=24))
def test_whoever_is_evaluated_was_learned_from_other_groups(pairs: list[tuple[str, int]]) -> None:
    labels, groups = [label for label, _ in pairs], ["abcd".index(label) * 10 + group for label, group in pairs]
    split = split_photos(labels, groups, lone=True)
    rows = list(zip(labels, groups, split.sides, strict=True))
    assert all(len({side for _, group, side in rows if group == number}) == 1 for number in groups)
    for label, _, side in rows:
        if side != "always":
            assert any(other == label and elsewhere != side for other, _, elsewhere in rows)


@pytest.mark.parametrize(
    ("sides", "protocol"),
    [
        (("fold0", "fold1", "always"), "the split file s.csv"),
        (("always",) * 3, "the split file s.csv holds no photo out"),
    ],
)
def test_what_is_always_learned_from_is_read_back(tmp_path: Path, sides: tuple[str, ...], protocol: str) -> None:
    photos = photos_of("a", "b", "c")
    (tmp_path / "s.csv").write_bytes(format_split(photos, Split(sides, "any", 0), [0, 1, 2]))
    assert read_split(tmp_path / "s.csv", photos) == Split(sides, protocol, 0)


def test_names_and_labels_of_a_split_file_are_read_as_they_were(tmp_path: Path) -> None:
    odd, plain = Photo(Path("x/=a.jpg"), "=a.jpg", "-ant"), Photo(Path("x/b.jpg"), "b.jpg", "bee")
    photos = PhotoSet(Path("x"), (odd, plain), "")
    path = tmp_path / "split.csv"
    path.write_bytes(format_split(photos, Split(("train", "test"), "", 0), [0, 1]))
    assert listed_in_split(path) == [("=a.jpg", "-ant"), ("b.jpg", "bee")]
    path.write_text("path,side\na,train\n")
    with pytest.raises(DataError, match="no column 'label'; expected path,label,split,group"):
        listed_in_split(path)
