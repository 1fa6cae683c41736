"""c = a b of n x n matrices, three times: from global memory, through tiles in shared memory, and with tiles in registers
too. n is a multiple of 32, for the third kernel of 64."""

from lab_sdk.simt import F, f32


def naive(w, n, a, b, c):
    """One element for each of 32 x 32 threads. Every factor comes from global memory."""
    row, column = w.ty() + w.bid[1] * 32, w.tx() + w.bid[0] * 32
    of_row = row * n
    total = F.splat(0.0)
    for k in range(n):
        total = w.ld(a, of_row + k).fma(w.ld(b, column + k * n), total)
    w.st(c, of_row + column, total)


def shared(w, n, a, b, c):
    """One element for each of 32 x 32 threads, which share tiles of 32 x 32 of both factors."""
    tx, ty = w.tx(), w.ty()
    row, column = ty + w.bid[1] * 32, tx + w.bid[0] * 32
    left, right = w.shared("left", 1024, f32), w.shared("right", 1024, f32)
    of_row, of_ty = row * n, ty * 32
    at = of_ty + tx
    total = F.splat(0.0)
    for k0 in range(0, n, 32):
        w.sts(left, at, w.ld(a, of_row + (tx + k0)))
        w.sts(right, at, w.ld(b, (ty + k0) * n + column))
        yield w.sync()
        for k in range(32):
            total = w.lds(left, of_ty + k).fma(w.lds(right, tx + k * 32), total)
        yield w.sync()
    w.st(c, of_row + column, total)


def registers(w, n, a, b, c):
    """64 x 64 elements for a block of 16 x 16 threads: 4 x 4 for each, 16 apart, so that 8 loads feed 16 multiply-adds."""
    tx, ty, t, (bx, by, _) = w.tx(), w.ty(), w.tid(), w.bid
    # 64 rows of 16, and 16 rows of 64.
    left, right = w.shared("left", 1024, f32), w.shared("right", 1024, f32)
    of_rows = [(ty + i) * 16 for i in (0, 16, 32, 48)]
    sums = [[F.splat(0.0)] * 4 for _ in range(4)]
    for k0 in range(0, n, 16):
        for q in range(4):
            e = t + q * 256
            row, k = e // 16, e % 16
            w.sts(left, e, w.ld(a, (row + by * 64) * n + (k + k0)))
            k, column = e // 64, e % 64
            w.sts(right, e, w.ld(b, (k + k0) * n + (column + bx * 64)))
        yield w.sync()
        for k in range(16):
            of_a = [w.lds(left, row + k) for row in of_rows]
            of_b = [w.lds(right, tx + (k * 64 + j)) for j in (0, 16, 32, 48)]
            sums = [[x.fma(y, total) for y, total in zip(of_b, row)] for x, row in zip(of_a, sums)]
        yield w.sync()
    for i in range(4):
        for j in range(4):
            w.st(c, (ty + (by * 64 + i * 16)) * n + (tx + (bx * 64 + j * 16)), sums[i][j])
