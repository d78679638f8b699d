"""The arrays that pass between layers, named once.

* `Images`: uint8 RGB, shape (batch, height, width, 3); what a file holds after decoding, cropping and resizing.
* `Pixels`: float32 RGB in [0, 1], shape (batch, 3, height, width); before normalization.
* `Features`: float32, shape (photos, features); one vector per photo.
* `Logits`: float64, shape (photos, classes).
* `Labels`: int64 class indices, shape (photos,).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Pixels = NDArray[np.float32]
Features = NDArray[np.float32]
Logits = NDArray[np.float64]
Labels = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]
