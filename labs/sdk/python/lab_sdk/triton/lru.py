"""A fully associative cache that forgets what was used longest ago."""

from dataclasses import dataclass


@dataclass(frozen=True)
class L2:
    """The L2 of a launch: its size in bytes, and the bytes of a line (a power of two; 128 on NVIDIA's GPUs)."""

    bytes: int
    line: int = 128


class Lru:
    """The last `capacity` different keys. A dict keeps the order in which they came, so that a touch is O(1)."""

    def __init__(self, capacity):
        self.capacity, self.keys = capacity, {}

    def touch(self, key):
        """Whether the key was there. It is the newest now; the oldest has gone if there was no room."""
        hit = self.keys.pop(key, None) is not None
        if not hit and len(self.keys) >= self.capacity:
            if self.capacity == 0:
                return False
            del self.keys[next(iter(self.keys))]
        self.keys[key] = True
        return hit
