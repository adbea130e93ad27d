//! A line that people wait in for their turn: so many have it at a time, and those who wait are let in one principal after
//! the other, however many each has waiting.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// How long a line may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineLimits {
    /// Turns at a time.
    pub(super) at_once: usize,
    /// The same, of one principal.
    pub(super) at_once_of_one: usize,
    /// Waiting.
    pub(super) waiting: usize,
    /// The same, of one principal.
    pub(super) waiting_of_one: usize,
    /// How long somebody waits.
    pub(super) patience: Duration,
}

/// There is no room to wait, or it was waited for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// One principal in a line.
#[derive(Default)]
struct One {
    has_turn: usize,
    waiting: VecDeque<(u64, oneshot::Sender<()>)>,
}

#[derive(Default)]
struct State {
    have_turn: usize,
    waiting: usize,
    tickets: u64,
    of: HashMap<String, One>,
    /// Principals that wait, in the order in which their next one is let in.
    order: VecDeque<String>,
}

/// A line.
pub(super) struct Line {
    limits: LineLimits,
    state: Mutex<State>,
}

impl Line {
    pub(super) fn new(limits: LineLimits) -> Arc<Line> {
        Arc::new(Line { limits, state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who has their turn, and who waits.
    pub(super) fn length(&self) -> (usize, usize) {
        let state = self.state();
        (state.have_turn, state.waiting)
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Full`].
    pub(super) async fn enter(self: &Arc<Line>, who: &str) -> Result<Turn, Full> {
        let (ticket, granted) = {
            let mut state = self.state();
            let limits = self.limits;
            let free = state.have_turn < limits.at_once;
            let one = state.of.entry(who.to_owned()).or_default();
            if free && one.has_turn < limits.at_once_of_one && one.waiting.is_empty() {
                one.has_turn += 1;
                state.have_turn += 1;
                return Ok(Turn { line: Arc::clone(self), who: who.to_owned() });
            }
            if one.waiting.len() >= limits.waiting_of_one || state.waiting >= limits.waiting {
                forget(&mut state, who);
                return Err(Full);
            }
            state.tickets += 1;
            state.waiting += 1;
            let (ticket, (grant, granted)) = (state.tickets, oneshot::channel());
            let one = state.of.entry(who.to_owned()).or_default();
            one.waiting.push_back((ticket, grant));
            if one.waiting.len() == 1 {
                state.order.push_back(who.to_owned());
            }
            (ticket, granted)
        };
        let mut place = Place { line: Arc::clone(self), who: who.to_owned(), ticket, kept: false };
        match tokio::time::timeout(self.limits.patience, granted).await {
            Ok(Ok(())) => {
                place.kept = true;
                Ok(Turn { line: Arc::clone(self), who: who.to_owned() })
            }
            // The place is given up when it is dropped, with a turn that came at the last moment.
            _ => Err(Full),
        }
    }

    /// Gives back a turn, and lets in who comes next.
    fn leave(&self, who: &str) {
        let mut state = self.state();
        state.have_turn -= 1;
        if let Some(one) = state.of.get_mut(who) {
            one.has_turn -= 1;
        }
        forget(&mut state, who);
        self.let_in(&mut state);
    }

    fn let_in(&self, state: &mut State) {
        let mut passed_over = 0;
        while state.have_turn < self.limits.at_once && passed_over < state.order.len() {
            let Some(who) = state.order.pop_front() else { return };
            let Some(one) = state.of.get_mut(&who) else { continue };
            if one.has_turn >= self.limits.at_once_of_one {
                state.order.push_back(who);
                passed_over += 1;
                continue;
            }
            if let Some((_, grant)) = one.waiting.pop_front() {
                state.waiting -= 1;
                // A turn from here on. Who has gone meanwhile gives it back with the place.
                one.has_turn += 1;
                state.have_turn += 1;
                passed_over = 0;
                grant.send(()).ok();
            }
            if one.waiting.is_empty() {
                forget(state, &who);
            } else {
                state.order.push_back(who);
            }
        }
    }
}

/// Keeps nothing of somebody who is not there.
fn forget(state: &mut State, who: &str) {
    if state.of.get(who).is_some_and(|one| one.has_turn == 0 && one.waiting.is_empty()) {
        state.of.remove(who);
    }
}

/// A place in a line.
struct Place {
    line: Arc<Line>,
    who: String,
    ticket: u64,
    /// The turn came and was taken.
    kept: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let mut state = self.line.state();
        let one = state.of.get_mut(&self.who);
        let at = one.and_then(|one| {
            let at = one.waiting.iter().position(|(ticket, _)| *ticket == self.ticket)?;
            one.waiting.remove(at);
            Some(one.waiting.is_empty())
        });
        match at {
            Some(none_left) => {
                state.waiting -= 1;
                if none_left {
                    state.order.retain(|who| *who != self.who);
                }
                forget(&mut state, &self.who);
            }
            // The turn was given and nobody took it.
            None => {
                drop(state);
                self.line.leave(&self.who);
            }
        }
    }
}

/// Somebody's turn, until it is dropped.
pub(crate) struct Turn {
    line: Arc<Line>,
    who: String,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.line.leave(&self.who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at_once: usize, of_one: usize, waiting: usize, waiting_of_one: usize) -> Arc<Line> {
        let patience = Duration::from_secs(3600);
        Line::new(LineLimits { at_once, at_once_of_one: of_one, waiting, waiting_of_one, patience })
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
    }

    /// Enters in the background and writes down who it was when their turn has come.
    fn enter(line: &Arc<Line>, who: &str, came: &Arc<Mutex<Vec<String>>>) -> tokio::task::JoinHandle<()> {
        let (line, who, came) = (Arc::clone(line), who.to_owned(), Arc::clone(came));
        tokio::spawn(async move {
            let turn = line.enter(&who).await.expect("room");
            came.lock().expect("whole").push(who);
            tokio::task::yield_now().await;
            drop(turn);
        })
    }

    /// Attack: one principal fills the line, and another comes after.
    #[test]
    fn whoever_floods_the_line_waits_behind_themselves() {
        runtime().block_on(async {
            let (line, came) = (line(1, 1, 200, 100), Arc::default());
            let first = line.enter("flood").await.expect("free");
            let mut all: Vec<_> = (0..50).map(|_| enter(&line, "flood", &came)).collect();
            tokio::task::yield_now().await;
            all.push(enter(&line, "other", &came));
            tokio::task::yield_now().await;
            assert_eq!(line.length(), (1, 51));
            drop(first);
            for one in all {
                one.await.expect("came");
            }
            let came = came.lock().expect("whole").clone();
            assert!(came.iter().position(|who| who == "other").expect("there") <= 1, "{came:?}");
            assert_eq!((came.len(), line.length()), (51, (0, 0)));
            assert!(line.state().of.is_empty() && line.state().order.is_empty());
        });
    }

    #[test]
    fn there_is_so_much_room_and_no_more() {
        runtime().block_on(async {
            let line = line(1, 1, 2, 1);
            let turn = line.enter("a").await.expect("free");
            let waits = |who: &'static str| {
                let line = Arc::clone(&line);
                tokio::spawn(async move { line.enter(who).await.map(drop) })
            };
            let one = waits("b");
            tokio::task::yield_now().await;
            assert_eq!(line.enter("b").await.err(), Some(Full), "one of each");
            let other = waits("c");
            tokio::task::yield_now().await;
            assert_eq!(line.enter("d").await.err(), Some(Full), "two in all");
            drop(turn);
            assert!(one.await.expect("joined").is_ok() && other.await.expect("joined").is_ok());
            assert_eq!(line.length(), (0, 0));
        });
    }

    /// One who has as many turns as one may have does not keep others from the rest.
    #[test]
    fn turns_of_one_leave_turns_for_others() {
        runtime().block_on(async {
            let line = line(4, 2, 10, 10);
            let (_a, b) = (line.enter("a").await.expect("free"), line.enter("a").await.expect("free"));
            let came = Arc::default();
            let third = enter(&line, "a", &came);
            tokio::task::yield_now().await;
            assert_eq!(line.length(), (2, 1));
            let _other = line.enter("b").await.expect("free for others");
            drop(b);
            third.await.expect("came");
            assert_eq!(line.length(), (2, 0));
        });
    }

    /// Attack: places are taken and left, before and after the turn has come.
    #[test]
    fn no_turn_is_lost_with_whoever_goes_away() {
        runtime().block_on(async {
            let line = line(1, 1, 10, 10);
            for late in [false, true] {
                let turn = line.enter("a").await.expect("free");
                let waiting = tokio::spawn({
                    let line = Arc::clone(&line);
                    async move { line.enter("b").await.map(drop) }
                });
                tokio::task::yield_now().await;
                assert_eq!(line.length(), (1, 1));
                if late {
                    drop(turn);
                    waiting.abort();
                } else {
                    waiting.abort();
                    drop(waiting.await);
                    drop(turn);
                }
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
                assert_eq!(line.length(), (0, 0));
                drop(line.enter("c").await.expect("free again"));
            }
        });
    }

    #[test]
    fn nobody_waits_for_ever() {
        runtime().block_on(async {
            let limits = LineLimits {
                at_once: 1,
                at_once_of_one: 1,
                waiting: 5,
                waiting_of_one: 5,
                patience: Duration::from_millis(20),
            };
            let line = Line::new(limits);
            let turn = line.enter("a").await.expect("free");
            assert_eq!(line.enter("b").await.err(), Some(Full));
            assert_eq!(line.length(), (1, 0));
            drop(turn);
            assert_eq!(line.length(), (0, 0));
        });
    }
}
