"""Every benchmark, both sides in one run, as a Markdown page: `make bench PHOTOS=DIR` writes `docs/benchmarks.md`.

`PHOTOS` holds `cats-dogs/{train,test}/{cat,dog}`, `pets37/` (the breed in the file name) and
`ants-bees/{train,val}/{ants,bees}` and `imagenet/`; what is missing is left out and named. `RIVAL_PYTHON` names the
interpreter that has fastai, where it isn't this one; `RIVAL_FOLDS` the folds of pets37 to compare fine-tuning on, `0`
by default; `IDEAL_PYTHON` the interpreter that has horama, dreamlens and torch-lucent. `IDEAL_CLASSES`, `IDEAL_SEEDS`,
`IDEAL_STEPS`, `IDEAL_PEER_SEEDS`, `IDEAL_PEER_MINUTES` and `PICTURED_PHOTOS` make less of it. `ATTACK_PYTHON` names the
interpreter that has adv-lib and torchattacks, `ATTACK_RIVALS` the libraries to compare attacks with; `ATTACK_PHOTOS`,
`ATTACK_GRADIENTS` and `ATTACK_MINUTES` make less of that.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.ablation import ablation
from benchmarks.attack import attack
from benchmarks.child import run
from benchmarks.compare import compare
from benchmarks.domains import domains
from benchmarks.ideal import ideal
from benchmarks.keras_networks import keras_networks
from benchmarks.page import PETS, Answer, Row, median, rate, table, times
from benchmarks.pictures import pictures
from benchmarks.steps import step
from benchmarks.tuning import tuning
from benchmarks.ways import ways
from enxerto.engines import describe, processors
from enxerto.jobs.provenance import versions

HEAD = """# Benchmarks

Written by `make bench`; no figure here was typed in. Ratios are of both sides in one run; seconds move with the
machine.
"""

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
    yield table(("", "seconds", "with start-up", "accuracy, mean", "times as fast", "with start-up"), rows)
    first = ours[next(iter(WAYS))]
    stages = ", ".join(f"{name} {seconds:.2f}" for name, seconds in first[-1]["stages"].items())
    again = [answer["seconds"] / answer["second_run_seconds"] for answer in first]
    yield (
        f"Ours ran on {first[0]['engine']}. Seconds by stage of a first run: {stages}. The whole command "
        f"again, features warm: {times(again)} as fast as the first time."
    )


def _figures(answers: list[Answer]) -> Row:
    mean = statistics.mean(answer["accuracy"] for answer in answers)
    return median(answers, "seconds"), median(answers, "process_seconds"), f"{mean:.4f}"


def _ratio(rival: list[Answer], ours: list[Answer], key: str) -> str:
    return times([theirs[key] / mine[key] for theirs, mine in zip(rival, ours, strict=True)])


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
            precision, rate(measured, "rate"), f"{statistics.median(torch):.0f}/s",
            times([m["rate"] / t for m, t in zip(measured, torch, strict=True)]),
            rate(measured, "decode_only"), rate(measured, "network_only"),
            f"{statistics.median(slower):.0%}", f"{statistics.median(ideal):.0%}",
            times([m["cold_seconds"] / m["warm_seconds"] for m in measured]),
            f"{min(m['smallest_cosine_to_torch'] for m in measured):.6f}",
        ))  # fmt: skip
    yield table(
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
    yield table(("photos", "backbone", "engine", "how", "accuracy: mean (each seed)"), rows)


SECTIONS: dict[str, Callable[[Path, int], Iterator[str]]] = {
    "training": training,
    "features": features,
    "memory": memory,
    "tuning": tuning,
    "step": step,
    "ways": ways,
    "accuracy": accuracy,
    "compare": compare,
    "domains": domains,
    "ideal": ideal,
    "ablation": ablation,
    "pictures": pictures,
    "attack": attack,
    "keras": keras_networks,
}


def main() -> None:
    """Run the sections asked for and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, help="write the page here, too")
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help="all by default")
    arguments = parser.parse_args()
    sections = dict(written(arguments.output)) if arguments.output is not None else {}
    for name in arguments.sections or SECTIONS:
        paragraphs = []
        for paragraph in SECTIONS[name](arguments.photos, arguments.repeats):
            print(paragraph, end="\n\n", flush=True)
            paragraphs.append(paragraph)
        sections[paragraphs[0]] = "\n\n".join([*paragraphs, measured_on()])
    if arguments.output is not None:
        arguments.output.write_text("\n\n".join([HEAD, *sections.values()]) + "\n")


def written(page: Path) -> Iterator[tuple[str, str]]:
    """Sections of a page by their headings; those that are not measured again stay."""
    if page.is_file():
        for section in page.read_text().split("\n## ")[1:]:
            yield f"## {section.splitlines()[0]}", f"## {section.strip()}"


def measured_on() -> str:
    """When a section was measured, on which machine and with which versions."""
    found = ", ".join(f"{name} {version}" for name, version in versions())
    return f"*Measured on {datetime.now(UTC):%Y-%m-%d} on {describe()}, {processors()} processors; {found}.*"


if __name__ == "__main__":
    main()
