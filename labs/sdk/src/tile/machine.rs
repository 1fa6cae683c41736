//! The state of one launch: counts, faults, live tiles, the cache. Messages that belong to no single access are here.

use super::fault::{Fault, FaultKind};
use super::now::At;
use super::trace::Recorder;
use super::{Cfg, Counters, Lru};
use crate::simt::{Place, commas};
use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::rc::Rc;

/// What an operation costs of the budget, however small its tile is.
const WORK_OF_OPERATION: u64 = 1000;

/// A program that holds so many times what fits is stopped at once, not only when it ends.
const HOPELESS: u64 = 16;

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
    pub l2: RefCell<Option<Lru>>,
    pub trace: RefCell<Recorder>,
    /// The running program, and its number.
    program: Cell<[usize; 3]>,
    number: Cell<u32>,
    /// Stores so far.
    stores: Cell<u32>,
    /// Whether the program has done an atomic.
    pub atomic: Cell<bool>,
    work: Cell<u64>,
    live: Cell<u64>,
    /// The most bytes that the running program has held, and since which line.
    peak: Cell<u64>,
    peak_at: Cell<At>,
}

/// What a stopped kernel unwinds with.
pub struct Stop;

impl Machine {
    pub fn new(cfg: Cfg) -> Rc<Self> {
        Rc::new(Self {
            serial: LAUNCHES.with(|launches| launches.replace(launches.get() + 1)) + 1,
            counters: RefCell::default(),
            faults: RefCell::default(),
            l2: RefCell::new(cfg.l2.map(|l2| Lru::new((l2.bytes / l2.line) as usize))),
            trace: RefCell::default(),
            program: Cell::default(),
            number: Cell::default(),
            stores: Cell::default(),
            atomic: Cell::default(),
            work: Cell::default(),
            live: Cell::default(),
            peak: Cell::default(),
            peak_at: Cell::new(Location::caller()),
            cfg,
        })
    }

    /// Begins a program.
    pub fn begin(&self, program: [usize; 3], number: u32) {
        self.program.set(program);
        self.number.set(number);
        self.atomic.set(false);
        self.peak.set(self.live.get());
        self.counters.borrow_mut().programs += 1;
    }

    /// Ends a program: it must have fitted.
    pub fn end(&self) {
        let mut counters = self.counters.borrow_mut();
        counters.peak_live_bytes = counters.peak_live_bytes.max(self.peak.get());
        drop(counters);
        if self.peak.get() > self.fits() {
            self.does_not_fit();
        }
    }

    fn fits(&self) -> u64 {
        u64::from(self.cfg.preset.sm().shared_per_block)
    }

    #[cold]
    fn does_not_fit(&self) -> ! {
        let sm = self.cfg.preset.sm();
        self.fault(FaultKind::DoesNotFit, self.peak_at.get(), None, |fault, program| {
            fault.message = format!(
                "{program} does not fit: at its fullest, here, it holds tiles of {} bytes, and {} gives a block at \
                 most {} ({} KiB); make the tiles smaller",
                commas(self.peak.get()),
                sm.name,
                commas(self.fits()),
                self.fits() / 1024
            );
        });
        self.stop()
    }

    /// The number of the running program: x runs fastest.
    pub fn number(&self) -> u32 {
        self.number.get()
    }

    /// The number of a new store, from 1.
    pub fn next_store(&self) -> u32 {
        self.stores.set(self.stores.get().wrapping_add(1));
        self.stores.get()
    }

    /// Counts an operation that makes so many elements; ends the launch if the budget is spent.
    #[inline]
    pub fn work(&self, elements: usize, at: At) {
        let work = self.work.get() + WORK_OF_OPERATION + elements as u64;
        self.work.set(work);
        if work > self.cfg.budget {
            self.endless(at);
        }
    }

    #[cold]
    fn endless(&self, at: At) -> ! {
        self.fault(FaultKind::Endless, at, None, |fault, program| {
            fault.message = format!(
                "{program} was last here when the launch had done work of {} (an operation is 1,000 and its elements): \
                 if no loop is endless, the launch does too much",
                commas(self.cfg.budget)
            );
        });
        self.stop()
    }

    /// Records a fault of the running program: the first of its kind in full, the others as a number. `fill` is given
    /// the program as sentences name it.
    #[cold]
    pub fn fault(&self, kind: FaultKind, at: At, element: Option<u64>, fill: impl FnOnce(&mut Fault, String)) {
        let mut faults = self.faults.borrow_mut();
        if let Some(known) = faults.iter_mut().find(|fault| fault.kind == kind) {
            known.times += 1;
            return;
        }
        let mut fault = Fault {
            kind,
            message: String::new(),
            at: Place::of(at),
            program: self.program.get(),
            element,
            array: None,
            index: None,
            address: None,
            times: 1,
        };
        let [x, y, z] = self.program.get();
        fill(&mut fault, format!("program ({x}, {y}, {z})"));
        faults.push(fault);
    }

    /// Ends the launch; the report has what happened until here.
    pub fn stop(&self) -> ! {
        let mut counters = self.counters.borrow_mut();
        counters.peak_live_bytes = counters.peak_live_bytes.max(self.peak.get());
        drop(counters);
        std::panic::resume_unwind(Box::new(Stop))
    }
}

/// The bytes of a tile, from when it is made until it falls.
pub struct Live {
    machine: Rc<Machine>,
    bytes: u64,
}

impl Live {
    pub fn new(machine: Rc<Machine>, bytes: u64, at: At) -> Self {
        let live = machine.live.get() + bytes;
        machine.live.set(live);
        if live > machine.peak.get() {
            machine.peak.set(live);
            machine.peak_at.set(at);
            if live > HOPELESS * machine.fits() {
                machine.does_not_fit();
            }
        }
        Self { machine, bytes }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.machine.live.set(self.machine.live.get() - self.bytes);
    }
}
