"""The generator that draws the order of things: ChaCha with 8 rounds, seeded as the Rust crates `rand_chacha` and
`rand_core` seed it, so that one seed is one run in both languages.

Sources: D. J. Bernstein, "ChaCha, a variant of Salsa20" (2008); M. O'Neill, PCG (the 32-bit output that spreads a
seed).
"""

import numpy as np

CONSTANTS = (0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574)  # "expand 32-byte k"
COLUMNS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
DIAGONALS = ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
U64 = (1 << 64) - 1


class ChaCha8:
    """A stream of 32-bit numbers. Blocks of 16 are made several at a time, the more the longer the stream runs."""

    def __init__(self, seed):
        self.key = seed_words(seed)
        self.next_block, self.many = 0, 4
        self.words, self.at = [], 0

    def next_u32(self):
        if self.at == len(self.words):
            self.words, self.at = keystream(self.key, self.next_block, self.many), 0
            self.next_block += self.many
            self.many = min(2 * self.many, 1024)
        self.at += 1
        return self.words[self.at - 1]

    def below(self, n):
        """A number from 0 to n - 1."""
        return self.next_u32() * n >> 32


def seed_words(seed):
    """The eight words of a key: PCG's output, eight times."""
    state, words = seed & U64, []
    for _ in range(8):
        state = (state * 0x5851_F42D_4C95_7F2D + 0xA176_54E4_6FBE_17F3) & U64
        shifted, turn = ((state >> 18 ^ state) >> 27) & 0xFFFF_FFFF, state >> 59
        words.append((shifted >> turn | shifted << (32 - turn)) & 0xFFFF_FFFF)
    return words


def keystream(key, first, count):
    """The words of blocks `first` to `first + count - 1`: 16 count numbers."""
    numbers = np.arange(first, first + count, dtype=np.uint64)
    start = [np.full(count, word, np.uint32) for word in (*CONSTANTS, *key)]
    start += [(numbers & np.uint64(0xFFFF_FFFF)).astype(np.uint32), (numbers >> np.uint64(32)).astype(np.uint32)]
    start += [np.zeros(count, np.uint32), np.zeros(count, np.uint32)]
    x = list(start)
    for _ in range(4):
        for quarter in COLUMNS + DIAGONALS:
            mix(x, *quarter)
    return np.stack([a + b for a, b in zip(x, start)], axis=1).ravel().tolist()


def mix(x, a, b, c, d):
    """ChaCha's quarter round."""
    for turn, (to, other, turned) in ((16, (a, b, d)), (12, (c, d, b)), (8, (a, b, d)), (7, (c, d, b))):
        x[to] = x[to] + x[other]
        word = x[turned] ^ x[to]
        x[turned] = word << np.uint32(turn) | word >> np.uint32(32 - turn)
