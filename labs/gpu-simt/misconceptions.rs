//! Wrong functions, one for each misconception: what many people write first. Each overrides one function of the
//! solution, named by its signature; what must be refused is left to the solution, so that only the mistake differs.

use super::solution;
use lab_sdk::simt::{G, P, U, Warp};
use lab_sdk::{KernelRes, Limiter, Occ, Result, SmSpec, Work};

/// The body of every kernel here: y[i] = a x[i] + y[i] in the lanes where `on` holds.
fn axpy(w: &Warp, x: &G<f32>, y: &G<f32>, a: f32, on: P, i: U) {
    w.if_(on, || w.st(y, i, w.ld(x, i) * a + w.ld(y, i)));
}

/// Column and row of each thread.
fn place(w: &Warp) -> (U, U) {
    (w.tx() + w.bid[0] * w.bdim[0], w.ty() + w.bid[1] * w.bdim[1])
}

/// Lets x run over the rows, as in `a[x][y]`.
pub async fn rows_along_x(w: Warp, x: G<f32>, y: G<f32>, a: f32, rows: u32, cols: u32, pitch: u32) {
    let (r, c) = place(&w);
    axpy(&w, &x, &y, a, r.lt(rows) & c.lt(cols), r * pitch + c);
}

/// Lets every thread work.
pub async fn no_guard(w: Warp, x: G<f32>, y: G<f32>, a: f32, _rows: u32, _cols: u32, pitch: u32) {
    let (c, r) = place(&w);
    axpy(&w, &x, &y, a, P::splat(true), r * pitch + c);
}

/// Guards the columns and forgets the rows.
pub async fn columns_only(w: Warp, x: G<f32>, y: G<f32>, a: f32, _rows: u32, cols: u32, pitch: u32) {
    let (c, r) = place(&w);
    axpy(&w, &x, &y, a, c.lt(cols), r * pitch + c);
}

/// Guards the index, not the place.
pub async fn guards_the_buffer(w: Warp, x: G<f32>, y: G<f32>, a: f32, rows: u32, _cols: u32, pitch: u32) {
    let (c, r) = place(&w);
    let i = r * pitch + c;
    axpy(&w, &x, &y, a, i.lt(rows * pitch), i);
}

/// Numbers threads by the grid's size.
pub async fn grid_for_block(w: Warp, x: G<f32>, y: G<f32>, a: f32, rows: u32, cols: u32, pitch: u32) {
    let (c, r) = (w.tx() + w.bid[0] * w.gdim[0], w.ty() + w.bid[1] * w.gdim[1]);
    axpy(&w, &x, &y, a, r.lt(rows) & c.lt(cols), r * pitch + c);
}

/// Lets the next row begin where the columns end.
pub async fn cols_for_pitch(w: Warp, x: G<f32>, y: G<f32>, a: f32, rows: u32, cols: u32, _pitch: u32) {
    let (c, r) = place(&w);
    axpy(&w, &x, &y, a, r.lt(rows) & c.lt(cols), r * cols + c);
}

/// Gives a whole row to each thread, which walks along it.
pub async fn thread_per_row(w: Warp, x: G<f32>, y: G<f32>, a: f32, rows: u32, cols: u32, pitch: u32) {
    let block = w.bid[1] * w.gdim[0] + w.bid[0];
    let r = w.tid() + block * (w.bdim[0] * w.bdim[1]);
    for c in 0..cols {
        axpy(&w, &x, &y, a, r.lt(rows), r * pitch + c);
    }
}

/// Keeps the order in which the elements came.
pub fn as_they_came(kind: &[u8]) -> Vec<u32> {
    (0..kind.len() as u32).collect()
}

/// Sorts each warp by itself.
pub fn sorts_each_warp(kind: &[u8]) -> Vec<u32> {
    let mut order = as_they_came(kind);
    order.chunks_mut(32).for_each(|warp| warp.sort_by_key(|&i| kind[i as usize]));
    order
}

/// Deals the kinds out in turn: 0 1 0 1.
pub fn deals_in_turn(kind: &[u8]) -> Vec<u32> {
    let of = |wanted: u8| as_they_came(kind).into_iter().filter(move |&i| kind[i as usize] == wanted);
    let (mut zeros, mut ones) = (of(0), of(1));
    (0..kind.len())
        .filter_map(|t| match t % 2 {
            0 => zeros.next().or_else(|| ones.next()),
            _ => ones.next().or_else(|| zeros.next()),
        })
        .collect()
}

/// Stops one element early.
pub fn drops_the_last(kind: &[u8]) -> Vec<u32> {
    let mut order = solution::plan(kind);
    if let (Some(first), Some(last)) = (order.first().copied(), order.last_mut()) {
        *last = first;
    }
    order
}

/// Tells for each element where it goes: the order, inverted.
pub fn places_for_elements(kind: &[u8]) -> Vec<u32> {
    let mut places = vec![0; kind.len()];
    for (t, i) in (0u32..).zip(solution::plan(kind)) {
        places[i as usize] = t;
    }
    places
}

/// Counts registers to the last one.
pub fn registers_not_rounded(k: &KernelRes, sm: &SmSpec) -> Result<Occ> {
    solution::occupancy(k, &SmSpec { reg_unit: 1, ..*sm })
}

/// Takes the registers of an SM for one heap.
pub fn one_heap_of_registers(k: &KernelRes, sm: &SmSpec) -> Result<Occ> {
    solution::occupancy(k, &SmSpec { parts: 1, ..*sm })
}

/// Gives blocks exactly the shared memory that they ask for.
pub fn forgets_the_reserve(k: &KernelRes, sm: &SmSpec) -> Result<Occ> {
    // A block that asks for none is then stopped by something else: a byte is as good as nothing.
    solution::occupancy(&KernelRes { smem: k.smem.max(1), ..*k }, &SmSpec { reserved: 0, ..*sm })
}

/// Lets an SM hold any number of blocks.
pub fn any_number_of_blocks(k: &KernelRes, sm: &SmSpec) -> Result<Occ> {
    solution::occupancy(k, &SmSpec { blocks: sm.warps + 1, ..*sm })
}

/// Divides threads by threads, as if part of a warp were free.
pub fn part_warps_are_free(k: &KernelRes, sm: &SmSpec) -> Result<Occ> {
    let right = solution::occupancy(k, sm)?;
    let of_warp = (32 * k.regs).next_multiple_of(sm.reg_unit);
    let holds = sm.regs / sm.parts / of_warp * sm.parts;
    let of_block = (k.smem + sm.reserved).next_multiple_of(sm.smem_unit);
    let limits = [
        (32 * sm.warps / k.threads, Limiter::Warps),
        (sm.blocks, Limiter::Blocks),
        (32 * holds / k.threads, Limiter::Registers),
        (sm.smem / of_block, Limiter::Shared),
    ];
    let (blocks, limiter) = limits.into_iter().min_by_key(|(blocks, _)| *blocks).unwrap_or((0, right.limiter));
    Ok(Occ { blocks, warps: blocks * k.threads / 32, limiter })
}

/// Names the threads, whatever stops the block.
pub fn blames_the_threads(k: &KernelRes, sm: &SmSpec) -> Result<Occ> {
    Ok(Occ { limiter: Limiter::Warps, ..solution::occupancy(k, sm)? })
}

/// Leaves the grid out.
pub fn grid_without_end(k: &KernelRes, sm: &SmSpec) -> Result<f64> {
    solution::achieved(&KernelRes { grid: 1 << 32, ..*k }, sm)
}

/// Adds the grid up over one SM.
pub fn grid_on_one_sm(k: &KernelRes, sm: &SmSpec) -> Result<f64> {
    solution::achieved(k, &SmSpec { sms: 1, ..*sm })
}

/// Leaves out the wave that is not full.
pub fn waves_round_down(n: u64, work: &Work, sm: &SmSpec, block: u64, per_thread: u64) -> Result<u64> {
    priced(n, work, sm, block, per_thread, |job| job.wave * (job.grid / (sm.sms * job.held)))
}

/// Runs one block at a time on each SM.
pub fn one_block_an_sm(n: u64, work: &Work, sm: &SmSpec, block: u64, per_thread: u64) -> Result<u64> {
    solution::kernel_cycles(n, work, sm, block, per_thread)?;
    solution::kernel_cycles(n, work, &SmSpec { blocks: 1, ..*sm }, block, per_thread)
}

/// Fills every SM, however few blocks there are.
pub fn always_full(n: u64, work: &Work, sm: &SmSpec, block: u64, per_thread: u64) -> Result<u64> {
    priced(n, work, sm, block, per_thread, |job| {
        let waves = job.grid.div_ceil(sm.sms * job.held);
        waves * job.instructions * work.latency.max((job.held * block.div_ceil(32)).div_ceil(4))
    })
}

/// Gives a thread the same registers, however many elements it holds.
pub fn registers_stay(n: u64, work: &Work, sm: &SmSpec, block: u64, per_thread: u64) -> Result<u64> {
    solution::kernel_cycles(n, work, sm, block, per_thread)?;
    solution::kernel_cycles(n, &Work { regs_each: 0, ..*work }, sm, block, per_thread)
}

/// Sets up once for each element.
pub fn setup_each_time(n: u64, work: &Work, sm: &SmSpec, block: u64, per_thread: u64) -> Result<u64> {
    let setup = work.setup * per_thread;
    solution::kernel_cycles(n, &Work { setup, ..*work }, sm, block, per_thread)
}

/// What a launch comes to on the way to its cycles.
struct Job {
    grid: u64,
    held: u64,
    instructions: u64,
    /// Cycles of one wave.
    wave: u64,
}

/// Cycles by another rule; what must be refused is refused.
fn priced(n: u64, work: &Work, sm: &SmSpec, block: u64, per_thread: u64, rule: impl Fn(Job) -> u64) -> Result<u64> {
    let right = solution::kernel_cycles(n, work, sm, block, per_thread)?;
    let grid = n.div_ceil(block * per_thread);
    let regs = work.regs + work.regs_each * per_thread;
    let held = solution::occupancy(&KernelRes { threads: block, regs, smem: 0, grid }, sm)?.blocks;
    let instructions = work.setup + work.each * per_thread;
    Ok(rule(Job { grid, held, instructions, wave: right / grid.div_ceil(sm.sms * held) }))
}

/// 256 threads, an element each: what most examples show.
pub fn always_256(n: u64, work: &Work, sm: &SmSpec) -> Result<(u64, u64)> {
    solution::choose_launch(n, work, sm)?;
    Ok((256, 1))
}

/// The launch that keeps most warps resident; of equals, the one with most elements a thread.
pub fn most_resident_warps(n: u64, work: &Work, sm: &SmSpec) -> Result<(u64, u64)> {
    solution::choose_launch(n, work, sm)?;
    let launches = (32..=1024).step_by(32).flat_map(|block| (1..=16).map(move |per_thread| (block, per_thread)));
    let resident = |&(threads, per_thread): &(u64, u64)| {
        let regs = work.regs + work.regs_each * per_thread;
        let held = solution::occupancy(&KernelRes { threads, regs, smem: 0, grid: 1 }, sm);
        (held.map_or(0, |held| held.warps), per_thread, 1024 - threads)
    };
    Ok(launches.max_by_key(resident).unwrap_or((256, 1)))
}

/// As many elements for a thread as there may be: the fewest threads set up.
pub fn most_elements_a_thread(n: u64, work: &Work, sm: &SmSpec) -> Result<(u64, u64)> {
    solution::choose_launch(n, work, sm)?;
    Ok((256, 16))
}
