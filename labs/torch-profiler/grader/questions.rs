//! The questions: which steps a schedule records, and what a timeline shows.

use crate::grading::{Answer, Draw, Question, real};

/// The arguments of `torch.profiler.schedule`.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Steps that are passed over once.
    pub skip_first: usize,
    /// Steps of a cycle that nothing happens in.
    pub wait: usize,
    /// Steps of a cycle that are traced and thrown away.
    pub warmup: usize,
    /// Steps of a cycle that are kept.
    pub active: usize,
    /// Cycles; 0 for as many as the loop has.
    pub repeat: usize,
}

impl Schedule {
    fn cycle(&self) -> usize {
        self.wait + self.warmup + self.active
    }

    /// Whether step `step` is kept, and whether it is the last of its cycle.
    fn kept(&self, step: usize) -> Option<bool> {
        let step = step.checked_sub(self.skip_first)?;
        let (cycle, place) = (step / self.cycle(), step % self.cycle());
        let on = place >= self.wait + self.warmup && (self.repeat == 0 || cycle < self.repeat);
        on.then_some(place + 1 == self.cycle())
    }

    /// The steps that are kept in a loop of `steps` steps, and how often the trace is handed over. A loop that ends amid a
    /// window has begun one step more, which is kept without content.
    pub fn records(&self, steps: usize) -> (Vec<usize>, usize) {
        let open = self.kept(steps).is_some();
        let kept = (0..steps + usize::from(open)).filter(|step| self.kept(*step).is_some()).collect();
        let full = (0..steps).filter(|step| self.kept(*step) == Some(true)).count();
        (kept, full + usize::from(open))
    }
}

/// The step `schedule`.
pub fn schedule(draw: &mut Draw) -> Vec<Question> {
    let (plan, steps) = loop {
        let (skip_first, wait, warmup, active) =
            (draw.size(1..=4), draw.size(1..=4), draw.size(1..=3), draw.size(2..=5));
        let plan = Schedule { skip_first, wait, warmup, active, repeat: draw.size(0..=3) };
        // Past the last cycle, or three to four of them where there is no last one.
        let cycles = if plan.repeat == 0 { draw.size(3..=4) } else { plan.repeat + 1 };
        let steps = skip_first + cycles * plan.cycle() + draw.size(0..=wait);
        if plan.kept(steps).is_none() {
            break (plan, steps);
        }
    };
    let Schedule { skip_first, wait, warmup, active, repeat } = plan;
    let (kept, fired) = plan.records(steps);
    let endless = Schedule { repeat: 0, ..plan }.records(steps);
    let warm = Schedule { warmup: 0, active: warmup + active, ..plan }.records(steps).0;
    let first = kept.first().copied().unwrap_or(0);
    let cycles = if repeat == 0 { "as many cycles as the loop has".to_owned() } else { format!("{repeat} of them") };
    let parameters = vec![
        ("skip_first", skip_first.to_string()),
        ("wait", wait.to_string()),
        ("warmup", warmup.to_string()),
        ("active", active.to_string()),
        ("repeat", repeat.to_string()),
        ("steps", steps.to_string()),
    ];
    let wrong = |id: &'static str, value: usize| (id, real(value));
    // Where repeat is 0, it may be taken for a single cycle.
    let repeats = |all: usize, one: usize| {
        if repeat == 0 { wrong("zero-for-once", one) } else { wrong("repeat-ignored", all) }
    };
    let question = |id, text: String, answer, mistakes: Vec<(&'static str, f64)>, because| {
        let mistakes = mistakes
            .into_iter()
            .filter(|(_, wrong)| !matches!(&answer, Answer::Number { value, .. } if value == wrong));
        Question { id, text, parameters: parameters.clone(), mistakes: mistakes.collect(), answer, because }
    };
    vec![
        question(
            "first",
            format!(
                "schedule(skip_first={skip_first}, wait={wait}, warmup={warmup}, active={active}, repeat={repeat}), a loop of {steps} steps with \
                 prof.step() at the end of each. Which ProfilerStep#k is the first that is recorded: k?"
            ),
            Answer::exact(first, ""),
            vec![
                wrong("skip-forgotten", wait + warmup),
                wrong("warmup-recorded", skip_first + wait),
                wrong("counts-from-one", first + 1),
            ],
            format!(
                "steps are counted from 0: {skip_first} skipped, {wait} waited for, {warmup} thrown away, so k = {first}"
            ),
        ),
        question(
            "recorded",
            "and how many steps are recorded in all?".to_owned(),
            Answer::exact(kept.len(), "steps"),
            vec![repeats(endless.0.len(), active), wrong("warmup-recorded", warm.len())],
            format!("a cycle is {wait} + {warmup} + {active} steps and keeps {active}; {cycles}: {}", kept.len()),
        ),
        question(
            "handed-over",
            "and how often is on_trace_ready called?".to_owned(),
            Answer::exact(fired, "calls"),
            vec![wrong("once-a-step", kept.len()), repeats(endless.1, 1)],
            format!("once a cycle, at the end of its last active step: {fired}"),
        ),
    ]
}

/// What slows a loop down, in the order in which its remedies are offered before they are shuffled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Launches,
    Loader,
    Synchronization,
    Copies,
    Gpu,
}

use Cause::{Copies, Gpu, Launches, Loader, Synchronization};

impl Cause {
    const ALL: [Cause; 5] = [Launches, Loader, Synchronization, Copies, Gpu];

    fn words(self) -> &'static str {
        match self {
            Launches => "kernels shorter than their launches: fuse them, or replay a CUDA graph",
            Loader => "the loop waits for its next batch: more DataLoader workers, prefetch",
            Synchronization => "the CPU waits after every operator: no .item(), no print of a tensor, no synchronize",
            Copies => "copies out of pageable memory block the CPU: pin_memory=True, non_blocking=True",
            Gpu => "the GPU has work all the time: faster kernels, or less work for them",
        }
    }

    /// What is believed when this is chosen wrongly.
    fn mistake(self) -> &'static str {
        match self {
            Launches => "blames-the-launches",
            Loader => "blames-the-loader",
            Synchronization => "blames-the-waiting",
            Copies => "blames-the-copies",
            Gpu => "blames-the-gpu",
        }
    }

    fn because(self) -> &'static str {
        match self {
            Launches => {
                "the CPU never rests (o, l), and each kernel ends before the next one is launched: the GPU waits for launches"
            }
            Loader => "while L lasts no operator runs, and the GPU runs dry",
            Synchronization => {
                "each launch is followed by s: the CPU waits until the kernel ends, and the GPU until the CPU has launched the next"
            }
            Copies => {
                "the call c lasts as long as the copy h, for its source may be swapped out; nothing is launched meanwhile"
            }
            Gpu => "no gap in the GPU's row; the CPU is far ahead and waits once, at the end",
        }
    }

    /// The rows of the CPU and of the GPU, a character a piece of time.
    fn rows(self, draw: &mut Draw) -> [String; 2] {
        let (mut cpu, mut gpu) = (Row::default(), Row::default());
        match self {
            Launches => {
                for _ in 0..10 {
                    cpu.add('o', draw.size(2..=4)).add('l', 2);
                    gpu.until(cpu.len() - 1).add('k', 1);
                }
            }
            Loader => {
                for _ in 0..2 {
                    cpu.add('L', draw.size(14..=20));
                    for _ in 0..3 {
                        cpu.add('o', draw.size(1..=2)).add('l', 1);
                        gpu.until(cpu.len()).add('k', draw.size(2..=4));
                    }
                }
            }
            Synchronization => {
                for _ in 0..6 {
                    cpu.add('o', draw.size(2..=3)).add('l', 1);
                    gpu.until(cpu.len()).add('k', draw.size(3..=5));
                    cpu.add('s', gpu.len() - cpu.len());
                }
            }
            Copies => {
                for _ in 0..2 {
                    cpu.add('o', 1);
                    gpu.until(cpu.len() + 1).add('h', draw.size(10..=15));
                    cpu.add('c', gpu.len() - cpu.len());
                    for _ in 0..3 {
                        cpu.add('o', draw.size(1..=2)).add('l', 1);
                        gpu.until(cpu.len()).add('k', draw.size(2..=4));
                    }
                }
            }
            Gpu => {
                for _ in 0..8 {
                    cpu.add('o', draw.size(1..=2)).add('l', 1);
                    gpu.until(cpu.len().min(3)).add('k', draw.size(5..=7));
                }
                cpu.add('s', gpu.len() - cpu.len());
            }
        }
        let long = cpu.len().max(gpu.len());
        [cpu.until(long).0.clone(), gpu.until(long).0.clone()]
    }
}

/// One row of a timeline.
#[derive(Default)]
struct Row(String);

impl Row {
    fn add(&mut self, what: char, times: usize) -> &mut Self {
        self.0.extend(std::iter::repeat_n(what, times));
        self
    }

    /// Idle until a time.
    fn until(&mut self, time: usize) -> &mut Self {
        let idle = time.saturating_sub(self.len());
        self.add('.', idle)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// The step `diagnose`: three timelines, all different.
pub fn diagnose(draw: &mut Draw) -> Vec<Question> {
    let mut causes = Cause::ALL;
    draw.shuffle(&mut causes);
    let ids = ["first", "second", "third"];
    let one = |(id, cause): (&'static str, Cause)| {
        let mut offered = Cause::ALL;
        draw.shuffle(&mut offered);
        let [cpu, gpu] = cause.rows(draw);
        let place = |wanted: Cause| offered.iter().position(|one| *one == wanted).unwrap_or(0);
        let wrong = offered.iter().filter(|one| **one != cause);
        Question {
            id,
            text: format!(
                "What holds this loop up, and what helps? Time runs to the right.\n    CPU  {cpu}\n    GPU  {gpu}\n\
                 L loader, o operator, l launch, c copy call, s synchronize, k kernel, h copy to the GPU, . idle"
            ),
            parameters: Vec::new(),
            answer: Answer::one_of(offered.map(Cause::words), place(cause)),
            mistakes: wrong.map(|one| (one.mistake(), real(place(*one)))).collect(),
            because: format!("{id} timeline: {}", cause.because()),
        }
    };
    ids.into_iter().zip(causes).map(one).collect()
}
