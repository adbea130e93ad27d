//! The checked definition. Positions (`usize`, `u8`) index the lists of the same [`Programme`].

use super::derive::{Derive, Precision};
use super::followup::{Followup, Shareable};
use super::question::{Question, QuestionKind, Stage};
use crate::clock::{Day, Period};
use crate::key::KeyId;
use crate::language::Language;
use crate::name::{
    CodeId, ColumnId, DatasetId, DimensionId, FollowupId, NoticeId, OrganisationId, PartnerId, PopulationId,
    ProgrammeId, PurposeId, QuestionId,
};

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Danish.
    pub da: String,
    /// English.
    pub en: String,
}

impl Language {
    /// The text in this language.
    #[must_use]
    pub fn of(self, text: &Text) -> &str {
        self.choose(&text.da, &text.en)
    }
}

/// A checked programme.
#[derive(Clone, Debug)]
pub struct Programme {
    /// Name; salt of every derivation.
    pub id: ProgrammeId,
    /// Title.
    pub title: Text,
    /// Version of the definition, counted up by the steward.
    pub version: u32,
    /// The quarters that the programme's data may come from.
    pub period: Period,
    /// Days after a quarter's last until it may be asked about (rule R7): until partners have sent all of it.
    pub closing_days: u16,
    /// Whether the numbers are made up (modulus-11 remainder 1 is then no warning).
    pub made_up_numbers: bool,
    /// The linkage key in force, where the definition states it.
    pub key_id: Option<KeyId>,
    /// SHA-256 of the text it was read from.
    pub sha256: [u8; 32],
    /// Holds the linkage key.
    pub custodian: OrganisationId,
    /// Runs the service; never the custodian or a partner.
    pub operator: OrganisationId,
    /// Acts for the data controllers.
    pub steward: OrganisationId,
    /// Ask questions.
    pub evaluators: Vec<Organisation>,
    /// Parties to an effect contract.
    pub payers: Vec<Organisation>,
    /// Upload. A partner's position is its rows' source.
    pub partners: Vec<Partner>,
    /// What data may be used for.
    pub purposes: Vec<Purpose>,
    /// Texts that persons were shown.
    pub notices: Vec<Notice>,
    /// Rules about consent.
    pub consent: ConsentPolicy,
    /// Lists of codes that columns share.
    pub code_lists: Vec<CodeList>,
    /// What partners hand over.
    pub datasets: Vec<Dataset>,
    /// How many persons a partner's packages of a dataset may be about.
    pub supplies: Vec<Supply>,
    /// What answers may be broken down by.
    pub dimensions: Vec<Dimension>,
    /// What answers may be narrowed to.
    pub populations: Vec<Population>,
    /// Steps on a person's way.
    pub stages: Vec<Stage>,
    /// What may be asked.
    pub questions: Vec<Question>,
    /// What a partner may learn of its own referrals.
    pub followups: Vec<Followup>,
    /// Stricter settings than the profile's.
    pub disclosure: DisclosureSettings,
}

/// An organisation that uploads nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Name in commands and files.
    pub id: OrganisationId,
    /// Name for people.
    pub name: String,
}

/// What kind of organisation a partner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartnerKind {
    /// A police district.
    Police,
    /// A municipality.
    Municipality,
    /// A voluntary or private organisation.
    Ngo,
    /// A region, or one of its hospitals.
    Region,
    /// Whoever is paid to treat or teach: a private or public provider.
    Provider,
    /// A school.
    School,
}

/// An organisation that uploads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Name in commands and files.
    pub id: PartnerId,
    /// Name for people.
    pub name: String,
    /// What kind of organisation it is.
    pub kind: PartnerKind,
}

/// A purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// Name.
    pub id: PurposeId,
    /// Title.
    pub title: Text,
    /// For whom: the organisations that a person is asked about, and that are answered.
    pub recipients: Vec<OrganisationId>,
    /// Whether it is statistics and research alone, and decides nothing about anybody.
    pub statistical: bool,
}

/// A text that a person was shown when asked, in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Name.
    pub id: NoticeId,
    /// Version, counted up.
    pub version: u32,
    /// Language: `da` or `en`.
    pub language: String,
    /// The text.
    pub text: String,
    /// SHA-256 of the text, in hexadecimal: what a consent event names.
    pub sha256: String,
    /// Purposes that the text tells of: a yes under it is to these and no others.
    pub purposes: Vec<PurposeId>,
}

/// Rules about consent that hold for the whole programme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentPolicy {
    /// Days from a withdrawal to the end of erasure.
    pub erasure_days: u32,
    /// Days that rows are kept after the last permission for them has run out by itself: time to renew it.
    pub lapsed_days: u32,
    /// Age at which a young person is asked again.
    pub own_consent_age: u8,
}

/// On what a use of data rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BasisKind {
    /// The person's yes, per token and source.
    Consent,
    /// Statistics and research alone (databeskyttelsesloven § 10): feeds no other use.
    Statistics,
    /// A public authority's task.
    Task,
}

/// The legal basis of a dataset for a purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The purpose.
    pub purpose: PurposeId,
    /// The kind of basis.
    pub kind: BasisKind,
    /// The article or section.
    pub rests_on: String,
    /// Whether the rows are special categories (GDPR article 9), which need an explicit consent.
    pub special_categories: bool,
    /// Whether they are about offences (GDPR article 10, databeskyttelsesloven § 8), which need a consent that says so.
    pub offences: bool,
    /// Longest time in which a consent lets rows be handed over, in days from the day on which it was given.
    pub disclosure_days: Option<u32>,
    /// Longest time in which it lets them be used, in days from the same day.
    pub use_days: Option<u32>,
    /// Purposes that the law behind this basis rules out for the same rows.
    pub forbids: Vec<PurposeId>,
}

/// A code of a category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code as it leaves the partner.
    pub id: CodeId,
    /// What it means.
    pub title: Text,
    /// Other ways in which partners' systems write it, compared without regard to case.
    pub also: Vec<String>,
    /// Whole numbers that a derivation turns into this code, first and last: no number is in two ranges of a list.
    pub ranges: Vec<[i64; 2]>,
}

/// A list of codes. A sealed code is its position, one byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeList {
    /// Name.
    pub id: String,
    /// The codes in the order in which they are shown.
    pub codes: Vec<Code>,
}

/// What a dataset's rows consist of, and where they may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Name.
    pub id: DatasetId,
    /// Title.
    pub title: Text,
    /// Positions of the partners that hand it over, ascending.
    pub partners: Vec<u8>,
    /// Bases, one a purpose.
    pub bases: Vec<Basis>,
    /// Days from the day of the event until a row is erased, whatever else holds; kept to the programme's end without.
    pub retention_days: Option<u32>,
    /// The partner that issues the staff numbers; the sender itself when absent.
    pub staff_issuer: Option<PartnerId>,
    /// Columns in the order in which they leave.
    pub columns: Vec<Column>,
}

/// How many persons the packages of a dataset from one partner may be about. Where there is none, neither bound holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supply {
    /// Position of the dataset.
    pub dataset: usize,
    /// Position of the partner.
    pub partner: u8,
    /// Most different persons that the partner can have in the dataset, over the whole programme.
    pub population: u32,
    /// Fewest different persons of a package; `None` for no such bound.
    pub least_persons: Option<u32>,
    /// Whether its clients share few birth dates by nature, so that many on one date are nothing unusual.
    pub few_birth_dates: bool,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name, and header in the package.
    pub id: ColumnId,
    /// Headers in partners' extracts that mean this column, compared without regard to case.
    pub headers: Vec<String>,
    /// What it is.
    pub role: Role,
    /// Whether a row without it is rejected. A person column that is not required admits anonymous contacts.
    pub required: bool,
    /// Texts that mean "missing" besides nothing.
    pub missing: Vec<String>,
    /// Codes of a category that follow-up may give out.
    pub shareable: Option<Shareable>,
    /// How the partner works it out; `None` for what leaves as the file has it.
    pub derive: Option<Derive>,
    /// How fine a date may leave; [`Precision::Day`] of other roles.
    pub precision: Precision,
}

impl Column {
    /// Whether the column stands in partners' files: not, when it is worked out from an identifier.
    #[must_use]
    pub fn is_in_files(&self) -> bool {
        self.derive.and_then(Derive::of).is_none()
    }
}

/// What a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Whom the row is about; one a dataset.
    Person,
    /// The other one of a pair.
    RelatedPerson,
    /// The partner's case number: keeps a family together.
    Case,
    /// A staff number.
    Staff,
    /// The day of the event; one a dataset.
    Date,
    /// One of a list of codes.
    Category {
        /// Position of the list in [`Programme::code_lists`].
        list: usize,
    },
    /// A number.
    Measure(Measure),
}

impl Role {
    /// The role's word in a definition.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Role::Person => "person",
            Role::RelatedPerson => "related_person",
            Role::Case => "case",
            Role::Staff => "staff",
            Role::Date => "date",
            Role::Category { .. } => "category",
            Role::Measure(_) => "measure",
        }
    }
}

/// A number with a fixed count of decimals, kept as an integer of the smallest unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Unit, for people.
    pub unit: String,
    /// Decimals kept, 0-4.
    pub decimals: u8,
    /// Least value, in the smallest unit.
    pub min: i64,
    /// Greatest value, in the smallest unit.
    pub max: i64,
}

/// What answers may be broken down by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Name.
    pub id: DimensionId,
    /// Title.
    pub title: Text,
    /// Where its codes come from.
    pub source: DimensionSource,
}

/// Where a dimension's codes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DimensionSource {
    /// The partner that sent the row.
    Partner,
    /// The quarter of the event.
    Quarter,
    /// Columns with one list of codes: (dataset, column) positions.
    Columns {
        /// Position of the list in [`Programme::code_lists`].
        list: usize,
        /// (dataset, column) positions, at most one column a dataset.
        columns: Vec<(usize, usize)>,
    },
}

/// What answers may be narrowed to: persons whose index row has one of the codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population {
    /// Name.
    pub id: PopulationId,
    /// Title.
    pub title: Text,
    /// Position of the dimension, a column dimension.
    pub dimension: usize,
    /// Positions of the codes in the dimension's list.
    pub codes: Vec<u8>,
}

/// Settings of the disclosure profile `dk-standard` that a programme makes stricter; `None` keeps the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DisclosureSettings {
    /// R1: least persons in a shown cell.
    pub persons: Option<u32>,
    /// R1: least families in a shown cell.
    pub families: Option<u32>,
    /// R3: counts are rounded to multiples of this.
    pub rounding: Option<u32>,
    /// R4: numerator and complement of a rate must both exceed this.
    pub rate_part: Option<u32>,
    /// R5: values that must stay possible for a small hidden cell.
    pub values: Option<u32>,
    /// R8, R9: sets that differ by so many persons share one value.
    pub held: Option<u32>,
    /// R6: most dimensions besides the period.
    pub dimensions: Option<u32>,
    /// R10: least persons of a cell that crosses partners.
    pub crossing: Option<u32>,
    /// R11: least units of a shown sum.
    pub amount_units: Option<u32>,
    /// R12, R13: least units of a shown mean.
    pub mean_units: Option<u32>,
    /// R11: the p of the p % rule.
    pub p_percent: Option<u32>,
    /// R11: most per cent of a sum that the two largest may have.
    pub dominance: Option<u32>,
}

impl Programme {
    /// Position of a partner, which is the source of its rows.
    #[must_use]
    pub fn source(&self, partner: &PartnerId) -> Option<u8> {
        self.partners.iter().position(|p| p.id == *partner).and_then(|at| u8::try_from(at).ok())
    }

    /// The partner of a name.
    #[must_use]
    pub fn partner(&self, partner: &PartnerId) -> Option<&Partner> {
        self.partners.iter().find(|p| p.id == *partner)
    }

    /// The dataset of a name, with its position.
    #[must_use]
    pub fn dataset(&self, dataset: &DatasetId) -> Option<(usize, &Dataset)> {
        self.datasets.iter().enumerate().find(|(_, d)| d.id == *dataset)
    }

    /// How many persons a partner's packages of a dataset may be about, by their positions.
    #[must_use]
    pub fn supply(&self, dataset: usize, partner: u8) -> Option<&Supply> {
        self.supplies.iter().find(|supply| (supply.dataset, supply.partner) == (dataset, partner))
    }

    /// The question of a name.
    #[must_use]
    pub fn question(&self, question: &QuestionId) -> Option<&Question> {
        self.questions.iter().find(|q| q.id == *question)
    }

    /// The purpose of a name.
    #[must_use]
    pub fn purpose(&self, purpose: &PurposeId) -> Option<&Purpose> {
        self.purposes.iter().find(|p| p.id == *purpose)
    }

    /// The follow-up of a name.
    #[must_use]
    pub fn followup(&self, followup: &FollowupId) -> Option<&Followup> {
        self.followups.iter().find(|f| f.id == *followup)
    }

    /// The codes of a category column.
    #[must_use]
    pub fn codes(&self, column: &Column) -> Option<&[Code]> {
        match column.role {
            Role::Category { list } => Some(&self.code_lists[list].codes),
            _ => None,
        }
    }

    /// First and last day that data may carry: the programme's period, up to today.
    #[must_use]
    pub fn days(&self, today: Day) -> (Day, Day) {
        (self.period.first_day(), self.period.last_day().min(today))
    }

    /// Positions of the datasets that a question reads, ascending.
    #[must_use]
    pub fn datasets_of(&self, question: &Question) -> Vec<usize> {
        let mut datasets = match &question.kind {
            QuestionKind::Reach { datasets } | QuestionKind::Overlap { datasets } => datasets.clone(),
            QuestionKind::Consents => Vec::new(),
            QuestionKind::Quality { .. } => (0..self.datasets.len()).collect(),
            kind => {
                let of_stages = kind.stages().into_iter().flat_map(|stage| &self.stages[stage].events);
                let of_items = kind.items().into_iter().flat_map(|item| &item.events);
                let events = of_stages.chain(of_items).map(|event| event.dataset);
                events.chain(kind.further_datasets()).collect()
            }
        };
        datasets.sort_unstable();
        datasets.dedup();
        datasets
    }
}

impl CodeList {
    /// Position of the code that a word means: its id, or another way of writing it.
    #[must_use]
    pub fn knowing(&self, word: &str) -> Option<usize> {
        self.codes.iter().position(|code| {
            code.id.as_str() == word || code.also.iter().any(|form| form.to_lowercase() == word)
        })
    }
}

impl Dataset {
    /// Whether nothing but consent lets its rows in: a row without a permission is refused, one whose permission was
    /// taken back is erased.
    #[must_use]
    pub fn rests_on_consent_alone(&self) -> bool {
        self.bases.iter().all(|basis| basis.kind == BasisKind::Consent)
    }

    /// The first day whose rows are kept today; `None` when all are. A fixed rule of programme and calendar, whether the
    /// rows before it are off the disk yet or not.
    #[must_use]
    pub fn kept_from(&self, today: Day) -> Option<Day> {
        let days = i32::try_from(self.retention_days?).unwrap_or(i32::MAX);
        Some(today.plus(days.saturating_neg()))
    }

    /// The basis for a purpose.
    #[must_use]
    pub fn basis(&self, purpose: &PurposeId) -> Option<&Basis> {
        self.bases.iter().find(|basis| basis.purpose == *purpose)
    }

    /// How fine its days may leave a partner.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.columns
            .iter()
            .find(|column| column.role == Role::Date)
            .map_or(Precision::Day, |column| column.precision)
    }

    /// The column of a name, with its position.
    #[must_use]
    pub fn column(&self, column: &ColumnId) -> Option<(usize, &Column)> {
        self.columns.iter().enumerate().find(|(_, c)| c.id == *column)
    }

    /// Position of the first column of a role chosen by the caller.
    #[must_use]
    pub fn position(&self, role: impl Fn(&Role) -> bool) -> Option<usize> {
        self.columns.iter().position(|column| role(&column.role))
    }
}
