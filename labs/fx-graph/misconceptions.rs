//! Mistakes that people make with graphs, each as code; lab.toml says why each is one. Those of the passes lie beside.

#[path = "misconceptions/buckets.rs"]
mod buckets;
#[path = "misconceptions/fold.rs"]
mod fold;
#[path = "misconceptions/guards.rs"]
mod guards;
#[path = "misconceptions/interp.rs"]
mod interp;
#[path = "misconceptions/passes.rs"]
mod passes;

use lab_sdk::fx::Params;
use lab_sdk::{Event, FxGraph, Mem, Result, Tensor};

pub fn never_frees(g: &FxGraph, params: &Params, ins: &[Tensor], mem: &mut Mem) -> Result<Vec<Tensor>> {
    interp::run_as(g, params, ins, mem, interp::Habit { frees: interp::Frees::Never, ..interp::Habit::RIGHT })
}

pub fn frees_at_first_use(g: &FxGraph, params: &Params, ins: &[Tensor], mem: &mut Mem) -> Result<Vec<Tensor>> {
    interp::run_as(g, params, ins, mem, interp::Habit { frees: interp::Frees::FirstUse, ..interp::Habit::RIGHT })
}

pub fn frees_before_the_result(g: &FxGraph, params: &Params, ins: &[Tensor], mem: &mut Mem) -> Result<Vec<Tensor>> {
    interp::run_as(g, params, ins, mem, interp::Habit { frees: interp::Frees::BeforeResult, ..interp::Habit::RIGHT })
}

pub fn keeps_what_nobody_reads(g: &FxGraph, params: &Params, ins: &[Tensor], mem: &mut Mem) -> Result<Vec<Tensor>> {
    interp::run_as(g, params, ins, mem, interp::Habit { frees: interp::Frees::OnlyWhatIsRead, ..interp::Habit::RIGHT })
}

pub fn ignores_kwargs(g: &FxGraph, params: &Params, ins: &[Tensor], mem: &mut Mem) -> Result<Vec<Tensor>> {
    interp::run_as(g, params, ins, mem, interp::Habit { kwargs: false, ..interp::Habit::RIGHT })
}

pub fn frees_what_keywords_read(g: &FxGraph, params: &Params, ins: &[Tensor], mem: &mut Mem) -> Result<Vec<Tensor>> {
    interp::run_as(g, params, ins, mem, interp::Habit { kwargs_read: false, ..interp::Habit::RIGHT })
}

pub fn hands_the_object_twice(g: &FxGraph, params: &Params, ins: &[Tensor], mem: &mut Mem) -> Result<Vec<Tensor>> {
    interp::run_as(g, params, ins, mem, interp::Habit { object_twice: true, ..interp::Habit::RIGHT })
}

pub fn copies_parameters(g: &FxGraph, params: &Params, ins: &[Tensor], mem: &mut Mem) -> Result<Vec<Tensor>> {
    interp::run_as(g, params, ins, mem, interp::Habit { owns_parameters: true, ..interp::Habit::RIGHT })
}

pub fn owns_the_inputs(g: &FxGraph, params: &Params, ins: &[Tensor], mem: &mut Mem) -> Result<Vec<Tensor>> {
    interp::run_as(g, params, ins, mem, interp::Habit { owns_inputs: true, ..interp::Habit::RIGHT })
}

pub fn beside_the_ledger(g: &FxGraph, params: &Params, ins: &[Tensor], mem: &mut Mem) -> Result<Vec<Tensor>> {
    let _ = mem;
    super::solution::run(g, params, ins, &mut Mem::new())
}

pub fn merges_random(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    passes::optimize_as(g, params, passes::Habit { random_is_pure: true, ..passes::Habit::RIGHT })
}

pub fn drops_writes(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    passes::optimize_as(g, params, passes::Habit { drops_writes: true, ..passes::Habit::RIGHT })
}

pub fn merges_across_a_write(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    passes::optimize_as(g, params, passes::Habit { one_epoch: true, ..passes::Habit::RIGHT })
}

pub fn merges_what_is_written(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    passes::optimize_as(g, params, passes::Habit { merges_written: true, ..passes::Habit::RIGHT })
}

pub fn drops_placeholders(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    passes::optimize_as(g, params, passes::Habit { drops_placeholders: true, ..passes::Habit::RIGHT })
}

pub fn key_without_kwargs(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    passes::optimize_as(g, params, passes::Habit { kwargs_in_key: false, ..passes::Habit::RIGHT })
}

pub fn sorts_the_arguments(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    passes::optimize_as(g, params, passes::Habit { sorted_key: true, ..passes::Habit::RIGHT })
}

pub fn folds_the_sizes_of_an_example(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    passes::optimize_as(g, params, passes::Habit { folds_sizes: true, ..passes::Habit::RIGHT })
}

pub fn folds_what_is_written(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    passes::optimize_as(g, params, passes::Habit { folds_written: true, ..passes::Habit::RIGHT })
}

pub fn sweeps_once(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    passes::optimize_as(g, params, passes::Habit { rounds: 0, ..passes::Habit::RIGHT })
}

pub fn never_folds(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    passes::optimize_as(g, params, passes::Habit { folds: false, ..passes::Habit::RIGHT })
}

pub fn removes_only_the_unread(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    passes::optimize_as(g, params, passes::Habit { unread_only: true, rounds: 1, ..passes::Habit::RIGHT })
}

pub fn without_epsilon(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    fold::fold_as(g, params, fold::Habit { epsilon: fold::Epsilon::None, ..fold::Habit::RIGHT })
}

pub fn usual_epsilon(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    fold::fold_as(g, params, fold::Habit { epsilon: fold::Epsilon::Usual, ..fold::Habit::RIGHT })
}

pub fn scales_input_channels(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    fold::fold_as(g, params, fold::Habit { axis: 1, ..fold::Habit::RIGHT })
}

pub fn drops_the_bias_of_the_conv(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    fold::fold_as(g, params, fold::Habit { bias: false, ..fold::Habit::RIGHT })
}

pub fn divides_by_the_variance(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    fold::fold_as(g, params, fold::Habit { root: false, ..fold::Habit::RIGHT })
}

pub fn folds_with_a_second_reader(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    fold::fold_as(g, params, fold::Habit { alone: false, ..fold::Habit::RIGHT })
}

pub fn folds_shared_weights(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    fold::fold_as(g, params, fold::Habit { own_weights: false, ..fold::Habit::RIGHT })
}

pub fn folds_training(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    fold::fold_as(g, params, fold::Habit { evaluated: false, ..fold::Habit::RIGHT })
}

pub fn one_entry_per_size(calls: &[Vec<usize>], dynamic: Option<bool>, limit: usize) -> Result<Vec<Event>> {
    guards::simulate_as(calls, dynamic, limit, guards::Habit { symbols: false, ..guards::Habit::RIGHT })
}

pub fn all_dynamic_after_a_miss(calls: &[Vec<usize>], dynamic: Option<bool>, limit: usize) -> Result<Vec<Event>> {
    guards::simulate_as(calls, dynamic, limit, guards::Habit { all_at_once: true, ..guards::Habit::RIGHT })
}

pub fn one_through_a_symbol(calls: &[Vec<usize>], dynamic: Option<bool>, limit: usize) -> Result<Vec<Event>> {
    guards::simulate_as(calls, dynamic, limit, guards::Habit { least: 0, ..guards::Habit::RIGHT })
}

pub fn no_limit(calls: &[Vec<usize>], dynamic: Option<bool>, limit: usize) -> Result<Vec<Event>> {
    let _ = limit;
    guards::simulate_as(calls, dynamic, usize::MAX, guards::Habit::RIGHT)
}

pub fn eager_for_ever(calls: &[Vec<usize>], dynamic: Option<bool>, limit: usize) -> Result<Vec<Event>> {
    guards::simulate_as(calls, dynamic, limit, guards::Habit { gives_up: true, ..guards::Habit::RIGHT })
}

pub fn ranks_through_a_symbol(calls: &[Vec<usize>], dynamic: Option<bool>, limit: usize) -> Result<Vec<Event>> {
    guards::simulate_as(calls, dynamic, limit, guards::Habit { ranks: false, ..guards::Habit::RIGHT })
}

pub fn ducks_what_changed(calls: &[Vec<usize>], dynamic: Option<bool>, limit: usize) -> Result<Vec<Event>> {
    guards::simulate_as(calls, dynamic, limit, guards::Habit { ducks_changed: true, ..guards::Habit::RIGHT })
}

pub fn never_ducks(calls: &[Vec<usize>], dynamic: Option<bool>, limit: usize) -> Result<Vec<Event>> {
    guards::simulate_as(calls, dynamic, limit, guards::Habit { ducks: false, ..guards::Habit::RIGHT })
}

pub fn records_hits(calls: &[Vec<usize>], dynamic: Option<bool>, limit: usize) -> Result<Vec<Event>> {
    guards::simulate_as(calls, dynamic, limit, guards::Habit { records_hits: true, ..guards::Habit::RIGHT })
}

pub fn equal_counts(lens: &[usize], k: usize, linear: usize) -> Result<Vec<usize>> {
    buckets::equal_counts(lens, k, linear)
}

pub fn equal_steps(lens: &[usize], k: usize, linear: usize) -> Result<Vec<usize>> {
    buckets::equal_steps(lens, k, linear)
}

pub fn powers_of_two(lens: &[usize], k: usize, linear: usize) -> Result<Vec<usize>> {
    buckets::powers_of_two(lens, k, linear)
}

pub fn one_size_after_the_other(lens: &[usize], k: usize, linear: usize) -> Result<Vec<usize>> {
    buckets::one_size_after_the_other(lens, k, linear)
}

pub fn counts_padding_only(lens: &[usize], k: usize, linear: usize) -> Result<Vec<usize>> {
    buckets::counts_padding_only(lens, k, linear)
}
