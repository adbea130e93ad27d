//! How each partner's system writes a file.

#[derive(Clone, Copy)]
pub(super) enum Encoding {
    Windows1252,
    Utf8,
    Utf8Bom,
}

#[derive(Clone, Copy)]
pub(super) enum Days {
    Hyphens,
    Dots,
    Slashes,
    Iso,
}

/// How a partner's system writes.
pub(super) struct Hand {
    pub(super) encoding: Encoding,
    pub(super) line_end: &'static str,
    pub(super) days: Days,
    /// First line `sep=;`.
    pub(super) sep_line: bool,
    /// Two empty columns at the end.
    pub(super) trailing: bool,
    /// CPR numbers with a hyphen, per cent.
    pub(super) hyphens: u64,
    /// Numbers that begin with 0 and lose it, per mille of such numbers.
    pub(super) lost_zeros: u64,
    /// Case numbers.
    pub(super) case: fn(u32) -> String,
    /// Numbers of employees.
    pub(super) staff: fn(u32) -> String,
    /// Dots between the thousands of a number.
    pub(super) dots: bool,
}

/// The hands, by position in [`super::world::PARTNERS`].
pub(super) fn hand(partner: usize) -> Hand {
    let plain = Hand {
        encoding: Encoding::Utf8Bom,
        line_end: "\r\n",
        days: Days::Hyphens,
        sep_line: false,
        trailing: false,
        hyphens: 10,
        lost_zeros: 7,
        case: |n| format!("S{n:05}"),
        staff: |n| format!("M{n:03}"),
        dots: false,
    };
    let old = Encoding::Windows1252;
    match partner {
        0 => Hand { encoding: old, hyphens: 60, dots: true, case: |n| format!("0100-{n:05}/PV"), ..plain },
        1 => Hand { dots: true, case: |n| format!("FRB/{n:05}"), hyphens: 0, ..plain },
        2 => Hand { encoding: old, days: Days::Dots, hyphens: 100, ..plain },
        3 => Hand { encoding: Encoding::Utf8, line_end: "\n", days: Days::Iso, ..plain },
        4 => Hand { days: Days::Slashes, hyphens: 35, ..plain },
        5 => Hand { encoding: old, trailing: true, ..plain },
        6 => {
            Hand {
                days: Days::Iso, case: |n| format!("LOKK æ{n}"), staff: |n| format!("ansat-{n}"), ..plain
            }
        }
        7 => Hand { encoding: old, days: Days::Dots, sep_line: true, ..plain },
        // Kept in a spreadsheet, which eats zeros.
        _ => Hand { lost_zeros: 400, hyphens: 0, ..plain },
    }
}

/// The hands of the second programme, by position of the partner.
pub(super) fn family_hand(partner: usize) -> Hand {
    match partner {
        0 => Hand { case: |n| format!("HAV-{n:05}"), dots: true, ..hand(2) },
        1 => Hand { case: |n| format!("F{n:04}"), staff: |n| format!("beh. {n:02}"), ..hand(1) },
        2 => Hand { hyphens: 30, ..hand(3) },
        _ => Hand { case: |n| format!("{n}/fjord"), ..hand(7) },
    }
}
