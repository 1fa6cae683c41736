//! Traces that are drawn: trees of operators on threads, launches and what they run, loops of steps. Everything in Kineto's
//! schema, with what stands in a real file beside it.

use crate::grading::Draw;
use crate::reference::trace::{Event, Trace};
use serde_json::{Map, Value as Json, json};

/// The process of the CPU events.
const PROCESS: i64 = 1;
/// The threads: the loop's, and the one that runs the backward pass.
pub const MAIN: i64 = 1;
pub const BACKWARD: i64 = 2;

/// Operators that are drawn.
const OPS: [&str; 8] = [
    "aten::linear",
    "aten::addmm",
    "aten::conv2d",
    "aten::relu",
    "aten::copy_",
    "aten::add",
    "aten::softmax",
    "aten::mul",
];

/// A trace in the making. Times are multiples of `unit` nanoseconds after `from`.
pub struct Maker {
    /// The trace so far.
    pub trace: Trace,
    unit: i64,
    from: i64,
    links: i64,
    ids: i64,
}

/// Where a launch and its work lie, in units.
#[derive(Clone, Copy)]
pub struct Launch {
    /// The thread of the call.
    pub thread: i64,
    /// Begin of the call.
    pub at: i64,
    /// Its length.
    pub long: i64,
    /// The stream.
    pub stream: i64,
    /// Begin of the work.
    pub begins: i64,
    /// Its length.
    pub lasts: i64,
}

impl Maker {
    /// Times in eighths of a microsecond near 0: floats hold their sums exactly.
    pub fn new() -> Self {
        Self { trace: Trace::default(), unit: 125, from: 0, links: 0, ids: 0 }
    }

    /// Times in nanoseconds after so many, as real traces have them.
    pub fn late(from: i64) -> Self {
        Self { unit: 1, from, ..Self::new() }
    }

    /// Adds an event on `thread` of the CPU.
    pub fn cpu(&mut self, cat: &str, name: &str, thread: i64, (start, end): (i64, i64)) {
        self.ids += 1;
        let args = [("External id", json!(self.ids)), ("Ev Idx", json!(self.ids - 1))];
        self.push(cat, name, json!(PROCESS), json!(thread), (start, end), &args);
    }

    /// An operator.
    pub fn op(&mut self, name: &str, thread: i64, span: (i64, i64)) {
        self.cpu("cpu_op", name, thread, span);
    }

    /// A step of the loop.
    pub fn step(&mut self, number: usize, span: (i64, i64)) {
        self.cpu("user_annotation", &format!("ProfilerStep#{number}"), MAIN, span);
    }

    /// An event on a stream of the GPU, launched by nobody that is known.
    pub fn gpu(&mut self, cat: &str, name: &str, stream: i64, span: (i64, i64), args: &[(&str, Json)]) {
        let all = [&[("device", json!(0)), ("stream", json!(stream))], args].concat();
        self.push(cat, name, json!(0), json!(stream), span, &all);
    }

    /// A call of the runtime and the work that it launches. As in some traces, `External id` repeats the number of the
    /// pair, and so is the number of an operator that has nothing to do with it.
    pub fn launch(&mut self, launch: Launch, cat: &str, name: &str, args: &[(&str, Json)]) {
        self.links += 1;
        let ids = [("correlation", json!(self.links)), ("External id", json!(self.links))];
        // Kernels that a compiler made are launched through the driver.
        let (from, call) = match cat {
            "kernel" if name.starts_with("triton_") => ("cuda_driver", "cuLaunchKernel"),
            "kernel" => ("cuda_runtime", "cudaLaunchKernel"),
            "gpu_memcpy" => ("cuda_runtime", "cudaMemcpyAsync"),
            _ => ("cuda_runtime", "cudaMemsetAsync"),
        };
        let Launch { thread, at, long, stream, begins, lasts } = launch;
        let calls = [&[("cbid", json!(211))], &ids[..]].concat();
        self.push(from, call, json!(PROCESS), json!(thread), (at, at + long), &calls);
        self.gpu(cat, name, stream, (begins, begins + lasts), &[&ids[..], args].concat());
    }

    fn push(&mut self, cat: &str, name: &str, pid: Json, tid: Json, span: (i64, i64), args: &[(&str, Json)]) {
        let args: Map<String, Json> = args.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        let (start, length) = (self.from + self.unit * span.0, self.unit * (span.1 - span.0));
        let (cat, name) = (cat.to_owned(), name.to_owned());
        self.trace.events.push(Event { cat, name, pid, tid, start, length, args });
    }

    /// Operators inside each other, over the whole of a span: none has less than one child, until they are short.
    pub fn tree(&mut self, draw: &mut Draw, thread: i64, span: (i64, i64), depth: usize) {
        let name = *draw.choose(&OPS);
        self.op(name, thread, span);
        if depth == 0 || span.1 - span.0 < 12 {
            return;
        }
        let mut at = span.0 + draw.int(1..=3);
        for _ in 0..draw.size(1..=3) {
            let end = at + draw.int(2..=(span.1 - at).max(4) / 2 + 1);
            if end >= span.1 {
                break;
            }
            self.tree(draw, thread, (at, end), depth - 1);
            at = end + draw.int(0..=3);
        }
    }

    /// The text, with what else stands in a real file.
    pub fn text(mut self) -> String {
        let at = 0.5;
        self.trace.devices =
            vec![json!({"id": 0, "name": "NVIDIA A100-SXM4-80GB", "numSms": 108, "maxThreadsPerMultiprocessor": 2048})];
        let named = |pid: Json, name: &str| json!({"ph": "M", "name": "process_name", "ts": at, "pid": pid, "tid": 0, "args": {"name": name}});
        self.trace.marks = vec![
            named(json!(PROCESS), "python3"),
            named(json!(0), "python3"),
            json!({"ph": "X", "cat": "Trace", "name": "PyTorch Profiler (0)", "pid": "Spans", "tid": "PyTorch Profiler",
                "ts": at, "dur": 9000.0, "args": {"Op count": 0}}),
            json!({"ph": "i", "s": "g", "name": "Iteration Start: PyTorch Profiler", "pid": "Traces",
                "tid": "Trace PyTorch Profiler", "ts": at}),
        ];
        let flows: Vec<Json> = self.flows();
        self.trace.marks.extend(flows);
        self.trace.text()
    }

    /// The text with nothing but the events: what a small case is read from.
    pub fn bare(self) -> String {
        self.trace.text()
    }

    /// The arrows from calls to what they launched.
    fn flows(&self) -> Vec<Json> {
        let events = self.trace.events.iter().filter(|event| event.correlation().is_some());
        let flow = |event: &Event| {
            let ph = if event.cat.starts_with("cuda_") { "s" } else { "f" };
            json!({"ph": ph, "id": event.correlation(), "cat": "ac2g", "name": "ac2g", "pid": event.pid, "tid": event.tid,
                "ts": event.start as f64 / 1000.0, "bp": "e"})
        };
        events.map(flow).collect()
    }
}

/// What a kernel's event says of its launch.
pub fn shape(draw: &mut Draw) -> Vec<(&'static str, Json)> {
    let blocks = *draw.choose(&[1, 27, 54, 108, 216, 864]);
    let occupancy = draw.int(1..=100);
    vec![
        ("grid", json!([blocks, 1, 1])),
        ("block", json!([256, 1, 1])),
        ("blocks per SM", json!(f64::from(blocks) / 108.0)),
        ("est. achieved occupancy %", json!(occupancy)),
    ]
}

/// A loop of `steps` steps on a GPU: the loader, a copy, operators that launch kernels on two streams, a collective; the
/// GPU is a part of a step behind.
pub fn training(draw: &mut Draw, steps: usize) -> Maker {
    let mut maker = Maker::new();
    let mut at = 40;
    let (mut free, mut beside) = (60, 60);
    for number in 2..2 + steps {
        let begin = at;
        at += draw.int(2..=6);
        let loaded = at + draw.int(10..=60);
        maker.cpu("user_annotation", "enumerate(DataLoader)#_SingleProcessDataLoaderIter.__next__", MAIN, (at, loaded));
        maker.op("aten::stack", MAIN, (at + 2, loaded - 2));
        at = loaded + draw.int(1..=4);
        maker.op("aten::to", MAIN, (at, at + 24));
        maker.op("aten::copy_", MAIN, (at + 3, at + 22));
        free = free.max(at + 12);
        let copied = draw.int(4..=20);
        let copy = Launch { thread: MAIN, at: at + 6, long: 10, stream: 7, begins: free, lasts: copied };
        maker.launch(copy, "gpu_memcpy", "Memcpy HtoD (Pageable -> Device)", &[("bytes", json!(602_112))]);
        free += copied + 1;
        at += 24 + draw.int(0..=5);
        for op in 0..draw.size(3..=5) {
            let long = draw.int(8..=14);
            let name = *draw.choose(&OPS);
            maker.op(name, MAIN, (at, at + long));
            maker.op("aten::empty", MAIN, (at + 1, at + 2));
            let stream = if op % 3 == 2 { 20 } else { 7 };
            let queue = if stream == 7 { &mut free } else { &mut beside };
            *queue = (*queue).max(at + 6);
            let lasts = draw.int(5..=40);
            let launch = Launch { thread: MAIN, at: at + 3, long: draw.int(1..=4), stream, begins: *queue, lasts };
            *queue += lasts + draw.int(0..=2);
            let shape = shape(draw);
            match op {
                1 => maker.launch(launch, "gpu_memset", "Memset (Device)", &[]),
                2 if draw.one_in(2) => {
                    maker.launch(launch, "kernel", "ncclDevKernel_AllReduce_Sum_f32_RING_LL", &shape)
                }
                3 => maker.launch(launch, "kernel", "triton_poi_fused_add_relu_0", &shape),
                _ => maker.launch(launch, "kernel", "void at::native::vectorized_elementwise_kernel<4>", &shape),
            }
            at += long + draw.int(0..=4);
        }
        maker.cpu("user_annotation", "Optimizer.step#SGD.step", MAIN, (at, at + 14));
        maker.op("aten::_foreach_add_", MAIN, (at + 3, at + 9));
        at += 14 + draw.int(1..=9);
        maker.step(number, (begin, at));
        let shown = (begin + 30, free.max(at + 10));
        maker.gpu("gpu_user_annotation", &format!("ProfilerStep#{number}"), 7, shown, &[]);
    }
    maker
}

/// The same events in another order.
pub fn shuffled(draw: &mut Draw, mut maker: Maker) -> Maker {
    draw.shuffle(&mut maker.trace.events);
    maker
}
