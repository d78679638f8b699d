import numpy as np
from threadpoolctl import threadpool_info

from enxerto.heads import threads
from enxerto.heads.threads import few_threads


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_small_products_run_on_one_thread_and_the_number_comes_back():
    np.ones((2, 2)) @ np.ones((2, 2))
    with few_threads(0):
        pass
    before = blas_threads()
    with few_threads(threads.SMALL_PHOTOS):
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def test_large_products_keep_their_threads():
    before = blas_threads()
    with few_threads(threads.SMALL_PHOTOS + 1):
        assert blas_threads() == before
