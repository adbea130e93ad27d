//! How fast this machine tries CPR numbers under a linkage key: what a lost key is worth.

use std::time::{Duration, Instant};

use kobling::clock::Day;
use kobling::id::{Identifier, LeadingZero, Sex, generate_made_up_cpr};
use kobling::key::LinkageKey;
use kobling::language::{Both, Language};
use kobling::secret::{SeededRandom, SystemRandom};
use kobling::token::Tokeniser;
use serde_json::json;

use super::{Finding, Level};

/// How long it is measured.
pub(super) const TIME: Duration = Duration::from_millis(300);
/// Well-formed CPR numbers: 36,525 dates that two digits each can write, and 10,000 serial numbers.
const NUMBERS: f64 = 365_250_000.0;
/// Tokens between two looks at the time.
const BATCH: u32 = 1000;

/// Tokens a second, on all cores.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    cores: usize,
    per_second: f64,
}

/// Makes tokens with the code that makes them in earnest, under a key that nobody has, on every core.
pub(super) fn measure(time: Duration) -> Pace {
    let programme = "pace".parse().expect("a plain name");
    let key = LinkageKey::generate(programme, &mut SystemRandom::new());
    let partner = "pace".parse().expect("a plain name");
    let tokeniser = Tokeniser::new(&key, &partner, &partner);
    let birth = Day::from_ymd(1980, 6, 2).expect("a day");
    let number = generate_made_up_cpr(birth, Sex::Woman, &mut SeededRandom::from_number(1));
    let today = Day::from_ymd(2020, 1, 1).expect("a day");
    let id = match Identifier::parse(&number, today, LeadingZero::Refuse) {
        Ok(id) => id,
        Err(_) => unreachable!("a made-up number is well-formed"),
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let start = Instant::now();
    let made: u64 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores)
            .map(|_| {
                scope.spawn(|| {
                    let mut made = 0u64;
                    while start.elapsed() < time {
                        for _ in 0..BATCH {
                            let token = tokeniser.person(std::hint::black_box(&id));
                            std::hint::black_box(token.kind());
                            std::hint::black_box(token.expose("it is thrown away")[0]);
                        }
                        made += u64::from(BATCH);
                    }
                    made
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or(0)).sum()
    });
    #[expect(clippy::cast_precision_loss, reason = "a rate of two digits' worth")]
    let per_second = made as f64 / start.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
    Pace { cores, per_second }
}

impl Pace {
    fn seconds(self) -> f64 {
        NUMBERS / self.per_second.max(1.0)
    }

    pub(super) fn finding(self) -> Finding {
        let seconds = format!("{:.0}", self.seconds().max(1.0));
        let millions = format!("{:.1}", self.per_second / 1e6);
        let (da, en) = (Language::Da, Language::En);
        let what = Both::new(
            format!(
                "den, der har denne nøgle, kan prøve alle CPR-numre (cirka 365 millioner) på omkring {} sekunder på denne maskine \
                 ({} millioner i sekundet, {} kerner)",
                da.grouped(&seconds),
                da.grouped(&millions),
                self.cores
            ),
            format!(
                "whoever holds this key can try every CPR number (about 365 million) in about {} seconds on this machine ({} \
                 million a second, {} cores)",
                en.grouped(&seconds),
                en.grouped(&millions),
                self.cores
            ),
        );
        Finding { code: "guessing", level: Level::Note, what, advice: None }.because(
            (
                "en pakke sammen med koblingsnøglen er CPR-numre i klar tekst",
                "a package together with the linkage key is CPR numbers in the clear",
            ),
            (
                "opbevar nøglen ét sted, aldrig sammen med pakkerne, og sig det straks til nøgleforvalteren, hvis den er væk",
                "keep the key in one place, never with the packages, and tell the custodian at once if it is lost",
            ),
        )
    }

    pub(super) fn json(self) -> serde_json::Value {
        json!({
            "numbers": NUMBERS,
            "cores": self.cores,
            "per_second": self.per_second.round(),
            "seconds": self.seconds(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figure_is_of_work_that_was_done() {
        let pace = measure(Duration::from_millis(20));
        // Slower than any machine that this runs on, and faster than none without special hardware.
        assert!((1e4..1e10).contains(&pace.per_second), "{pace:?}");
        let twice = Pace { per_second: pace.per_second * 2.0, ..pace };
        assert!((pace.seconds() / twice.seconds() - 2.0).abs() < 1e-9);
        assert!((Pace { cores: 1, per_second: NUMBERS / 60.0 }.seconds() - 60.0).abs() < 1e-9);
    }
}
