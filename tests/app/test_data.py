"""`enxerto data` and `enxerto lab` as a user meets them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_runs import Run
from filelock import FileLock
from mirror_server import MirrorServer, Served, serving
from tiny_archives import entry, mirror_folder, pets

from enxerto import download
from enxerto.data.catalog import DATASETS
from enxerto.download import Patience


@pytest.fixture(autouse=True)
def small_pets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, bytes]:
    """Three breeds in the place of the real archives, downloads allowed, and a folder of its own to work in."""
    archives = pets()
    monkeypatch.setitem(DATASETS, "pets", entry("pets", archives))
    monkeypatch.setattr(download, "PATIENCE", Patience(timeout_s=1.0, attempts=2, pause_s=0.01))
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.delenv("ENXERTO_MIRROR", raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return archives


@pytest.fixture
def server(small_pets: dict[str, bytes]) -> Iterator[MirrorServer]:
    with serving({f"/pets/{name}": Served(body) for name, body in small_pets.items()}) as running:
        yield running


def test_the_list(run: Run) -> None:
    ended = run("data", "list")
    assert (ended.code, ended.err) == (0, "")
    rows = {line.split()[0]: line for line in ended.out.splitlines()}
    assert list(rows) == ["name", *DATASETS]
    assert "CDLA-Permissive-2.0" in rows["cats-dogs"]
    assert " 101,000 " in rows["food101"]
    assert "train, val and test" in rows["flowers102"]
    listed = run("data", "list", "--json").json
    assert [each["name"] for each in listed] == list(DATASETS)
    assert listed[2]["archives"][0]["checksum"].startswith("sha256:fbc41b31")


def test_get_shows_the_licence_first_and_where_it_went(run: Run, server: MirrorServer) -> None:
    ended = run("data", "get", "pets", "--mirror", server.url)
    assert (ended.code, ended.out) == (0, "")
    lines = ended.err.splitlines()
    assert lines[0] == "Oxford-IIIT Pets"
    assert lines[1].startswith("licence  CC BY-SA 4.0;")
    assert lines[2].startswith("cite     Parkhi")
    assert lines[-2:] == [
        f"folder   {Path('pets').resolve()}",
        f"train    enxerto train {Path('pets').resolve()}/photos.csv -o MODEL",
    ]
    assert any(line.startswith("known    beagle_116.jpg and chihuahua_121.jpg are damaged") for line in lines)
    again = run("data", "get", "pets", "--offline", "--json")
    assert (again.code, again.json["fresh"], again.json["listing"]) == (
        0,
        False,
        f"{Path('pets').resolve()}/photos.csv",
    )
    assert "which was there already, whole" in again.err
    assert run("data", "get", "pets", "-q").err == ""


def test_archives_for_a_machine_without_internet(
    run: Run, server: MirrorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = run("data", "get", "pets", "--archives", "-o", "usb", "--mirror", server.url, "--json")
    assert (ended.code, [Path(path).name for path in ended.json["archives"]]) == (
        0,
        ["images.tar.gz", "annotations.tar.gz"],
    )
    assert ended.last == "mirror   usb: 2 archives of pets"
    monkeypatch.setenv("ENXERTO_MIRROR", "usb")
    assert run("data", "get", "pets", "--offline", "-o", "mine").code == 0
    assert Path("mine/photos.csv").is_file()


def _one_line(ended: object, code: int, words: str) -> None:
    assert ended.code == code  # type: ignore[attr-defined]
    assert ended.last.startswith("enxerto: ")  # type: ignore[attr-defined]
    assert words in ended.last  # type: ignore[attr-defined]


def test_every_fault_is_one_line_and_its_code(run: Run, small_pets: dict[str, bytes], server: MirrorServer) -> None:
    _one_line(run("data", "get", "petz"), 2, "unknown data set 'petz'; did you mean pets?")
    _one_line(run("data", "get", "pets", "--mirror", "nowhere"), 2, "a mirror is a folder or an http(s):// address")
    _one_line(run("data", "get", "pets", "--offline"), 1, "pets needs images.tar.gz, which is not on this machine")
    _one_line(run("data", "get", "pets"), 1, "can't download http://127.0.0.1:9/images.tar.gz: ")
    Path("pets").mkdir()
    Path("pets/images").mkdir()
    _one_line(run("data", "get", "pets", "--mirror", server.url), 2, "such as a half-unpacked archive")
    lies = mirror_folder("pets", small_pets | {"images.tar.gz": bytes(10)}, Path("lies"))
    _one_line(run("data", "get", "pets", "-o", "x", "--mirror", lies), 6, "images.tar.gz should have SHA256")
    server.files["/pets/images.tar.gz"].breaks = [100, 0, 0]
    _one_line(run("data", "get", "pets", "-o", "x", "--mirror", server.url), 1, "the same command goes on from there")


def test_busy_and_full(run: Run, server: MirrorServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    (home / "downloads").mkdir(parents=True)
    with FileLock(home / "downloads/pets.lock"):
        _one_line(run("data", "get", "pets", "--mirror", server.url), 4, "another process is getting pets already")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 0))  # type: ignore[attr-defined]
    _one_line(run("data", "get", "pets", "--mirror", server.url), 5, "where 0 MB are free")


def test_the_lab_from_the_archives_to_the_page(run: Run, server: MirrorServer, warm_home: Path) -> None:
    ended = run(
        "lab",
        "pets",
        "-o",
        "lab",
        "--mirror",
        server.url,
        "--backbones",
        "lite0",
        "--device",
        "openvino",
        "--precision",
        "fp32",
    )
    assert ended.code == 0
    assert ended.out.startswith("efficientnet_lite0 is right on 100.0 %")
    assert "No other backbone took part." in ended.out
    assert ended.err.endswith(f"\npage     {Path('lab/lab.html').resolve()}\nmodels   lab/models\n")
    record = json.loads(Path("lab/lab.json").read_bytes())["contents"]
    assert record["licence"].startswith("Oxford-IIIT Pets, CC BY-SA 4.0")
    assert (record["protocol"], record["evaluated"]) == ("the given test split", 6)
    _one_line(run("lab", "pets", "-o", "lab"), 2, "pass --force to replace it")
    _one_line(run("lab", "pets", "-o", "new", "--backbones", "lite9"), 2, "unknown backbone 'lite9'")
