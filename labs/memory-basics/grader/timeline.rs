//! A machine that runs a schedule: what of it cannot be done, how many loads it takes, and how long.

use lab_sdk::Value;

/// What a machine takes for a byte. A copy over the link takes 1, a backward twice a forward.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Forward of a layer.
    pub compute: f64,
    /// From NVMe to CPU memory.
    pub disk: f64,
}

/// Copying is cheap, even and dear.
pub const MACHINES: [Machine; 3] = [
    Machine { compute: 3.0, disk: 2.0 },
    Machine { compute: 1.0, disk: 2.0 },
    Machine { compute: 0.3, disk: 3.0 },
];

/// A case of `schedule`.
#[derive(Clone, Debug)]
pub struct Task {
    /// Of each layer.
    pub bytes: Vec<usize>,
    /// Room on the GPU.
    pub gpu: usize,
    /// Layers from this one on are on NVMe.
    pub ram: usize,
}

/// What is wrong with a schedule, counted, and what it takes.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    /// Acts that there are not, and passes that are missing, twice there or out of order.
    pub misplaced: Count,
    /// Passes, saves and evictions of layers that are not on the GPU, and loads of layers that are.
    pub absent: Count,
    /// The most bytes above the room.
    pub over: Count,
    /// Gradients that were evicted or never saved.
    pub lost: Count,
    /// Loads without their fetch, and fetches that are not asked for or find no place.
    pub fetches: Count,
    /// Loads.
    pub loads: usize,
    /// When the last act ends.
    pub time: f64,
}

/// How often, and the first time in words.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// How often, or how much.
    pub number: usize,
    /// Where first.
    pub first: String,
}

impl Count {
    fn add(&mut self, words: impl FnOnce() -> String) {
        self.raise(self.number + 1, words);
    }

    fn raise(&mut self, to: usize, words: impl FnOnce() -> String) {
        if self.number == 0 && to > 0 {
            self.first = words();
        }
        self.number = self.number.max(to);
    }
}

/// The acts of an answer; `None` where it is no list of them.
pub fn acts(value: &Value) -> Option<Vec<(String, usize)>> {
    let Value::List(items) = value else { return None };
    let act = |item: &Value| match item {
        Value::Tuple(parts) => match &parts[..] {
            [Value::Str(word), Value::Int(layer)] => Some((word.clone(), usize::try_from(*layer).ok()?)),
            _ => None,
        },
        _ => None,
    };
    items.iter().map(act).collect()
}

/// Where a layer is and what it waits for.
#[derive(Clone, Copy, Default)]
struct Layer {
    on_gpu: bool,
    gradient: bool,
    /// When its load, and its last use, are done.
    loaded: f64,
    used: f64,
}

/// Runs a schedule.
pub fn run(task: &Task, acts: &[(String, usize)], machine: Machine) -> Ran {
    let layers = task.bytes.len();
    let passes: Vec<(&str, usize)> =
        (0..layers).map(|i| ("fwd", i)).chain((0..layers).rev().map(|i| ("bwd", i))).collect();
    let mut ran = Ran::default();
    let mut state = vec![Layer::default(); layers];
    let (mut disk, mut up, mut down, mut compute) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64);
    // When the last eviction, and the last load of a fetched layer, were done.
    let (mut evicted, mut drained) = (0.0_f64, 0.0_f64);
    // Fetched layers that wait for their load, with the time from which they are there.
    let mut waiting: Vec<(usize, f64)> = Vec::new();
    let (mut held, mut done) = (0, 0);
    for (at, (word, i)) in acts.iter().enumerate() {
        let here = |what: &str| format!("act {}, {word}({i}): {what}", at + 1);
        let Some(layer) = state.get_mut(*i) else {
            ran.misplaced.add(|| here("there is no such layer"));
            continue;
        };
        let bytes = task.bytes[*i];
        let size = bytes as f64;
        match word.as_str() {
            "fetch" => {
                if *i < task.ram || waiting.len() >= 2 {
                    let why = if *i < task.ram { "it is in CPU memory" } else { "two are fetched and not loaded" };
                    ran.fetches.add(|| here(why));
                }
                disk = disk.max(drained) + size * machine.disk;
                waiting.push((*i, disk));
            }
            "load" => {
                ran.loads += 1;
                let place = waiting.iter().position(|(of, _)| of == i);
                let ready = place.map(|place| waiting.remove(place).1);
                if *i >= task.ram && ready.is_none() {
                    ran.fetches.add(|| here("it is on NVMe and was not fetched for this load"));
                }
                if layer.on_gpu {
                    ran.absent.add(|| here("it is on the GPU already"));
                } else {
                    held += bytes;
                }
                up = up.max(evicted).max(ready.unwrap_or(0.0)) + size;
                if ready.is_some() {
                    drained = up;
                }
                (layer.on_gpu, layer.loaded, layer.used) = (true, up, up);
                ran.over.raise(held.saturating_sub(task.gpu), || here(&format!("{held} bytes, room for {}", task.gpu)));
            }
            "fwd" | "bwd" => {
                if passes.get(done) != Some(&(word.as_str(), *i)) {
                    let next = passes.get(done).map_or("nothing".to_owned(), |(word, i)| format!("{word}({i})"));
                    ran.misplaced.add(|| here(&format!("{next} is next")));
                }
                done += 1;
                if !layer.on_gpu {
                    ran.absent.add(|| here("its layer is not on the GPU"));
                }
                let backward = word == "bwd";
                let cost = size * machine.compute * if backward { 2.0 } else { 1.0 };
                compute = compute.max(layer.loaded) + cost;
                layer.used = compute;
                layer.gradient |= backward;
            }
            "save" => {
                if !layer.gradient {
                    ran.absent.add(|| here("there is no gradient of it"));
                }
                down = down.max(layer.used) + size;
                layer.used = down;
                layer.gradient = false;
            }
            "evict" => {
                if !layer.on_gpu {
                    ran.absent.add(|| here("it is not on the GPU"));
                } else {
                    held -= bytes;
                }
                if layer.gradient {
                    ran.lost.add(|| here("with its gradient"));
                }
                evicted = evicted.max(layer.used);
                (layer.on_gpu, layer.gradient) = (false, false);
            }
            _ => ran.misplaced.add(|| here("there is no such act")),
        }
    }
    if done < passes.len() {
        ran.misplaced.add(|| format!("{} of {} passes", done, passes.len()));
    }
    for (i, _) in state.iter().enumerate().filter(|(_, layer)| layer.gradient) {
        ran.lost.add(|| format!("the gradient of layer {i} is on the GPU at the end"));
    }
    ran.time = disk.max(up).max(down).max(compute);
    ran
}
