"""From archives to a folder that can be learned from: whole, or not there."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from mirror_server import Served, serving
from tiny_archives import MAKERS, cats_dogs, entry, jpeg, mirror_folder, pets, targz

from enxerto import download as download_module
from enxerto.data import list_photos
from enxerto.data.catalog import DATASETS, Dataset, bring, get, prune_downloads
from enxerto.download import Patience
from enxerto.errors import BusyError, DataError, IntegrityError, OptionError, StorageError
from enxerto.home import downloads_home


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """Downloads are allowed, and given up soon."""
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.delenv("ENXERTO_MIRROR", raising=False)
    monkeypatch.setattr(download_module, "PATIENCE", Patience(timeout_s=1.0, attempts=2, pause_s=0.01))


@pytest.fixture
def flowers(tmp_path: Path) -> tuple[Dataset, Path]:
    """The smallest data set, and a mirror of it."""
    archives = MAKERS["flowers102"]()
    return entry("flowers102", archives), mirror_folder("flowers102", archives, tmp_path / "mirror")


def _listed(name: str, tmp_path: Path) -> list[tuple[str, str | None, str | None]]:
    archives = MAKERS[name]()
    mirror = mirror_folder(name, archives, tmp_path / "mirror")
    got = get(entry(name, archives), tmp_path / name, mirror=str(mirror))
    assert got.fresh
    photos = list_photos(got.listing).photos
    assert [photo.path.is_file() for photo in photos] == [True] * len(photos)
    return [(photo.name, photo.label, photo.split) for photo in photos]


def test_pets_are_on_their_official_sides(tmp_path: Path) -> None:
    listed = _listed("pets", tmp_path)
    assert len(listed) == 13
    assert ("images/great_pyrenees_2.jpg", "great_pyrenees", "train") in listed
    assert ("images/great_pyrenees_3.jpg", "great_pyrenees", "test") in listed
    assert ("images/beagle_116.jpg", "beagle", "train") in listed  # damaged, and listed to be named
    assert "images/Abyssinian_5.jpg" not in {name for name, _, _ in listed}
    left = {path.name for path in (tmp_path / "pets").rglob("*") if path.is_file()}
    assert left >= {"Abyssinian_5.jpg", "Abyssinian_100.mat", "README", "SOURCE.txt", "photos.csv", "contents.txt"}
    assert not [name for name in left if name.startswith("._")]


@pytest.mark.parametrize(
    ("name", "count", "sample"),
    [
        ("cats-dogs", 8, ("PetImages/Cat/666.jpg", "Cat", None)),
        ("hymenoptera", 8, ("hymenoptera_data/val/bees/1.jpg", "bees", "val")),
        ("flowers102", 6, ("jpg/image_00005.jpg", "passion flower", "test")),
        ("food101", 4, ("food-101/images/waffles/11.jpg", "waffles", "test")),
        ("caltech101", 4, ("101_ObjectCategories/wrench/image_0002.jpg", "wrench", None)),
        ("eurosat", 4, ("EuroSAT_RGB/River/River_1.jpg", "River", None)),
    ],
)
def test_every_archive_becomes_a_list(tmp_path: Path, name: str, count: int, sample: tuple[Any, ...]) -> None:
    listed = _listed(name, tmp_path)
    assert len(listed) == count
    assert sample in listed


def test_digits_come_with_scikit_learn(tmp_path: Path) -> None:
    got = get(DATASETS["digits"], tmp_path / "digits")
    photos = list_photos(got.listing)
    assert (len(photos), photos.classes) == (1797, tuple("0123456789"))
    assert "the package scikit-learn" in (got.folder / "SOURCE.txt").read_text()


def test_licence_and_checksums_lie_beside_the_photos(flowers: tuple[Dataset, Path], tmp_path: Path) -> None:
    dataset, mirror = flowers
    text = (get(dataset, tmp_path / "f", mirror=str(mirror)).folder / "SOURCE.txt").read_text()
    assert f"Licence:  {dataset.licence}\nCite:     {dataset.citation}\n" in text
    assert f"From:     {mirror}\n" in text
    assert f"File:     setid.mat, {dataset.archives[2].size_bytes} bytes, {dataset.archives[2].checksum}\n" in text
    assert "Photos:   6 of 102 classes, listed in photos.csv; official split: train, val and test\n" in text


def test_a_second_time_nothing_is_done(flowers: tuple[Dataset, Path], tmp_path: Path) -> None:
    dataset, mirror = flowers
    assert get(dataset, tmp_path / "f", mirror=str(mirror)).fresh
    shutil.rmtree(mirror)
    assert not get(dataset, tmp_path / "f", offline=True).fresh


def test_over_http_with_a_broken_connection(tmp_path: Path) -> None:
    archives = pets()
    dataset, shown = entry("pets", archives), []

    def progress(description: str, total: int, unit: str = "photos") -> Any:
        from enxerto.progress import silent

        shown.append((description, unit))
        return silent(description, total, unit)

    files = {f"/pets/{name}": Served(body, breaks=[100]) for name, body in archives.items()}
    with serving(files) as server:
        got = get(dataset, tmp_path / "pets", mirror=f"{server.url}/", progress=progress)
        assert [path for path, _ in server.asked] == ["/pets/images.tar.gz"] * 2 + ["/pets/annotations.tar.gz"] * 2
    assert len(list_photos(got.listing)) == 13
    assert shown == [("images.tar.gz", "MB"), ("annotations.tar.gz", "MB"), ("unpacking pets", "MB")]
    assert not (downloads_home() / "pets").exists()


def test_the_official_address_is_asked_where_there_is_no_mirror(tmp_path: Path) -> None:
    archives = MAKERS["eurosat"]()
    with serving({f"/{name}": Served(body) for name, body in archives.items()}) as server:
        dataset = entry("eurosat", archives)
        official = replace(dataset.archives[0], url=f"{server.url}/EuroSAT_RGB.zip")
        got = get(replace(dataset, archives=(official,)), tmp_path / "e")
    assert f"From:     {server.url}/EuroSAT_RGB.zip\n" in (got.folder / "SOURCE.txt").read_text()


def test_the_environment_names_a_mirror(
    flowers: tuple[Dataset, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, mirror = flowers
    for path in (mirror / "flowers102").iterdir():  # files without their folder will do
        path.rename(mirror / path.name)
    monkeypatch.setenv("ENXERTO_MIRROR", str(mirror))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    assert get(dataset).folder == tmp_path / "flowers102"


def test_a_mirror_that_lies(tmp_path: Path) -> None:
    archives = MAKERS["eurosat"]()
    dataset = entry("eurosat", archives)
    false = bytes(len(archives["EuroSAT_RGB.zip"]))
    why = r"EuroSAT_RGB.zip should have SHA256 \w+, got \w+: it is damaged or"
    with serving({"/eurosat/EuroSAT_RGB.zip": Served(false)}) as server, pytest.raises(IntegrityError, match=why):
        get(dataset, tmp_path / "e", mirror=server.url)
    assert not (tmp_path / "e").exists()
    assert not list((downloads_home() / "eurosat").iterdir())
    folder = mirror_folder("eurosat", {"EuroSAT_RGB.zip": false}, tmp_path / "lying")
    with pytest.raises(IntegrityError, match="nothing of it was unpacked"):
        get(dataset, tmp_path / "e", mirror=str(folder))


def test_parts_of_two_versions_are_begun_anew(tmp_path: Path) -> None:
    archives = MAKERS["eurosat"]()
    part = downloads_home() / "eurosat/EuroSAT_RGB.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(200))
    with serving({f"/eurosat/{name}": Served(body) for name, body in archives.items()}) as server:
        assert get(entry("eurosat", archives), tmp_path / "e", mirror=server.url).fresh
        assert [asked for _, asked in server.asked] == ["bytes=200-", None]


def test_downloads_from_before_are_checked_and_used(tmp_path: Path) -> None:
    archives = pets()
    dataset = entry("pets", archives)
    folder = downloads_home() / "pets"
    folder.mkdir(parents=True)
    for name, body in archives.items():
        (folder / name).write_bytes(body)
    assert get(dataset, tmp_path / "pets", offline=True).fresh
    folder.mkdir()
    (folder / "images.tar.gz").write_bytes(b"damaged")
    with pytest.raises(
        DataError, match="pets needs images.tar.gz, which is not on this machine, and downloads are off"
    ):
        get(dataset, tmp_path / "again", offline=True)
    assert not (folder / "images.tar.gz").exists()


def test_a_mirror_without_the_file(tmp_path: Path) -> None:
    dataset = entry("eurosat", MAKERS["eurosat"]())
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"has no eurosat/EuroSAT_RGB.zip; bring it from http"):
        get(dataset, tmp_path / "e", mirror=str(tmp_path / "empty"))
    with serving({}) as server, pytest.raises(DataError, match="the server says 404"):
        get(dataset, tmp_path / "e", mirror=server.url)


@pytest.mark.parametrize("mirror", ["ftp://example.org/x", "no-such-folder", "http://", "file:///tmp"])
def test_what_is_no_mirror(tmp_path: Path, mirror: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match="a mirror is a folder or an http"):
        get(DATASETS["pets"], tmp_path / "pets", mirror=mirror)


def test_a_killed_run_is_redone(flowers: tuple[Dataset, Path], tmp_path: Path) -> None:
    dataset, mirror = flowers
    half = tmp_path / ".f.unfinished-0123abcd"
    (half / "jpg").mkdir(parents=True)
    assert get(dataset, tmp_path / "f", mirror=str(mirror)).fresh
    assert not half.exists()


def test_a_folder_that_lost_files_is_made_again(flowers: tuple[Dataset, Path], tmp_path: Path) -> None:
    dataset, mirror = flowers
    folder = get(dataset, tmp_path / "f", mirror=str(mirror)).folder
    (folder / "jpg/image_00003.jpg").unlink()
    (folder / "jpg/image_00004.jpg").write_bytes(b"cut")
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(OptionError, match=r"lacks 2 of its files, but holds 1 that don't belong to it \(notes.txt\)"):
        get(dataset, folder, mirror=str(mirror))
    (folder / "notes.txt").unlink()
    assert get(dataset, folder, mirror=str(mirror)).fresh
    assert (folder / "jpg/image_00003.jpg").read_bytes() == jpeg(3, 1)


@pytest.mark.parametrize("kind", ["half-unpacked", "file"])
def test_what_others_put_there_is_left_alone(flowers: tuple[Dataset, Path], tmp_path: Path, kind: str) -> None:
    place = tmp_path / "f"
    if kind == "file":
        place.write_text("mine")
    else:
        (place / "jpg").mkdir(parents=True)
    with pytest.raises(OptionError, match="there is something at .*, such as a half-unpacked archive"):
        get(flowers[0], place, mirror=str(flowers[1]))
    assert place.exists()


def test_something_comes_to_lie_there_meanwhile(
    flowers: tuple[Dataset, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from enxerto.data.catalog import getting as module

    dataset, mirror = flowers
    true = module.write_contents

    def and_another(folder: Path) -> None:
        true(folder)
        (tmp_path / "f/mine").mkdir(parents=True)

    monkeypatch.setattr(module, "write_contents", and_another)
    with pytest.raises(OptionError, match="something came to lie at"):
        get(dataset, tmp_path / "f", mirror=str(mirror))
    assert not list(tmp_path.glob(".f*"))


def test_a_damaged_list_of_contents(flowers: tuple[Dataset, Path], tmp_path: Path) -> None:
    folder = get(flowers[0], tmp_path / "f", mirror=str(flowers[1])).folder
    (folder / "contents.txt").write_text("what?\n")
    with pytest.raises(IntegrityError, match="contents.txt is damaged; delete the folder and get it again"):
        get(flowers[0], folder, mirror=str(flowers[1]))


def test_two_processes(flowers: tuple[Dataset, Path], tmp_path: Path) -> None:
    lock = downloads_home() / "flowers102.lock"
    lock.parent.mkdir(parents=True)
    with FileLock(lock), pytest.raises(BusyError, match="another process is getting flowers102 already"):
        get(flowers[0], tmp_path / "f", mirror=str(flowers[1]))


def test_what_broken_downloads_left_is_pruned() -> None:
    left = downloads_home() / "pets/images.tar.gz.part"
    taken = downloads_home() / "flowers102/102flowers.tgz.part"
    for part in (left, taken):
        part.parent.mkdir(parents=True)
        part.write_bytes(b"x" * 1000)
    assert prune_downloads(older_than_days=1) == 0
    assert left.exists()
    with FileLock(downloads_home() / "flowers102.lock"):
        assert prune_downloads() == 1000
    assert not left.exists()
    assert taken.exists()  # another process goes on with it


def test_a_disk_that_is_too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 0, 10**9))  # type: ignore[attr-defined]
    with pytest.raises(
        StorageError, match=r"pets needs 1,703 MB in .*, where 1,000 MB are free; choose another folder"
    ):
        get(DATASETS["pets"], tmp_path / "pets")
    part = downloads_home() / "pets/images.tar.gz.part"
    part.parent.mkdir(parents=True)
    with part.open("wb") as file:
        file.truncate(700_000_000)
    with pytest.raises(StorageError, match="pets needs 1,003 MB"):  # what is there needs no room again
        get(DATASETS["pets"], tmp_path / "pets")


def test_a_hostile_archive_leaves_nothing(tmp_path: Path) -> None:
    archives = {"images.tar.gz": targz({"images/a.jpg": b"1", "../../evil": b"2"}), "annotations.tar.gz": targz({})}
    mirror = mirror_folder("pets", archives, tmp_path / "mirror")
    with pytest.raises(IntegrityError, match="would lie outside its folder"):
        get(entry("pets", archives), tmp_path / "below/pets", mirror=str(mirror))
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "annotations.tar.gz", "images.tar.gz", "pets.lock",
    ]  # fmt: skip


def test_archives_are_brought_into_a_mirror(tmp_path: Path) -> None:
    archives = cats_dogs()
    dataset = entry("cats-dogs", archives)
    with serving({f"/cats-dogs/{name}": Served(body) for name, body in archives.items()}) as server:
        (brought,) = bring(dataset, tmp_path / "usb", mirror=server.url)
        assert bring(dataset, tmp_path / "usb", mirror=server.url) == [brought]
        assert len(server.asked) == 1
    assert brought == tmp_path / "usb/cats-dogs/kagglecatsanddogs_5340.zip"
    assert f"sha256:{hashlib.sha256(brought.read_bytes()).hexdigest()}" == dataset.archives[0].checksum
    assert get(dataset, tmp_path / "c", mirror=str(tmp_path / "usb"), offline=True).fresh
    assert brought.exists()
