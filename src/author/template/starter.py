"""RMS normalization. Write the function below; others may stand beside it. To refuse, raise ValueError."""

import numpy as np


def normalize(x):
    """x divided by the root of the mean of its squares.

    x (n) float32 -> (n).
    Refuse: an empty x; an x of zeros.
    """
    raise NotImplementedError
