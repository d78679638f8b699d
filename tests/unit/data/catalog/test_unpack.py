"""Hostile and damaged archives: refused in one sentence, nothing outside the folder."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from tiny_archives import targz, zipped

from enxerto.data.catalog.unpack import UnpackLimits, is_archive, unpack
from enxerto.errors import IntegrityError, StorageError


def _unpacked(tmp_path: Path, name: str, content: bytes, limits: UnpackLimits | None = None) -> Path:
    archive, target = tmp_path / name, tmp_path / "deep" / "target"
    archive.write_bytes(content)
    target.mkdir(parents=True)
    unpack(archive, target, limits=limits or UnpackLimits())
    return target


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("name", "packed"), [("a.zip", zipped), ("a.tar.gz", targz), ("a.tgz", targz)])
def test_files_in_folders_come_out_and_litter_stays_in(tmp_path: Path, name: str, packed: object) -> None:
    assert is_archive(name)
    files = {"empty/": b"", "a/b/one.jpg": b"1", "two.txt": b"2" * 3000}
    litter = {"a/._one.jpg": b"x", "__MACOSX/a": b"x", "a/Thumbs.db": b"x", ".DS_Store": b"x"}
    target = _unpacked(tmp_path, name, packed(files | litter))  # type: ignore[operator]
    assert _files(target) == {"a/b/one.jpg": b"1", "two.txt": b"2" * 3000}
    assert (target / "empty").is_dir()


@pytest.mark.parametrize(("name", "pack"), [("a.zip", zipped), ("a.tgz", targz)])
def test_how_far_it_has_come(tmp_path: Path, name: str, pack: object) -> None:
    import random

    noise = random.Random(2)
    archive = tmp_path / name
    archive.write_bytes(pack({f"{n}.jpg": noise.randbytes(90_000) for n in range(4)}))  # type: ignore[operator]
    behind: list[int] = []
    (tmp_path / "target").mkdir()
    unpack(archive, tmp_path / "target", reached=behind.append)
    assert behind == sorted(behind)
    assert len(behind) == 4
    assert 0.7 * archive.stat().st_size < behind[-1] <= archive.stat().st_size


def test_a_table_is_no_archive() -> None:
    assert not is_archive("setid.mat")


@pytest.mark.parametrize("packed", [("a.zip", zipped), ("a.tar.gz", targz)])
@pytest.mark.parametrize("bad", ["../out.txt", "/out.txt", "a/../../out.txt", "C:/out.txt", "a\\..\\out.txt"])
def test_nothing_goes_outside(tmp_path: Path, packed: tuple[str, object], bad: str) -> None:
    name, pack = packed
    with pytest.raises(IntegrityError, match="would lie outside its folder"):
        _unpacked(tmp_path, name, pack({"good.txt": b"1", bad: b"2"}))  # type: ignore[operator]
    assert not list(tmp_path.rglob("out*"))


@pytest.mark.parametrize(
    ("kind", "word"),
    [(tarfile.SYMTYPE, "a link"), (tarfile.LNKTYPE, "a link"), (tarfile.FIFOTYPE, "a device or pipe"),
     (tarfile.CHRTYPE, "a device or pipe")],
)  # fmt: skip
def test_tar_members_that_are_no_plain_files(tmp_path: Path, kind: bytes, word: str) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        info = tarfile.TarInfo("odd")
        info.type, info.linkname = kind, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(IntegrityError, match=f"'odd' is {word}, no plain file"):
        _unpacked(tmp_path, "a.tar.gz", packed.getvalue())


@pytest.mark.parametrize(("mode", "word"), [(0o120777, "a link"), (0o010644, "a device or pipe")])
def test_zip_members_that_are_no_plain_files(tmp_path: Path, mode: int, word: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        info = zipfile.ZipInfo("odd")
        info.create_system, info.external_attr = 3, mode << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(IntegrityError, match=f"'odd' is {word}, no plain file"):
        _unpacked(tmp_path, "a.zip", packed.getvalue())


def test_an_encrypted_zip(tmp_path: Path) -> None:
    content = bytearray(zipped({"secret.txt": b"1"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(IntegrityError, match="'secret.txt' is an encrypted file"):
        _unpacked(tmp_path, "a.zip", bytes(content))


@pytest.mark.parametrize(("name", "pack"), [("a.zip", zipped), ("a.tar.gz", targz)])
def test_bombs_at_the_limit_and_beyond(tmp_path: Path, name: str, pack: object) -> None:
    content = pack({"a": b"0" * 50_000, "b": b"0" * 50_000})  # type: ignore[operator]
    limits = UnpackLimits(members=2, total_bytes=100_000, ratio=1e9)
    (tmp_path / "good").mkdir()
    assert len(_files(_unpacked(tmp_path / "good", name, content, limits))) == 2
    for number, (few, why) in enumerate(
        (
            (UnpackLimits(members=1), "more than 1 members"),
            (UnpackLimits(total_bytes=99_999), "more than 99,999 bytes"),
            (UnpackLimits(ratio=2, free_bytes=99_999), "more than 2 times its own size"),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(IntegrityError, match=f"{why}, as a bomb does"):
            _unpacked(folder, name, content, few)
        assert "b" not in _files(folder / "deep/target")


def test_one_name_twice_and_a_file_as_a_folder(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for body in (b"1", b"2"):
            info = tarfile.TarInfo("same")
            info.size = 1
            tar.addfile(info, io.BytesIO(body))
    with pytest.raises(IntegrityError, match="something else lies at its 'same'"):
        _unpacked(tmp_path, "a.tar.gz", packed.getvalue())
    for number, later in enumerate(("same/below", "same/below/")):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(IntegrityError, match=f"something else lies at its '{later.rstrip('/')}"):
            _unpacked(folder, "a.zip", zipped({"same": b"1", later: b""}))


@pytest.mark.parametrize(("name", "pack"), [("a.zip", zipped), ("a.tar.gz", targz)])
@pytest.mark.parametrize("damage", ["cut", "flipped", "text"])
def test_damaged_archives(tmp_path: Path, name: str, pack: object, damage: str) -> None:
    import random

    content = bytearray(pack({"a.jpg": random.Random(1).randbytes(40_000)}))  # type: ignore[operator]
    if damage == "flipped":
        content[20_000] ^= 0xFF
    content = {"cut": content[:-5000], "text": bytearray(b"<html>sign in</html>")}.get(damage, content)
    with pytest.raises(IntegrityError, match=r"a\.(zip|tar\.gz) can't be unpacked: .*; get it again"):
        _unpacked(tmp_path, name, bytes(content))


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped({"a/b.txt": b"1"}))
    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(StorageError, match="No space left on device"):
        unpack(archive, tmp_path)
