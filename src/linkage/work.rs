//! Independent pieces of work, side by side on the machine's cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Most threads of one piece of work: a seal shares its machine with questions.
const MAX_THREADS: usize = 8;

/// Runs `each` over the items, heaviest first, and returns the outcomes in the order of the items.
///
/// # Errors
/// The first error in the order of the items, among those met before work stopped.
pub(crate) fn in_parallel<I: Send, T: Send, E: Send>(
    items: Vec<(u64, I)>,
    each: impl Fn(I) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    in_parallel_on(cores(), items, each)
}

/// Threads that a piece of work gets on this machine.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS)
}

/// The same on so many threads, the caller's among them.
///
/// # Errors
/// As [`in_parallel`].
pub(crate) fn in_parallel_on<I: Send, T: Send, E: Send>(
    threads: usize,
    items: Vec<(u64, I)>,
    each: impl Fn(I) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(items[*at].0));
    let items: Vec<Mutex<Option<I>>> = items.into_iter().map(|(_, item)| Mutex::new(Some(item))).collect();
    let done: Vec<Mutex<Option<Result<T, E>>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        while !stopped.load(Ordering::Relaxed) {
            let Some(&at) = order.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            let item =
                items[at].lock().expect("held for a move only").take().expect("each item is taken once");
            let outcome = each(item);
            stopped.fetch_or(outcome.is_err(), Ordering::Relaxed);
            *done[at].lock().expect("held for a move only") = Some(outcome);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(order.len()) {
            scope.spawn(work);
        }
        work();
    });
    let mut outcomes = Vec::with_capacity(done.len());
    for outcome in done {
        // What was not begun stands behind an error, or the error stands behind it: look on.
        match outcome.into_inner().expect("held for a move only") {
            Some(Ok(outcome)) => outcomes.push(outcome),
            Some(Err(error)) => return Err(error),
            None => {}
        }
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_stand_in_the_order_of_the_items() {
        let items = (0..100u64).map(|n| (n * 7919 % 101, n)).collect();
        let doubled = in_parallel(items, |n| Ok::<_, ()>(n * 2)).expect("no error");
        assert_eq!(doubled, (0..100).map(|n| n * 2).collect::<Vec<_>>());
    }

    #[test]
    fn an_error_is_never_lost() {
        for bad in 0..20u64 {
            let items = (0..20u64).map(|n| (n, n)).collect();
            assert_eq!(in_parallel(items, |n| if n == bad { Err(n) } else { Ok(n) }), Err(bad));
        }
    }
}
