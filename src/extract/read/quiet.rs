//! Running what may fall over a damaged file without a word of it: the message of a panic can hold bytes of a value.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the thread's panics silent while it lives.
struct Silence {
    before: bool,
}

impl Silence {
    fn begin() -> Silence {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let loud = take_hook();
            set_hook(Box::new(move |info| {
                if !QUIET.try_with(Cell::get).unwrap_or(false) {
                    loud(info);
                }
            }));
        });
        Silence { before: QUIET.replace(true) }
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        QUIET.set(self.before);
    }
}

/// What comes of it; `None` where it fell, of which nothing is printed. Other threads fall as loudly as ever.
pub(super) fn quietly<T>(run: impl FnOnce() -> T) -> Option<T> {
    let _silence = Silence::begin();
    catch_unwind(AssertUnwindSafe(run)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &str = "KOBLING_TEST_FALLS";

    /// Runs itself as another process, whose output no test harness takes.
    #[test]
    fn a_fall_prints_nothing_and_the_next_one_does() {
        if std::env::var_os(INNER).is_some() {
            assert_eq!(quietly(|| 1), Some(1));
            assert_eq!(quietly(|| -> u8 { panic!("KANARI-0101010001") }), None);
            let nested = quietly(|| {
                assert_eq!(quietly(|| -> u8 { panic!("KANARI inner") }), None);
                panic!("KANARI outer")
            });
            assert_eq!(nested, None::<u8>);
            assert!(catch_unwind(|| panic!("LOUD-AGAIN")).is_err());
            return;
        }
        let name = std::thread::current().name().expect("a test's thread").to_owned();
        let output = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args([&name, "--exact", "--nocapture", "--test-threads=2"])
            .env(INNER, "1")
            .output()
            .expect("it runs");
        let said = [output.stderr, output.stdout].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("LOUD-AGAIN") && !said.contains("KANARI"), "{said}");
    }
}
