//! The state of one launch: counts, faults, time, the order of things. Messages that belong to no single access are here.

use super::fault::{Fault, FaultKind, Place};
use super::history::{Lines, Times};
use super::now;
use super::shared::Shared;
use super::trace::{LaneAccess, Surplus, Trace};
use super::{Cfg, Counters, Order, W, Warp};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::rc::Rc;

type At = &'static Location<'static>;

thread_local! {
    static LAUNCHES: Cell<u64> = const { Cell::new(0) };
}

/// One launch.
pub struct Machine {
    pub cfg: Cfg,
    /// The launch's number on this thread, from 1.
    pub serial: u64,
    pub counters: RefCell<Counters>,
    pub faults: RefCell<Vec<Fault>>,
    pub shared: RefCell<Shared>,
    pub trace: RefCell<Trace>,
    lines: RefCell<Lines>,
    random: RefCell<ChaCha8Rng>,
    /// The running block, and its number.
    pub block: Cell<[u32; 3]>,
    number: Cell<u32>,
    /// Whether a warp of it has done an atomic.
    pub atomic_in_block: Cell<bool>,
    /// When the blocks that have run began, with their numbers.
    began: RefCell<Vec<(u32, u32)>>,
    /// Time: barriers, `syncwarp`s and blocks so far.
    time: Cell<u32>,
    block_time: Cell<u32>,
    barrier_time: Cell<u32>,
    pub warps: RefCell<Vec<WarpState>>,
}

/// One warp of the running block.
#[derive(Clone, Copy, Default)]
pub struct WarpState {
    /// The barrier where it waits.
    pub waits: Option<At>,
    pub returned: bool,
    /// Its last instruction.
    pub last: Option<At>,
    /// The time of its last `syncwarp`.
    syncwarp: u32,
}

/// What a stopped kernel unwinds with.
pub struct Stop;

impl Machine {
    pub fn new(cfg: Cfg) -> Rc<Self> {
        let warps = cfg.warps();
        Rc::new(Self {
            serial: LAUNCHES.with(|launches| launches.replace(launches.get() + 1)) + 1,
            counters: RefCell::default(),
            faults: RefCell::default(),
            shared: RefCell::new(Shared::new(cfg.smem_bytes, warps)),
            trace: RefCell::default(),
            lines: RefCell::default(),
            random: RefCell::new(ChaCha8Rng::seed_from_u64(cfg.seed)),
            block: Cell::default(),
            number: Cell::default(),
            atomic_in_block: Cell::default(),
            began: RefCell::default(),
            time: Cell::default(),
            block_time: Cell::default(),
            barrier_time: Cell::default(),
            warps: RefCell::new(vec![WarpState::default(); warps as usize]),
            cfg,
        })
    }

    /// The blocks in the order in which they run.
    pub fn blocks(&self) -> Vec<u32> {
        let mut blocks: Vec<u32> = (0..self.cfg.blocks() as u32).collect();
        self.shuffle(&mut blocks);
        blocks
    }

    /// The warps of a block in the order in which they run up to the next barrier.
    pub fn order(&self, warps: &mut Vec<u32>) {
        let states = self.warps.borrow();
        warps.clear();
        warps.extend((0..self.cfg.warps()).filter(|&warp| !states[warp as usize].returned));
        self.shuffle(warps);
    }

    fn shuffle(&self, items: &mut [u32]) {
        if self.cfg.order == Order::Drawn {
            for last in (1..items.len()).rev() {
                items.swap(last, self.below(last + 1));
            }
        }
    }

    /// Where the turns of an atomic begin, and the step from lane to lane (odd, so that all lanes come).
    pub fn lane_order(&self, on: u32) -> (usize, usize) {
        let drawn = self.cfg.order == Order::Drawn && on.count_ones() > 1;
        if drawn { (self.below(W), 2 * self.below(W / 2) + 1) } else { (0, 1) }
    }

    fn below(&self, n: usize) -> usize {
        ((u64::from(self.random.borrow_mut().next_u32()) * n as u64) >> 32) as usize
    }

    /// Begins block `number`.
    pub fn begin(&self, number: u32) {
        let [x, y, _] = self.cfg.grid;
        self.block.set([number % x, number / x % y, number / x / y]);
        self.number.set(number);
        self.atomic_in_block.set(false);
        self.block_time.set(self.tick());
        self.barrier_time.set(self.time.get());
        self.began.borrow_mut().push((self.time.get(), number));
        self.shared.borrow_mut().begin();
        self.warps.borrow_mut().fill(WarpState::default());
    }

    /// The warp numbered `id` of the running block.
    pub fn warp(self: &Rc<Self>, id: u32) -> Warp {
        Warp {
            id: id as usize,
            bid: self.block.get(),
            bdim: self.cfg.block,
            gdim: self.cfg.grid,
            me: id,
            machine: Rc::clone(self),
        }
    }

    /// Puts warp `id` on, with the lanes that have a thread.
    pub fn enter(&self, id: u32) {
        let threads = self.cfg.threads() - id * W as u32;
        now::run_warp(id, if threads >= W as u32 { now::ALL } else { (1 << threads) - 1 });
    }

    fn tick(&self) -> u32 {
        self.time.set(self.time.get() + 1);
        self.time.get()
    }

    /// A barrier is passed.
    pub fn pass_barrier(&self) {
        self.barrier_time.set(self.tick());
    }

    /// Warp `id` has done a `syncwarp`.
    pub fn pass_syncwarp(&self, id: u32) {
        self.warps.borrow_mut()[id as usize].syncwarp = self.tick();
    }

    /// The times that an access of warp `id` is judged by.
    #[inline]
    pub fn times(&self, id: u32) -> Times {
        let barrier = self.barrier_time.get();
        Times {
            now: self.time.get(),
            block: self.block_time.get(),
            barrier,
            syncwarp: barrier.max(self.warps.borrow()[id as usize].syncwarp),
        }
    }

    /// The block that ran at this time.
    pub fn block_at(&self, time: u32) -> [u32; 3] {
        let began = self.began.borrow();
        let at = began.partition_point(|(start, _)| *start <= time);
        let number = at.checked_sub(1).map_or(0, |at| began[at].1);
        let [x, y, _] = self.cfg.grid;
        [number % x, number / x % y, number / x / y]
    }

    /// The number of a line that stores to global memory.
    pub fn line(&self, at: At) -> u16 {
        self.lines.borrow_mut().number(at)
    }

    /// The line of that number.
    pub fn line_of(&self, number: u16) -> At {
        self.lines.borrow().line(number)
    }

    /// Records a fault of the running warp: the first of its kind in full, the others as a number.
    #[cold]
    pub fn fault(&self, kind: FaultKind, at: &Location<'_>, lane: Option<u32>, fill: impl FnOnce(&mut Fault)) {
        let mut faults = self.faults.borrow_mut();
        if let Some(known) = faults.iter_mut().find(|fault| fault.kind == kind) {
            known.times += 1;
            return;
        }
        let mut fault = Fault {
            kind,
            message: String::new(),
            at: Place::of(at),
            block: self.block.get(),
            warp: now::warp(),
            lane,
            array: None,
            index: None,
            address: None,
            other: None,
            times: 1,
        };
        fill(&mut fault);
        faults.push(fault);
    }

    /// Ends the launch; the report has what happened until here.
    pub fn stop(&self) -> ! {
        std::panic::resume_unwind(Box::new(Stop))
    }

    /// From which instruction on `look` is called at each.
    pub fn look_from(&self) -> u64 {
        if self.cfg.trace { 0 } else { self.budget() }
    }

    fn budget(&self) -> u64 {
        self.cfg.budget / W as u64
    }

    /// Looks at an instruction: writes it down, or finds that the budget is spent.
    pub fn look(&self, at: At, count: u64) {
        if self.cfg.trace && self.number.get() == 0 {
            self.trace.borrow_mut().issue(at, now::warp(), now::mask());
        }
        if count > self.budget() {
            self.endless(at);
        }
    }

    fn endless(&self, at: At) -> ! {
        self.fault(FaultKind::Endless, at, None, |fault| {
            let warp = fault.warp;
            let spent = super::cfg::commas(self.cfg.budget);
            let place = Place::of(at);
            let lanes = now::mask();
            fault.message = match now::inside() {
                Some(begins) => format!(
                    "the launch has issued {spent} thread-instructions and does not end: warp {warp} is in the w.while_ of \
                     {}, whose condition still holds in lanes {lanes:#010x}; a Reg that the condition reads must change in \
                     the body",
                    Place::of(begins)
                ),
                None => format!(
                    "the launch has issued {spent} thread-instructions and does not end: warp {warp} was last at {place}; if \
                     no loop there is endless, the launch does too much"
                ),
            };
        });
        self.stop()
    }

    /// Keeps the first global access that costs more than it must.
    pub fn picture_global(
        &self,
        at: At,
        array: &str,
        store: bool,
        cost: u32,
        least: u32,
        lanes: impl FnOnce() -> Vec<LaneAccess>,
    ) {
        let mut trace = self.trace.borrow_mut();
        if trace.global.is_none() {
            trace.global = Some(self.surplus(at, array, store, cost, least, lanes()));
        }
    }

    /// Keeps the first shared access that costs more than it must.
    pub fn picture_shared(&self, at: At, array: &str, store: bool, cost: u32, lanes: impl FnOnce() -> Vec<LaneAccess>) {
        let mut trace = self.trace.borrow_mut();
        if trace.shared.is_none() {
            trace.shared = Some(self.surplus(at, array, store, cost, 1, lanes()));
        }
    }

    fn surplus(&self, at: At, array: &str, store: bool, cost: u32, least: u32, lanes: Vec<LaneAccess>) -> Surplus {
        let (block, warp) = (self.block.get(), now::warp());
        Surplus { at: Place::of(at), block, warp, array: array.to_owned(), store, cost, least, lanes }
    }
}
