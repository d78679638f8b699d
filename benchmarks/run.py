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
from typing import Any

from benchmarks.child import run
from enxerto.engines import describe, processors
from enxerto.jobs.provenance import versions

Row = tuple[str, ...]
Answer = dict[str, Any]
PETS = {"LABEL_PATTERN": r"(.+)_\d+"}


WAYS = {
    "`enxerto train`, first run on a machine": {},
    "`enxerto train`, backbone converted before": {"CONVERTED": "yes"},
    "`enxerto train --no-control`, first run": {"CONTROL": "no"},
}


def training(photos: Path, repeats: int) -> Iterator[str]:
    """From the folder to the evaluated model, against the loop of the tutorials."""
    rival: list[Answer] = []
    ours: dict[str, list[Answer]] = {way: [] for way in WAYS}
    for seed in map(str, range(repeats)):
        rival.append(run("plain_loop", photos / "cats-dogs", SEED=seed))
        for way, options in WAYS.items():
            ours[way].append(run("our_training", photos / "cats-dogs", SEED=seed, **options))
    yield "## From a folder to an evaluated model"
    yield (
        f"cats-dogs, {rival[0]['photos']} test photos, features cold, median of {repeats} rounds with a seed each; "
        "start-up (imports) is counted in the columns that say so. Ours looks the photos over, makes features, solves "
        "and calibrates the head, evaluates, repeats that on random weights (the control), writes the report and saves "
        "the model; the plain loop (frozen backbone in evaluation mode, DataLoader with two workers, Adam, two epochs, "
        "then the test) trains and tests. The first run on a machine also converts the backbone for OpenVINO."
    )
    rows = [("plain PyTorch loop", *_figures(rival), "", "")]
    for way, answers in ours.items():
        rows.append((way, *_figures(answers), *(_ratio(rival, answers, key) for key in ("seconds", "process_seconds"))))
    yield _table(("", "seconds", "with start-up", "accuracy, mean", "times as fast", "with start-up"), rows)
    first = ours[next(iter(WAYS))]
    stages = ", ".join(f"{name} {seconds:.2f}" for name, seconds in first[-1]["stages"].items())
    again = [answer["seconds"] / answer["second_run_seconds"] for answer in first]
    yield (
        f"Ours ran on {first[0]['engine']}. Seconds by stage of a first run: {stages}. The whole command "
        f"again, features warm: {_times(again)} as fast as the first time."
    )


def _figures(answers: list[Answer]) -> Row:
    mean = statistics.mean(answer["accuracy"] for answer in answers)
    return _median(answers, "seconds"), _median(answers, "process_seconds"), f"{mean:.4f}"


def _ratio(rival: list[Answer], ours: list[Answer], key: str) -> str:
    return _times([theirs[key] / mine[key] for theirs, mine in zip(rival, ours, strict=True)])


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


def _median(answers: list[Answer], key: str) -> str:
    return f"{statistics.median(answer[key] for answer in answers):.1f}"


def _rate(answers: list[Answer], key: str) -> str:
    return f"{statistics.median(answer[key] for answer in answers):.0f}/s"


def _times(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.1f}×"


if __name__ == "__main__":
    main()
