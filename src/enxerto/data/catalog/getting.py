"""Get a data set: download, verify, unpack, list, and put into place; a folder is whole or not there at all."""

from __future__ import annotations

import errno
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from filelock import FileLock, Timeout

from enxerto.data.catalog.datasets import DATASETS, Dataset, default_folder
from enxerto.data.catalog.folder import SOURCE, is_ours, lacks, source_text, strangers, write_contents
from enxerto.data.catalog.listings import LISTING, write_listing
from enxerto.data.catalog.sources import Mirror, is_kept, is_offline, mirror_of, obtain
from enxerto.data.catalog.unpack import is_archive, unpack
from enxerto.data.embedded import write_digits
from enxerto.errors import BusyError, OptionError, StorageError
from enxerto.files import storage_errors, sweep, sync_directory, unfinished_directory
from enxerto.home import downloads_home
from enxerto.meter import MB, Meter
from enxerto.progress import Progress, silent


@dataclass(frozen=True)
class Got:
    """A data set on this disk.

    Attributes:
        dataset: which.
        folder: where it lies.
        listing: the CSV file of its photos, to give to `train`.
        fresh: it was made now; otherwise it had been there, whole.
    """

    dataset: Dataset
    folder: Path
    listing: Path
    fresh: bool


def get(
    dataset: Dataset,
    folder: Path | None = None,
    *,
    mirror: str | None = None,
    offline: bool = False,
    progress: Progress = silent,
) -> Got:
    """Bring a data set to a folder, or find it there.

    Args:
        dataset: which.
        folder: where it shall lie; by default a folder of its name, here.
        mirror: a folder or web address to ask instead of the publisher; `ENXERTO_MIRROR` says the same.
        offline: never download; `HF_HUB_OFFLINE` says the same.
        progress: how to show it.

    Raises:
        DataError: it can't be had.
        OptionError: the folder holds something else, or the mirror is none.
        BusyError: another process is getting it.
        StorageError: the disk is full, or too small.
        IntegrityError: a file is not what its checksum says, or an archive is hostile.
    """
    folder = (folder or default_folder(dataset)).absolute()
    place = mirror_of(mirror)
    with _alone(dataset):
        if _is_whole(folder):
            return Got(dataset, folder, folder / LISTING, fresh=False)
        downloads = downloads_home() / dataset.name
        _require_space(dataset, folder, downloads, place)
        archives = [
            obtain(dataset, archive, downloads, mirror=place, offline=offline or is_offline(), progress=progress)
            for archive in dataset.archives
        ]
        _make(dataset, folder, archives, place, progress)
        shutil.rmtree(downloads, ignore_errors=True)
    return Got(dataset, folder, folder / LISTING, fresh=True)


def bring(
    dataset: Dataset,
    folder: Path,
    *,
    mirror: str | None = None,
    offline: bool = False,
    progress: Progress = silent,
) -> list[Path]:
    """Bring the archives of a data set, as they are, to a folder that can be given as a mirror.

    Args:
        dataset: which.
        folder: the mirror; archives lie in a folder of the data set's name in it.
        mirror: as for `get`.
        offline: as for `get`.
        progress: how to show it.

    Returns:
        The archives, intact.

    Raises:
        EnxertoError: as for `get`.
    """
    place, below = mirror_of(mirror), folder.absolute() / dataset.name
    with _alone(dataset):
        _require_space(dataset, None, below, place)
        return [
            obtain(dataset, archive, below, mirror=place, offline=offline or is_offline(), progress=progress)
            for archive in dataset.archives
        ]


def prune_downloads(*, older_than_days: float = 0.0) -> int:
    """Delete what broken downloads left, unless it is younger or another process goes on with it.

    Returns:
        The bytes that were freed.
    """
    limit, freed = time.time() - older_than_days * 86_400, 0
    for dataset in DATASETS.values():
        folder = downloads_home() / dataset.name
        if not folder.is_dir():
            continue
        with suppress(BusyError), _alone(dataset):
            files = [path.stat() for path in folder.rglob("*") if path.is_file()]
            if older_than_days <= 0 or all(file.st_mtime <= limit for file in files):
                freed += sum(file.st_size for file in files)
                with storage_errors(folder):
                    shutil.rmtree(folder)
    return freed


@contextmanager
def _alone(dataset: Dataset) -> Iterator[None]:
    path = downloads_home() / f"{dataset.name}.lock"
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        with suppress(Timeout):
            lock.acquire(timeout=0)
    if not lock.is_locked:
        raise BusyError(f"another process is getting {dataset.name} already; wait for it")
    try:
        yield
    finally:
        lock.release()


def _is_whole(folder: Path) -> bool:
    """Whether the data set is there already.

    Raises:
        OptionError: something else is there, which is never replaced.
    """
    for stale in folder.parent.glob(f".{escape(folder.name)}.unfinished-*"):
        sweep(stale)
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    if not folder.is_dir() or not is_ours(folder):
        raise OptionError(
            f"there is something at {folder} that `enxerto data get` didn't finish, such as a half-unpacked archive; "
            "delete it or choose another folder with -o"
        )
    if not lacks(folder):
        return True
    if others := strangers(folder):
        raise OptionError(
            f"{folder} lacks {len(lacks(folder))} of its files, but holds {len(others)} that don't belong to it "
            f"({others[0]}); move those away, and it can be made again"
        )
    return False


def _require_space(dataset: Dataset, folder: Path | None, downloads: Path, mirror: Mirror) -> None:
    """See that archives and photos will fit; photos are compressed, so that they unpack to about the same size."""
    missing = [] if isinstance(mirror, Path) else [each for each in dataset.archives if not is_kept(each, downloads)]
    load = sum(archive.size_bytes - _begun(downloads, archive.name) for archive in missing)
    needs = [(_existing(downloads), load)]
    if folder is not None:
        needs.append((_existing(folder), int(1.1 * dataset.size_bytes)))
    on_disk: dict[int, int] = {}
    for place, need in needs:
        device = place.stat().st_dev
        on_disk[device] = on_disk.get(device, 0) + need
        free = shutil.disk_usage(place).free
        if free < on_disk[device]:
            raise StorageError(
                f"{dataset.name} needs {on_disk[device] / 1e6:,.0f} MB in {place}, where {free / 1e6:,.0f} MB are free;"
                " choose another folder with -o, and another place for downloads with ENXERTO_HOME"
            )


def _begun(downloads: Path, name: str) -> int:
    part = downloads / f"{name}.part"
    return part.stat().st_size if part.exists() else 0


def _existing(path: Path) -> Path:
    return next(parent for parent in (path, *path.parents) if parent.exists())


def _make(dataset: Dataset, folder: Path, archives: list[Path], mirror: Mirror, progress: Progress) -> None:
    """Unpack beside the folder, list the photos, and rename."""
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = folder.with_name(f".{folder.name}.unfinished-{secrets.token_hex(4)}")
        with unfinished_directory(unfinished):
            _fill(dataset, unfinished, archives, progress)
            photos = write_listing(dataset.listed(unfinished), unfinished / LISTING)
            addresses = [str(mirror)] if mirror is not None else [archive.url for archive in dataset.archives]
            text = source_text(dataset, photos, addresses or [f"the package {dataset.package}"])
            (unfinished / SOURCE).write_text(text, encoding="utf-8")
            write_contents(unfinished)
            _replace(unfinished, folder)
    sync_directory(folder.parent)


def _fill(dataset: Dataset, unfinished: Path, archives: list[Path], progress: Progress) -> None:
    if dataset.package is not None:
        write_digits(unfinished)
    with progress(f"unpacking {dataset.name}", dataset.size_bytes // MB, "MB") as advance:
        for archive in archives:
            if is_archive(archive.name):
                unpack(archive, unfinished, reached=Meter(advance).set)
            else:
                shutil.copyfile(archive, unfinished / archive.name)
        for name in dataset.inner:
            for inner in sorted(unfinished.rglob(name)):
                unpack(inner, unfinished)
                inner.unlink()


def _replace(unfinished: Path, folder: Path) -> None:
    """Put a finished folder into place; what lies there is empty, or an incomplete one of ours."""
    if folder.exists() and is_ours(folder):
        shutil.rmtree(folder)
    try:
        unfinished.rename(folder)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise OptionError(f"something came to lie at {folder} meanwhile; choose another folder with -o") from error
        raise
