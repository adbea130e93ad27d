//! Who gets rows in a dataset, when, and where: plausible, not measured.

use super::cast::{Anchor, Kin};
use Anchor::{Agreed, Contacted, Started, Stopped, Traced};
use How::{Moments, Once, Quarters, Some as Several, Steps, Training};
use Place::{Any, FirstTracer, Helper, Home, Only, Tracer};
use Who::{Adults, Children, Everyone, Exposed};

/// Whom rows are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Adults,
    Exposed,
    Children,
    Everyone,
}

impl Who {
    pub(super) const fn is(self, kin: Kin) -> bool {
        match self {
            Adults => matches!(kin, Kin::Exposed | Kin::Using),
            Exposed => matches!(kin, Kin::Exposed),
            Children => matches!(kin, Kin::Child),
            Everyone => true,
        }
    }
}

/// Which of the dataset's partners has the rows. Where it is no partner of the dataset, there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The one that helps.
    Helper,
    /// The municipality.
    Home,
    /// The one that traced and referred.
    Tracer,
    /// The first.
    Only,
    /// The first, where it traced and referred.
    FirstTracer,
    /// Any of them.
    Any,
}

/// How many rows somebody gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Once,
    /// Up to so many, each on a day of its own.
    Some(u64),
    /// One for each code of the column of moments, where there was an answer.
    Moments,
    /// One for each point that the course came to.
    Steps,
    /// One for each quarter of the course, on its last day.
    Quarters,
    /// None about citizens: one for each trained employee.
    Training,
}

/// A habit of a dataset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habit {
    pub(super) who: Who,
    /// Persons who came so far.
    pub(super) from: Anchor,
    /// But not so far.
    pub(super) short_of: Option<Anchor>,
    pub(super) place: Place,
    /// So many of a hundred of them; half as many once help has started, where `eased`.
    pub(super) share: u64,
    pub(super) eased: bool,
    pub(super) how: How,
    /// Days from the point on the way: the least and the most.
    pub(super) days: (i32, i32),
}

const fn habit(who: Who, from: Anchor, place: Place, share: u64, how: How, days: (i32, i32)) -> Habit {
    Habit { who, from, short_of: None, place, share, eased: false, how, days }
}

const fn eased(habit: Habit) -> Habit {
    Habit { eased: true, ..habit }
}

/// What a dataset is like that the table below does not know.
const PLAIN: &[Habit] = &[habit(Everyone, Started, Any, 60, Once, (0, 90))];
/// No rows about citizens.
const STAFF: &[Habit] = &[habit(Everyone, Started, Any, 100, Training, (0, 500))];
const ONCE_STARTED: &[Habit] = &[habit(Adults, Started, Helper, 88, Moments, (0, 13))];

/// Habits by dataset. Where both programmes have a dataset of a name, the partners differ and the habit is the same,
/// but for those of [`FAMILIES`].
const HABITS: &[(&str, &[Habit])] = &[
    (
        "politi-anmeldelser",
        &[
            habit(Adults, Traced, Only, 60, Several(3), (-330, 0)),
            eased(habit(Adults, Traced, Only, 34, Several(3), (1, 600))),
        ],
    ),
    (
        "henvisninger",
        &[
            habit(Adults, Agreed, Tracer, 92, Once, (0, 2)),
            habit(Adults, Agreed, Tracer, 11, Several(2), (40, 340)),
        ],
    ),
    ("visitation", &[habit(Adults, Contacted, Helper, 91, Once, (0, 5))]),
    (
        "risikovurdering",
        &[
            habit(Adults, Started, Helper, 88, Moments, (0, 13)),
            habit(Adults, Agreed, FirstTracer, 30, Moments, (0, 13)),
        ],
    ),
    ("trivsel", ONCE_STARTED),
    ("voldsstatus", &[habit(Adults, Started, Helper, 84, Moments, (0, 13))]),
    ("boernetrivsel", &[habit(Children, Started, Helper, 80, Moments, (0, 20))]),
    (
        "forloebsstop",
        &[
            habit(Adults, Stopped, Helper, 100, Once, (0, 0)),
            Habit { short_of: Some(Started), ..habit(Adults, Contacted, Helper, 48, Once, (10, 90)) },
        ],
    ),
    ("samtaler", &[habit(Adults, Started, Helper, 97, Quarters, (0, 0))]),
    (
        "boernesager",
        &[
            habit(Children, Started, Home, 40, Several(2), (-300, -1)),
            habit(Children, Started, Home, 34, Several(3), (1, 800)),
        ],
    ),
    (
        "krisecenter",
        &[
            habit(Exposed, Contacted, Only, 16, Several(2), (-365, 0)),
            eased(habit(Exposed, Contacted, Only, 16, Several(2), (1, 500))),
        ],
    ),
    (
        "skadestue",
        &[
            habit(Adults, Traced, Home, 34, Several(3), (-365, 0)),
            eased(habit(Adults, Traced, Home, 34, Several(3), (1, 500))),
        ],
    ),
    ("udgifter", &[habit(Adults, Started, Helper, 98, Quarters, (0, 0))]),
    ("afgang", &[habit(Everyone, Traced, Home, 3, Once, (20, 900))]),
    ("sara-kursus", STAFF),
];

/// Datasets of the second programme that are kept in another way.
const FAMILIES: &[(&str, &[Habit])] = &[
    ("visitation", &[habit(Everyone, Traced, Only, 100, Once, (0, 0))]),
    ("behandling", &[habit(Everyone, Contacted, Only, 100, Steps, (0, 0))]),
    ("familiestatus", &[habit(Exposed, Started, Only, 87, Once, (330, 400))]),
    (
        "boernesager",
        &[
            habit(Children, Traced, Only, 45, Several(2), (-300, -1)),
            eased(habit(Children, Traced, Only, 48, Several(3), (1, 760))),
        ],
    ),
    ("udgifter", &[habit(Adults, Started, Any, 99, Quarters, (0, 0))]),
    (
        "skadestue",
        &[
            habit(Adults, Traced, Only, 34, Several(3), (-365, 0)),
            eased(habit(Adults, Traced, Only, 34, Several(3), (1, 500))),
        ],
    ),
];

/// The habits of a dataset. The second programme is known by its provider's courses.
pub(super) fn habits(dataset: &str, families: bool) -> &'static [Habit] {
    let of = |table: &'static [(&str, &'static [Habit])]| {
        table.iter().find(|(name, _)| *name == dataset).map(|(_, habits)| *habits)
    };
    let own = if families { of(FAMILIES) } else { None };
    own.or(of(HABITS)).unwrap_or(PLAIN)
}
