"""Find photos and their labels: a folder per class, file names with a pattern, or a CSV file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from enxerto.data.names import label_of, name_of, printable
from enxerto.data.photo import Photo, PhotoSet
from enxerto.data.table import SPLITS, list_table
from enxerto.data.walk import files_below, folders_in, has_image_suffix
from enxerto.errors import DataError, OptionError

_EXAMPLES = 3


def list_photos(source: Path, *, label_pattern: str | None = None) -> PhotoSet:
    r"""List every file that should be a photo, whether it can be read or not.

    Args:
        source: a folder with one folder per class, with or without `train`, `val` and `test` folders above them; with
            a pattern, a folder of files; or a CSV file with the columns `path`, `label` and, if wanted, `split` and
            `group`. Hidden files and what operating systems leave behind are passed over, as are files that lie
            beside class folders.
        label_pattern: a regular expression with one group, matched on the whole file name without its suffix; the
            group is the label, e.g. `(.+)_\d+`.

    Raises:
        DataError: there is no such folder, no photo in it, or no label to be found.
        OptionError: the pattern is no regular expression with exactly one group.
    """
    pattern = _compiled(label_pattern) if label_pattern is not None else None
    try:
        if not source.exists():
            raise DataError(f"{source} doesn't exist; give a folder of photos or a CSV file")
        if not source.is_dir():
            if not source.is_file() or source.suffix.lower() != ".csv":
                raise DataError(f"{source} is no folder; expected a folder of photos or a CSV file (path,label)")
            return list_table(source)
        folders = folders_in(source)
        if pattern is not None:
            return _by_pattern(source, folders, pattern)
        return _by_folder(source, folders)
    except OSError as error:
        raise DataError(f"can't look into {source}: {error.strerror or error}") from error


def list_unlabeled(sources: Sequence[Path]) -> PhotoSet:
    """List files, and everything below folders, as photos without a label.

    Raises:
        DataError: a source doesn't exist, or there is no photo at all.
    """
    photos: dict[str, Photo] = {}
    for source in sources:
        if source.is_dir():
            above = Path() if len(sources) == 1 else source
            found = [(path, above / path.relative_to(source)) for path in files_below(source) if path != source]
        elif source.exists() or source.is_symlink():
            found = [(source, source)]
        else:
            raise DataError(f"{source} doesn't exist; give photos or folders of photos")
        for path, shown in found:
            photos[name_of(shown)] = Photo(path, name_of(shown))
    root = sources[0] if len(sources) == 1 else Path()
    if not photos:
        raise DataError(f"no photos in {', '.join(str(source) for source in sources) or 'an empty list'}")
    return PhotoSet(root, _sorted(photos.values()), "without labels")


def require_trainable(photos: PhotoSet, per_class: int = 2, readable: Sequence[bool] | None = None) -> None:
    """See that there is something to learn: two classes, each with a few photos.

    Args:
        photos: with labels.
        per_class: how many photos each class needs.
        readable: for each photo whether it can be decoded; all of them by default.

    Raises:
        DataError: nothing is readable, there is one class only, or a class has too few photos.
    """
    usable = [True] * len(photos) if readable is None else list(readable)
    if not any(usable):
        raise DataError(f"none of the {len(photos)} files in {photos.root} can be read as a photo")
    counts = dict.fromkeys((*photos.classes, *photos.empty_classes), 0)
    for photo, good in zip(photos.photos, usable, strict=True):
        if good and photo.label is not None:
            counts[photo.label] += 1
    if len(counts) < 2:
        only = f"only one, {next(iter(counts))!r}" if counts else "none"
        raise DataError(f"a classifier needs two classes or more, found {only} in {photos.root}")
    few = [f"{name!r} has {count}" for name, count in sorted(counts.items()) if count < per_class]
    if few:
        more = f" and {len(few) - _EXAMPLES} more" if len(few) > _EXAMPLES else ""
        photos_each = "a readable photo" if per_class == 1 else f"{per_class} readable photos"
        raise DataError(
            f"every class needs {photos_each} or more; {', '.join(few[:_EXAMPLES])}{more}; "
            "add photos or take the class away"
        )


def _compiled(label_pattern: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(label_pattern)
    except re.error as error:
        raise OptionError(f"label pattern {label_pattern!r} is no regular expression: {error}") from error
    if pattern.groups != 1:
        raise OptionError(
            f"label pattern {label_pattern!r} has {pattern.groups} groups; it needs exactly one, the label: '(.+)_\\d+'"
        )
    return pattern


def _by_folder(source: Path, folders: list[Path]) -> PhotoSet:
    if not folders:
        loose = [path for path in files_below(source) if has_image_suffix(path)]
        if loose:
            raise DataError(
                f"{source} has {len(loose)} photos but no class folders; move each class into a folder, or name the "
                f"label's part of the file names with --label-pattern, e.g. '(.+)_\\d+' ({_examples(loose)})"
            )
        raise DataError(f"no photos in {source}; expected one folder per class")
    photos: list[Photo] = []
    empty: set[str] = set()
    for side, class_folder in _class_folders(source, folders):
        label = label_of(class_folder.name)
        found = list(files_below(class_folder))
        if not found:
            empty.add(label)
        photos += [Photo(path, name_of(path.relative_to(source)), label, side) for path in found]
    if not photos:
        raise DataError(f"no photos in {source}: its folders are empty")
    filled = {photo.label for photo in photos}
    layout = "folder per class, split by folder" if _are_splits(folders) else "folder per class"
    return PhotoSet(source, _sorted(photos), layout, tuple(sorted(empty - filled)))


def _class_folders(source: Path, folders: list[Path]) -> list[tuple[str | None, Path]]:
    if not _are_splits(folders):
        return [(None, folder) for folder in folders]
    inside: list[tuple[str | None, Path]] = [
        (SPLITS[side.name.lower()], folder) for side in folders for folder in folders_in(side)
    ]
    if not inside:
        raise DataError(f"{source} has {', '.join(folder.name for folder in folders)} but no class folders in them")
    return inside


def _are_splits(folders: list[Path]) -> bool:
    return bool(folders) and all(folder.name.lower() in SPLITS for folder in folders)


def _by_pattern(source: Path, folders: list[Path], pattern: re.Pattern[str]) -> PhotoSet:
    split = _are_splits(folders)
    photos: list[Photo] = []
    unmatched: list[Path] = []
    for path in files_below(source):
        match = pattern.fullmatch(printable(path.stem))
        if match is None or not (label := label_of(match.group(1) or "")):
            unmatched.append(path)
            continue
        relative = path.relative_to(source)
        side = SPLITS.get(relative.parts[0].lower()) if split and len(relative.parts) > 1 else None
        photos.append(Photo(path, name_of(relative), label, side))
    if not photos and not unmatched:
        raise DataError(f"no photos in {source}")
    strangers = [path for path in unmatched if has_image_suffix(path)] if photos else unmatched
    if strangers:
        count = f"{len(strangers)} of {len(photos) + len(unmatched)} files" if photos else "no file"
        verb = "do not match" if photos else "matches"
        raise DataError(
            f"{count} in {source} {verb} the label pattern {pattern.pattern!r}, e.g. {_examples(strangers)}; the "
            "pattern must match the whole name without its suffix"
        )
    return PhotoSet(source, _sorted(photos), f"file names by pattern {pattern.pattern}")


def _examples(paths: list[Path]) -> str:
    return ", ".join(printable(path.name) for path in sorted(paths)[:_EXAMPLES])


def _sorted(photos: Iterable[Photo]) -> tuple[Photo, ...]:
    return tuple(sorted(photos, key=lambda photo: photo.name))
