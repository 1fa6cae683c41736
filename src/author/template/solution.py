"""RMS normalization, arXiv 1910.07467 without the gain. n is the number of values."""

import numpy as np


def normalize(x):
    """x divided by the root of the mean of its squares."""
    if x.size == 0:
        raise ValueError("x is empty")
    rms = np.sqrt(np.mean(x * x))
    if not rms > 0:
        raise ValueError("x holds nothing but zeros")
    return x / rms
