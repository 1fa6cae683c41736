"""Misconceptions as people write them in NumPy; the trials read this file after solution.py and let one function take over."""

# What must be refused is left to the right function, so that only the mistake differs.
right_normalize = normalize  # noqa: F821


def subtracts_mean(x):
    """LayerNorm's habit."""
    right_normalize(x)
    return (x - x.mean()) / x.std()


def sum_for_mean(x):
    """Length 1 instead of size 1."""
    right_normalize(x)
    return x / np.linalg.norm(x)  # noqa: F821
