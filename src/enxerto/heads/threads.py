"""One BLAS thread for small problems: faster there than several, and the same sums in the same order."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

SMALL_PHOTOS = 5000


def few_threads(photos: int) -> AbstractContextManager[Any]:
    """A context in which matrix products of at most `SMALL_PHOTOS` photos run on one thread."""
    if photos > SMALL_PHOTOS:
        return nullcontext()
    context: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return context


@cache
def _controller() -> Any:
    import scipy.linalg  # noqa: F401 - SciPy brings a BLAS of its own, found only once it is loaded
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
