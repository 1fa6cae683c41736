"""y = xᵀ of an n x n matrix, three times. A block of 32 x 8 threads turns a tile of 32 x 32. n is a multiple of 32."""

from lab_sdk.simt import f32


def naive(w, n, x, y):
    """Reads along rows, writes along columns."""
    column = w.tx() + w.bid[0] * 32
    for j in range(0, 32, 8):
        row = w.ty() + (w.bid[1] * 32 + j)
        w.st(y, column * n + row, w.ld(x, row * n + column))


def shared(w, n, x, y):
    """Through a tile in shared memory, so that rows are written too; but the tile is read along columns of one bank."""
    yield from through_tile(w, n, x, y, 32)


def padded(w, n, x, y):
    """With one word of padding behind each row of the tile: a column meets every bank once."""
    yield from through_tile(w, n, x, y, 33)


def through_tile(w, n, x, y, pitch):
    tx, ty, (bx, by, _) = w.tx(), w.ty(), w.bid
    tile = w.shared("tile", 32 * pitch, f32)
    for j in range(0, 32, 8):
        row = ty + j
        w.sts(tile, row * pitch + tx, w.ld(x, (row + by * 32) * n + (tx + bx * 32)))
    yield w.sync()
    for j in range(0, 32, 8):
        row = ty + j
        w.st(y, (row + bx * 32) * n + (tx + by * 32), w.lds(tile, tx * pitch + row))
