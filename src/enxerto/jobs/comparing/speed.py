"""Milliseconds and memory of a backbone on this machine: measured once, then kept with machine and versions."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np

from enxerto.data import Limits, PhotoSet, decode, read_bytes
from enxerto.engines import Engine, describe, processors
from enxerto.errors import EngineError, PhotoError
from enxerto.files import write_durably
from enxerto.home import speeds_home
from enxerto.jobs.comparing.candidates import Candidate
from enxerto.jobs.comparing.tuning_cost import learning_milliseconds
from enxerto.jobs.provenance import now, versions
from enxerto.report import Speed
from enxerto.types import Images

PHOTOS = 8
TIMEOUT_S = 600
_RECIPE = "speed-3"


def speed_of(
    candidate: Candidate, engine: Engine, photos: PhotoSet, *, keep: bool, seed: int, limits: Limits | None
) -> Speed:
    """Measure a backbone, or recall what was measured on this machine with these versions.

    Args:
        candidate: what to measure.
        engine: that makes its features; the measured one is opened in a process of its own, on the same device.
        photos: readable ones, some of which are looked at.
        keep: recall, and keep for the next time what other programs didn't disturb.
        seed: of random weights.
        limits: of bytes and pixels a photo.

    Raises:
        EngineError: it could not be measured.
    """
    kept = speeds_home() / f"{_key(engine)}.json"
    known = _recalled(kept) if keep else None
    if known is not None:
        return known
    measured = _measured(candidate, engine, photos, seed=seed, limits=limits)
    if keep and not measured.disturbed:
        write_durably(kept, msgspec.json.encode(measured))
    return measured


def _key(engine: Engine) -> str:
    """Everything that decides a speed: the network, what runs it, the machine, and the versions."""
    parts = [_RECIPE, engine.backbone.fingerprint, engine.identity, engine.device, describe(), str(processors())]
    return hashlib.sha256("|".join([*parts, repr(versions())]).encode()).hexdigest()


def _recalled(path: Path) -> Speed | None:
    with suppress(FileNotFoundError, msgspec.ValidationError, msgspec.DecodeError):
        return msgspec.json.decode(path.read_bytes(), type=Speed)
    return None


def _measured(candidate: Candidate, engine: Engine, photos: PhotoSet, *, seed: int, limits: Limits | None) -> Speed:
    with tempfile.TemporaryDirectory(prefix="enxerto-") as folder:
        images = Path(folder) / "images.npy"
        np.save(images, _images(engine, photos, limits))
        asked = {
            "name": engine.backbone.name, "identity": engine.backbone.identity,
            "random_seed": seed if candidate.random else None, "device": engine.device,
            "precision": engine.precision, "images": str(images),
        }  # fmt: skip
        command = [sys.executable, "-W", "ignore", "-m", "enxerto.engines.measuring"]
        try:
            child = subprocess.run(
                command, input=json.dumps(asked), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise EngineError(f"{candidate.name} took more than {TIMEOUT_S} s to answer for {PHOTOS} photos") from error
    if child.returncode:
        reason = (child.stderr.strip().splitlines() or [f"exit code {child.returncode}"])[-1]
        raise EngineError(f"the speed of {candidate.name} could not be measured: {reason[:300]}")
    learning = None if candidate.random else learning_milliseconds(engine.backbone)
    return Speed(**json.loads(child.stdout.splitlines()[-1]), learning_milliseconds=learning, measured=now())


def _images(engine: Engine, photos: PhotoSet, limits: Limits | None) -> Images:
    """Some of the photos as the network looks at them."""
    from enxerto.backbones import View

    preprocessing, view = engine.backbone.preprocessing, View()
    images: list[Images] = []
    for photo in photos.photos:
        with suppress(PhotoError):
            data = read_bytes(photo.path, limits or Limits())
            decoded = decode(data, short_side_px=view.short_side_px(preprocessing), limits=limits or Limits())
            images.append(view.image(decoded.image, hashlib.sha256(data).digest(), preprocessing))
        if len(images) == PHOTOS:
            break
    if not images:
        raise EngineError(f"no photo of {photos.root} can be read any more, so that no speed can be measured")
    return np.stack(images)
