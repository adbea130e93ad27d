//! Memory and processor time of this process as Linux tells them; 0 where it does not.

use std::fs;

/// Bytes resident now.
pub(crate) fn resident() -> u64 {
    status("VmRSS:")
}

/// Most bytes resident at a time since the last [`forget_peak`].
pub(crate) fn peak() -> u64 {
    status("VmHWM:")
}

/// Lets [`peak`] begin anew. Where the system refuses, the peak is that of the whole process: never too small.
pub(crate) fn forget_peak() {
    drop(fs::write("/proc/self/clear_refs", "5"));
}

fn status(field: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes =
        line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|number| number.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// Seconds that all threads of this process have run, in hundredths.
pub(crate) fn processor_time() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in parentheses; user and system time are the 12th and 13th from there.
    let after = text.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}
