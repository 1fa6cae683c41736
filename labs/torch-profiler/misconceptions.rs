//! Wrong functions, one for each misconception: what many people write first. Each overrides one function of the
//! solution, named by its signature; what must be refused is left to the solution, so that only the mistake differs.

#[path = "misconceptions/parts.rs"]
mod parts;
#[path = "misconceptions/records.rs"]
mod records;
#[path = "misconceptions/table.rs"]
mod table;

use super::solution::{self, Event, PARTS, events, inside, part, step_time, steps, union};
use lab_sdk::{OpTime, Result, StepTime};
use parts::{Piece, by_step, clipped};
use std::collections::BTreeMap;
use table::{Gpu, How, averages};

type Table = Result<BTreeMap<String, OpTime>>;
type Steps = Result<BTreeMap<String, StepTime>>;
type Metrics = Result<(f64, f64, f64)>;

/// Takes an operator's own time to be all of its time.
pub fn self_is_total(trace: &str) -> Table {
    let table = solution::key_averages(trace)?;
    Ok(table.into_iter().map(|(name, row)| (name, OpTime { cpu_self_ns: row.cpu_total_ns, ..row })).collect())
}

/// Takes off all that runs below an operator, not its children alone.
pub fn subtracts_descendants(trace: &str) -> Table {
    averages(trace, &How { descendants: true, ..How::default() })
}

/// Puts the events of all threads on one stack.
pub fn nests_across_threads(trace: &str) -> Table {
    averages(trace, &How { one_thread: true, ..How::default() })
}

/// Adds begin and length as they stand in the file.
pub fn ends_in_floats(trace: &str) -> Table {
    averages(trace, &How { floats: true, ..How::default() })
}

/// Cuts a product of decimals to a whole number.
pub fn cuts_nanoseconds(trace: &str) -> Table {
    averages(trace, &How { cuts: true, ..How::default() })
}

/// Nests operators and calls alone.
pub fn annotations_left_out(trace: &str) -> Table {
    averages(trace, &How { no_annotations: true, ..How::default() })
}

/// Leaves the time of runtime calls with the operator that makes them.
pub fn runtime_stays(trace: &str) -> Table {
    averages(trace, &How { runtime_stays: true, ..How::default() })
}

/// Sorts by the begin alone.
pub fn shorter_first(trace: &str) -> Table {
    averages(trace, &How { sort: table::Sort::Begin, ..How::default() })
}

/// Takes the order of the file to be that of time.
pub fn trusts_the_file_order(trace: &str) -> Table {
    averages(trace, &How { sort: table::Sort::File, ..How::default() })
}

/// Pairs by `External id`.
pub fn links_by_external_id(trace: &str) -> Table {
    averages(trace, &How { gpu: Gpu::External, ..How::default() })
}

/// Charges a kernel to every operator around its launch.
pub fn charges_every_ancestor(trace: &str) -> Table {
    averages(trace, &How { gpu: Gpu::Ancestors, ..How::default() })
}

/// Charges a kernel to the operator that runs while it does.
pub fn charges_by_time(trace: &str) -> Table {
    averages(trace, &How { gpu: Gpu::Time, ..How::default() })
}

/// Leaves out the GPU work that no operator launched.
pub fn drops_the_unlinked(trace: &str) -> Table {
    let mut table = solution::key_averages(trace)?;
    table.remove("[none]");
    Ok(table)
}

/// Adds up all durations of a category.
pub fn adds_durations(trace: &str) -> Steps {
    let events = events(trace)?;
    let step = |(name, step): (String, (i64, i64))| {
        let mut sums = [0; PARTS];
        for piece in clipped(&events, step, part) {
            sums[piece.part] += piece.end - piece.start;
        }
        sums[PARTS - 1] = step.1 - step.0 - sums.iter().sum::<i64>();
        (name, step_time(sums))
    };
    Ok(parts::steps(&events).into_iter().map(step).collect())
}

/// Gives an event wholly to the step in which it begins.
pub fn not_clipped(trace: &str) -> Steps {
    by_step(trace, false, |events, step| {
        let begun = events.iter().filter(|event| (step.0..step.1).contains(&event.start));
        begun.filter_map(Piece::of).collect()
    })
}

/// Counts the lowest category first.
pub fn priority_reversed(trace: &str) -> Steps {
    by_step(trace, true, |events, step| clipped(events, step, part))
}

/// Leaves the gaps out.
pub fn forgets_other(trace: &str) -> Steps {
    let steps = solution::step_breakdown(trace)?;
    Ok(steps.into_iter().map(|(name, step)| (name, StepTime { other_ns: 0, ..step })).collect())
}

/// Gives GPU work to the step that launched it.
pub fn by_launch(trace: &str) -> Steps {
    by_step(trace, false, |events, step| {
        let launches: Vec<i64> = events
            .iter()
            .filter(|event| event.is_runtime() && (step.0..step.1).contains(&event.start))
            .filter_map(Event::correlation)
            .collect();
        let mine = |event: &&Event| event.on_gpu() && event.correlation().is_some_and(|id| launches.contains(&id));
        let cpu = clipped(events, step, |event| part(event).filter(|_| !event.on_gpu()));
        cpu.into_iter().chain(events.iter().filter(mine).filter_map(Piece::of)).collect()
    })
}

/// Counts the kernels of collectives as kernels.
pub fn nccl_as_kernel(trace: &str) -> Steps {
    by_step(trace, false, |events, step| {
        clipped(events, step, |event| if event.cat == "kernel" { Some(0) } else { part(event) })
    })
}

/// Takes the copy of a step that stands on the GPU's row for the step.
pub fn step_on_the_gpu(trace: &str) -> Steps {
    let events = events(trace)?;
    let named = events.iter().filter(|event| event.name.starts_with("ProfilerStep#"));
    let last: BTreeMap<String, (i64, i64)> =
        named.map(|event| (event.name.clone(), (event.start, event.end))).collect();
    Ok(parts::add_up(last, false, |step| clipped(&events, step, part)))
}

/// Counts the wait for a batch as CPU time.
pub fn loader_as_cpu(trace: &str) -> Steps {
    by_step(trace, false, |events, step| {
        clipped(events, step, |event| part(event).map(|part| if part == 5 { 6 } else { part }))
    })
}

/// Adds up kernels for the utilization, those that run together too.
pub fn utilization_of_sums(trace: &str) -> Metrics {
    metrics(trace, |run, right| {
        (run.kernels.iter().map(|kernel| kernel.inside).sum::<f64>() / run.all, right.1, right.2)
    })
}

/// Counts copies as work.
pub fn copies_are_work(trace: &str) -> Metrics {
    metrics(trace, |run, right| (run.busy / run.all, right.1, right.2))
}

/// Lets ten blocks an SM fill it ten times.
pub fn overfilled_sms(trace: &str) -> Metrics {
    metrics(trace, |run, right| (right.0, run.weighted(|kernel| kernel.blocks) / run.all, right.2))
}

/// Divides the efficiency by the time in which kernels ran.
pub fn efficiency_while_busy(trace: &str) -> Metrics {
    metrics(trace, |run, right| (right.0, run.weighted(|kernel| kernel.blocks.min(1.0)) / run.lasted(), right.2))
}

/// Takes the plain mean of the kernels' occupancies.
pub fn unweighted_occupancy(trace: &str) -> Metrics {
    metrics(trace, |run, right| {
        let sum: f64 = run.kernels.iter().map(|kernel| kernel.occupancy).sum();
        (right.0, right.1, sum / (run.kernels.len() as f64).max(1.0))
    })
}

/// Divides the occupancy by the time of all steps.
pub fn occupancy_over_steps(trace: &str) -> Metrics {
    metrics(trace, |run, right| (right.0, right.1, run.weighted(|kernel| kernel.occupancy) / run.all))
}

/// Counts kernels that ran before the first step and after the last.
pub fn kernels_of_any_time(trace: &str) -> Metrics {
    metrics(trace, |run, _| {
        let weighted = |value: fn(&Kernel) -> f64| run.kernels.iter().map(|k| k.length * value(k)).sum::<f64>();
        let lasted: f64 = run.kernels.iter().map(|kernel| kernel.length).sum();
        let efficiency = weighted(|kernel| kernel.blocks.min(1.0)) / run.all;
        (run.union / run.all, efficiency, if lasted > 0.0 { weighted(|kernel| kernel.occupancy) / lasted } else { 0.0 })
    })
}

/// A kernel as far as the metrics see it; lengths in nanoseconds.
struct Kernel {
    length: f64,
    inside: f64,
    blocks: f64,
    occupancy: f64,
}

/// What the metrics are made of.
struct Run {
    all: f64,
    busy: f64,
    union: f64,
    kernels: Vec<Kernel>,
}

impl Run {
    fn weighted(&self, value: fn(&Kernel) -> f64) -> f64 {
        self.kernels.iter().map(|kernel| kernel.inside * value(kernel)).sum()
    }

    fn lasted(&self) -> f64 {
        self.weighted(|_| 1.0).max(1.0)
    }
}

fn metrics(trace: &str, wrong: impl Fn(&Run, (f64, f64, f64)) -> (f64, f64, f64)) -> Metrics {
    let (right, events) = (solution::gpu_metrics(trace)?, events(trace)?);
    let steps = steps(&events)?;
    let span = |event: &Event| (event.start, event.end);
    let kernel = |event: &Event| Kernel {
        length: (event.end - event.start) as f64,
        inside: inside(span(event), &steps) as f64,
        blocks: event.args["blocks per SM"].as_f64().unwrap_or(0.0),
        occupancy: event.args["est. achieved occupancy %"].as_f64().unwrap_or(0.0) / 100.0,
    };
    let busy = union(events.iter().filter(|event| event.on_gpu()).map(span).collect());
    let kernels: Vec<&Event> = events.iter().filter(|event| event.cat == "kernel").collect();
    let joined = union(kernels.iter().map(|event| span(event)).collect());
    let run = Run {
        all: steps.iter().map(|(start, end)| end - start).sum::<i64>() as f64,
        busy: busy.into_iter().map(|span| inside(span, &steps)).sum::<i64>() as f64,
        union: joined.into_iter().map(|(start, end)| end - start).sum::<i64>() as f64,
        kernels: kernels.into_iter().map(kernel).collect(),
    };
    Ok(wrong(&run, right))
}

/// Adds up all calls, those inside another call of the same operator too.
pub fn counts_nested_calls(trace: &str, op: &str, factor: f64) -> Result<f64> {
    faster(trace, op, factor, |calls, steps, _| calls.iter().map(|call| inside((call.start, call.end), steps)).sum())
}

/// Takes the operator's own time, without what it calls.
pub fn own_time_only(trace: &str, op: &str, factor: f64) -> Result<f64> {
    let own = solution::key_averages(trace)?.get(op).map_or(0, |row| row.cpu_self_ns);
    faster(trace, op, factor, |_, _, _| own)
}

/// Divides all of the time.
pub fn scales_everything(trace: &str, op: &str, factor: f64) -> Result<f64> {
    faster(trace, op, factor, |_, _, all| all)
}

/// Takes busy / factor for what is saved; it is what is left.
pub fn saves_what_is_left(trace: &str, op: &str, factor: f64) -> Result<f64> {
    solution::what_if(trace, op, factor)?;
    let (all, half) = (solution::what_if(trace, op, 1.0)?, solution::what_if(trace, op, 2.0)?);
    Ok(all - 2.0 * (all - half) / factor)
}

/// Counts calls on every thread.
pub fn any_thread(trace: &str, op: &str, factor: f64) -> Result<f64> {
    let (right, events) = (solution::what_if(trace, op, factor), events(trace)?);
    right?;
    let steps = steps(&events)?;
    let calls = events.iter().filter(|event| event.cat == "cpu_op" && event.name == op);
    let busy = union(calls.map(|call| (call.start, call.end)).collect());
    let busy = busy.into_iter().map(|span| inside(span, &steps)).sum();
    Ok(new_time(busy, &steps, factor))
}

/// Counts calls before the first step and after the last.
pub fn calls_of_any_time(trace: &str, op: &str, factor: f64) -> Result<f64> {
    faster(trace, op, factor, |calls, _, _| {
        let joined = union(calls.iter().map(|call| (call.start, call.end)).collect());
        joined.into_iter().map(|(start, end)| end - start).sum()
    })
}

fn faster(trace: &str, op: &str, factor: f64, busy: impl Fn(&[&Event], &[(i64, i64)], i64) -> i64) -> Result<f64> {
    solution::what_if(trace, op, factor)?;
    let events = events(trace)?;
    let spans = steps(&events)?;
    let thread = events.iter().find(|event| event.is_step()).map(|step| &step.thread);
    let is_call = |event: &&Event| event.cat == "cpu_op" && event.name == op && Some(&event.thread) == thread;
    let calls: Vec<&Event> = events.iter().filter(is_call).collect();
    let all = spans.iter().map(|(start, end)| end - start).sum();
    Ok(new_time(busy(&calls, &spans, all), &spans, factor))
}

fn new_time(busy: i64, steps: &[(i64, i64)], factor: f64) -> f64 {
    let all = steps.iter().map(|(start, end)| end - start).sum::<i64>();
    (all - busy) as f64 + busy as f64 / factor
}

/// Leaves the checksum as the polynomial gives it.
pub fn unmasked(data: &[u8]) -> u32 {
    records::crc(data, records::CASTAGNOLI)
}

/// Takes the polynomial of zip.
pub fn zip_polynomial(data: &[u8]) -> u32 {
    records::mask(records::crc(data, 0xEDB8_8320))
}

/// Rotates to the left.
pub fn rotated_left(data: &[u8]) -> u32 {
    records::crc(data, records::CASTAGNOLI).rotate_left(15).wrapping_add(records::DELTA)
}

/// Forgets to invert the bits at the end.
pub fn not_inverted(data: &[u8]) -> u32 {
    records::mask(!records::crc(data, records::CASTAGNOLI))
}

/// Adds the constant, and rotates then.
pub fn adds_first(data: &[u8]) -> u32 {
    records::crc(data, records::CASTAGNOLI).wrapping_add(records::DELTA).rotate_right(15)
}

/// Keeps the first value of an event.
pub fn first_value_only(file: &[u8]) -> Result<Vec<records::Scalar>> {
    records::read(file, &records::How { first_only: true, ..records::How::default() })
}

/// Refuses a file that a writer still writes.
pub fn refuses_the_tail(file: &[u8]) -> Result<Vec<records::Scalar>> {
    records::read(file, &records::How { whole: true, ..records::How::default() })
}

/// Reads the step as eight bytes.
pub fn step_of_eight_bytes(file: &[u8]) -> Result<Vec<records::Scalar>> {
    records::read(file, &records::How { fixed_step: true, ..records::How::default() })
}

/// Looks at no checksum.
pub fn trusts_every_byte(file: &[u8]) -> Result<Vec<records::Scalar>> {
    records::read(file, &records::How { unchecked: true, ..records::How::default() })
}

/// Takes a wrong checksum for the end of the file.
pub fn stops_at_a_bad_record(file: &[u8]) -> Result<Vec<records::Scalar>> {
    records::read(file, &records::How { stops: true, ..records::How::default() })
}

/// Keeps the step of the event before.
pub fn keeps_the_last_step(file: &[u8]) -> Result<Vec<records::Scalar>> {
    records::read(file, &records::How { keeps_step: true, ..records::How::default() })
}

/// Takes what is no scalar for a scalar of 0.
pub fn zero_for_pictures(file: &[u8]) -> Result<Vec<records::Scalar>> {
    records::read(file, &records::How { zeros: true, ..records::How::default() })
}

/// Keeps 32 bits of the step.
pub fn step_of_32_bits(file: &[u8]) -> Result<Vec<records::Scalar>> {
    let scalars = solution::read_scalars(file)?;
    Ok(scalars.into_iter().map(|(wall, step, tag, value)| (wall, i64::from(step as i32), tag, value)).collect())
}

/// Reads the step without a sign.
pub fn unsigned_step(file: &[u8]) -> Result<Vec<(f64, u64, String, f32)>> {
    let scalars = solution::read_scalars(file)?;
    Ok(scalars.into_iter().map(|(wall, step, tag, value)| (wall, step as u64, tag, value)).collect())
}
