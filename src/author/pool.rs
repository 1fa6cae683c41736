//! Many jobs on a few threads, with each result as it comes. A job that panics is a result too; Ctrl-C ends the rest.

use crate::error::{Error, Result};
use crate::submission::interrupted;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is run once.
pub type Job<T> = Box<dyn FnOnce() -> Result<T, String> + Send>;

/// A job after it ran.
pub struct Ran<T> {
    /// Its place in the list.
    pub at: usize,
    /// What it returned; a panic is an `Err` in words.
    pub result: Result<T, String>,
    /// When it was begun and ended, since the first one began.
    pub span: (Duration, Duration),
}

type Queue<T> = Mutex<VecDeque<(usize, Job<T>)>>;

/// Runs `jobs` in their order, as many at once as there are cores.
pub fn run<T: Send + 'static>(jobs: Vec<Job<T>>, mut each: impl FnMut(Ran<T>)) -> Result<()> {
    // From here on Ctrl-C is seen and does not end the process under its children.
    interrupted();
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    let queue: Arc<Queue<T>> = Arc::new(Mutex::new(jobs.into_iter().enumerate().collect()));
    let (sender, results) = channel();
    let started = Instant::now();
    let threads: Vec<_> = (0..cores)
        .map(|_| {
            let (queue, sender) = (Arc::clone(&queue), sender.clone());
            std::thread::spawn(move || work(&queue, &sender, started))
        })
        .collect();
    drop(sender);
    loop {
        match results.recv_timeout(Duration::from_millis(100)) {
            Ok(ran) => each(ran),
            Err(RecvTimeoutError::Timeout) if interrupted() => {
                lock(&queue).clear();
                // Answers end at once, and their folders with them; an experiment in this process is not waited for.
                let patience = Instant::now();
                while threads.iter().any(|t| !t.is_finished()) && patience.elapsed() < Duration::from_secs(1) {
                    std::thread::sleep(Duration::from_millis(20));
                }
                return Err(Error::interrupted());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if interrupted() { Err(Error::interrupted()) } else { Ok(()) }
}

/// What rayon and candle have to read where jobs share the cores: candle, with threads of its own, would also read
/// /proc/cpuinfo at each product of matrices.
pub const ONE_THREAD: (&str, &str) = ("RAYON_NUM_THREADS", "1");

/// Runs `job` in a pool of one thread: in the global one, jobs would wait for each other.
pub fn alone<T: Send>(job: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(|e| e.to_string())?;
    pool.install(job)
}

fn work<T: Send>(queue: &Queue<T>, sender: &Sender<Ran<T>>, started: Instant) {
    loop {
        let next = lock(queue).pop_front();
        let Some((at, job)) = next.filter(|_| !interrupted()) else { return };
        let begun = started.elapsed();
        let result = catch_unwind(AssertUnwindSafe(|| alone(job))).unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            Err(format!("panicked: {}", said.unwrap_or_default()))
        });
        if sender.send(Ran { at, result, span: (begun, started.elapsed()) }).is_err() {
            return;
        }
    }
}

fn lock<T>(queue: &Queue<T>) -> std::sync::MutexGuard<'_, VecDeque<(usize, Job<T>)>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{Job, run};

    #[test]
    fn every_job_gives_one_result_and_a_panic_is_one() {
        let mut jobs: Vec<Job<usize>> = (0..20_usize).map(|i| Box::new(move || Ok(i)) as Job<usize>).collect();
        jobs.push(Box::new(|| panic!("no {}", 20)));
        let mut seen = vec![None; 21];
        run(jobs, |ran| seen[ran.at] = Some(ran.result)).expect("not interrupted");
        assert_eq!(seen[20], Some(Err("panicked: no 20".to_owned())));
        assert!((0..20).all(|i| seen[i] == Some(Ok(i))), "{seen:?}");
    }
}
