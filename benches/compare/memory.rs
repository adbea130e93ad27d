//! Memory of this process as Linux tells it; 0 where it does not.

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
