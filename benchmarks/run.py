"""Every benchmark, both sides in one run, as a Markdown page: `make bench PHOTOS=DIR` writes `docs/benchmarks.md`.

`PHOTOS` holds `cats-dogs/{train,test}/{cat,dog}`, `pets37/` (the breed in the file name) and
`ants-bees/{train,val}/{ants,bees}`; what is missing is left out and named.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.child import run
from enxerto.engines import describe, processors
from enxerto.jobs.provenance import versions

Row = tuple[str, ...]
PETS = {"LABEL_PATTERN": r"(.+)_\d+"}


def training(photos: Path, repeats: int) -> Iterator[str]:
    """From the folder to the evaluated model, against the loop of the tutorials."""
    ours, rival = [], []
    for _ in range(repeats):
        ours.append(run("our_training", photos / "cats-dogs"))
        rival.append(run("plain_loop", photos / "cats-dogs"))
    for mine in ours:  # the process ran twice: without the second run it would have taken
        mine["first_process_seconds"] = mine["process_seconds"] - mine["second_run_seconds"]
    ratios = [theirs["seconds"] / mine["seconds"] for mine, theirs in zip(ours, rival, strict=True)]
    whole = [
        theirs["process_seconds"] / mine["first_process_seconds"] for mine, theirs in zip(ours, rival, strict=True)
    ]
    again = [mine["seconds"] / mine["second_run_seconds"] for mine in ours]
    yield "## From a folder to an evaluated model"
    yield (
        f"cats-dogs, {ours[0]['photos']} test photos, all caches cold, median of {repeats} alternating runs. Ours "
        "looks the photos over, makes features, solves and calibrates the head, evaluates, runs the control on random "
        "weights, writes the report and saves the model; the plain loop (frozen backbone in evaluation mode, "
        "DataLoader with two workers, Adam, two epochs, then the test) only trains and tests. Ours ran on "
        f"{ours[0]['engine']}."
    )
    yield _table(
        ("", "seconds", "with start-up", "accuracy"),
        [
            ("plain PyTorch loop", _median(rival, "seconds"), _median(rival, "process_seconds"), _share(rival)),
            ("`enxerto train`", _median(ours, "seconds"), _median(ours, "first_process_seconds"), _share(ours)),
            ("ratio", _times(ratios), _times(whole), ""),
        ],
    )
    stages = ", ".join(f"{name} {seconds:.2f}" for name, seconds in ours[-1]["stages"].items())
    yield f"Seconds by stage of the last run: {stages}. The same command again, caches warm: {_times(again)} faster."


def features(photos: Path, repeats: int) -> Iterator[str]:
    """Extraction against eager PyTorch, overlap, and a warm second run."""
    yield "## Features"
    yield (
        f"EfficientNet-Lite0 on the 1,200 photos of cats-dogs, median of {repeats}. The slower of decoding alone and "
        "the network alone, each with all processors, is what a pipeline could reach if the other cost nothing; on "
        "processors that do both, the ideal is 1 / (1/decoding + 1/network)."
    )
    torch = [run("torch_features", photos / "cats-dogs")["rate"] for _ in range(repeats)]
    rows = []
    for precision in ("fp32", "bf16"):
        measured = [run("our_features", photos / "cats-dogs", PRECISION=precision) for _ in range(repeats)]
        slower = [m["rate"] / min(m["decode_only"], m["network_only"]) for m in measured]
        ideal = [m["rate"] * (1 / m["decode_only"] + 1 / m["network_only"]) for m in measured]
        rows.append((
            precision, _rate(measured, "rate"), f"{statistics.median(torch):.0f}/s",
            _times([m["rate"] / t for m, t in zip(measured, torch, strict=True)]),
            _rate(measured, "decode_only"), _rate(measured, "network_only"),
            f"{statistics.median(slower):.0%}", f"{statistics.median(ideal):.0%}",
            _times([m["cold_seconds"] / m["warm_seconds"] for m in measured]),
            f"{min(m['smallest_cosine_to_torch'] for m in measured):.6f}",
        ))  # fmt: skip
    yield _table(
        (
            "precision", "ours", "PyTorch + DataLoader", "ratio", "decoding alone", "network alone", "of the slower",
            "of the ideal", "warm against cold", "smallest cosine to PyTorch",
        ),
        rows,
    )  # fmt: skip


def memory(photos: Path, _repeats: int) -> Iterator[str]:
    """Peak memory against the number of photos."""
    yield "## Memory"
    few, many = (run("memory", photos / "cats-dogs", COUNT=str(count)) for count in (1_000, 10_000))
    growth = many["peak_mb"] - few["peak_mb"]
    yield (
        f"Peak resident memory of extraction: {few['peak_mb']:.0f} MB for {few['count']:,} photos, "
        f"{many['peak_mb']:.0f} MB for {many['count']:,} ({growth:+.0f} MB)."
    )


def accuracy(photos: Path, _repeats: int) -> Iterator[str]:
    """Accuracy with the defaults, three seeds each, and with a larger view."""
    yield "## Accuracy"
    yield "Three seeds each, with the defaults except where a view is named."
    rows = []
    for name, options in (("cats-dogs", {}), ("ants-bees", {}), ("pets37", PETS)):
        if not (photos / name).is_dir():
            rows.append((name, "not measured: the folder is missing", "", "", ""))
            continue
        for backbone, view in (
            ("efficientnet_lite0", {}),
            ("efficientnet_lite2", {}),
            ("efficientnet_lite2", {"SIZE": "292", "CROP": "1"}),
        ):
            answer = run("our_accuracy", photos / name, BACKBONE=backbone, **view, **options)
            values = [result["accuracy"] for result in answer["results"]]
            shown = backbone + (f", `--size {view['SIZE']} --crop {view['CROP']}`" if view else "")
            rows.append((
                name, shown, answer["engine"], f"{answer['protocol']}, {answer['photos']} photos",
                f"{statistics.mean(values):.4f} ({', '.join(f'{value:.4f}' for value in values)})",
            ))  # fmt: skip
    yield _table(("photos", "backbone", "engine", "how", "accuracy: mean (each seed)"), rows)


SECTIONS: dict[str, Callable[[Path, int], Iterator[str]]] = {
    "training": training,
    "features": features,
    "memory": memory,
    "accuracy": accuracy,
}


def main() -> None:
    """Run the sections asked for and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, help="write the page here, too")
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help="all by default")
    arguments = parser.parse_args()
    found = ", ".join(f"{name} {version}" for name, version in versions())
    page = [
        "# Benchmarks",
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}; no figure here was typed in. Machine: {describe()}, "
        f"{processors()} processors. Versions: {found}. Ratios are of both sides in one run; seconds move with the "
        "machine.",
    ]
    for name in arguments.sections or SECTIONS:
        for paragraph in SECTIONS[name](arguments.photos, arguments.repeats):
            print(paragraph, end="\n\n", flush=True)
            page.append(paragraph)
    if arguments.output is not None:
        arguments.output.write_text("\n\n".join(page) + "\n")


def _table(header: Row, rows: list[Row]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _median(answers: list[dict[str, float]], key: str) -> str:
    return f"{statistics.median(answer[key] for answer in answers):.1f}"


def _rate(answers: list[dict[str, float]], key: str) -> str:
    return f"{statistics.median(answer[key] for answer in answers):.0f}/s"


def _share(answers: list[dict[str, float]]) -> str:
    return f"{statistics.median(answer['accuracy'] for answer in answers):.4f}"


def _times(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.1f}×"


if __name__ == "__main__":
    main()
