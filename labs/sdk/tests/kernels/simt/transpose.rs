//! y = xᵀ of an n x n matrix, three times. A block of 32 x 8 threads turns a tile of 32 x 32; `// 3` is issues of a warp, as
//! in `main.rs`. n is a multiple of 32.

use lab_sdk::simt::{G, Warp};

/// Reads along rows, writes along columns.
pub async fn naive(w: Warp, n: u32, x: G<f32>, y: G<f32>) {
    let column = w.tx() + w.bid[0] * 32; // 1
    for j in (0..32).step_by(8) {
        let row = w.ty() + (w.bid[1] * 32 + j); // 1
        w.st(&y, column * n + row, w.ld(&x, row * n + column)); // 6
    }
}

/// Through a tile in shared memory, so that rows are written too; but the tile is read along columns of one bank.
pub async fn shared(w: Warp, n: u32, x: G<f32>, y: G<f32>) {
    through_tile(w, n, x, y, 32).await;
}

/// With one word of padding behind each row of the tile: a column meets every bank once.
pub async fn padded(w: Warp, n: u32, x: G<f32>, y: G<f32>) {
    through_tile(w, n, x, y, 33).await;
}

async fn through_tile(w: Warp, n: u32, x: G<f32>, y: G<f32>, pitch: u32) {
    let (tx, ty, [bx, by, _]) = (w.tx(), w.ty(), w.bid);
    let tile = w.shared::<f32>("tile", 32 * pitch);
    for j in (0..32).step_by(8) {
        let row = ty + j; // 1
        w.sts(tile, row * pitch + tx, w.ld(&x, (row + by * 32) * n + (tx + bx * 32))); // 8
    }
    w.sync().await; // 1
    for j in (0..32).step_by(8) {
        let row = ty + j; // 1
        w.st(&y, (row + bx * 32) * n + (tx + by * 32), w.lds(tile, tx * pitch + row)); // 8
    }
}
