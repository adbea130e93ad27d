"""What the service sends and takes, as types. Written by clients/generate.py from docs/openapi.json; changes go there."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class AliasHeld(TypedDict):
    """A proposal that another number is the same person's."""

    approved_at: NotRequired[Timestamp | None]


class AliasPackageView(TypedDict):
    """A package of which some proposals wait."""

    # Its id.
    package: str
    # Who sent it.
    partner: str
    # Aliases in it.
    proposals: int
    # When it was received whole.
    received_at: str
    # Those that wait.
    waiting: int


class AliasRequest(TypedDict):
    """Two tokens of one person."""

    # The token that is used now.
    new: str
    # The token that was used before.
    old: str


class AnswerLineView(TypedDict):
    """A line of the log: what was asked, and what the answer itself tells."""

    # Whether the same text had been given to the same recipient before.
    again: bool
    # When.
    at: str
    # Dimensions.
    by: list[str]
    # What was given.
    given: Literal['answer', 'report-made', 'report-read', 'statement-made', 'statement-read', 'statements-listed']
    # Rows that are hidden whole.
    hidden: NotRequired[int | None]
    # Its number.
    number: int
    # Organisation of who asked; the operator's for what is made at a seal.
    organisation: str
    # Quarters.
    period: NotRequired[str | None]
    # Population.
    population: NotRequired[str | None]
    # Who asked.
    principal: str
    # The question; none where everything was listed.
    question: NotRequired[str | None]
    # For whom it was counted.
    recipient: str
    # Profile and version of the rules.
    rules: NotRequired[str | None]
    # Digest of the answer, as it stands in the answer itself; of a statement, that of its text.
    # None where a list was given, and where the answer was never handed out.
    sha256: NotRequired[str | None]
    # Rows that show something.
    shown: NotRequired[int | None]
    # The snapshot.
    snapshot: NotRequired[int | None]


class AnswerLogView(TypedDict):
    """A page of the log."""

    # At most 200 lines, newest first.
    lines: list[AnswerLineView]
    # What to give as `before` for the next page; none on the last.
    next: NotRequired[int | None]


class AnswerView(TypedDict):
    """An answer, described; it is served as the text that was first released."""

    # How it is best drawn.
    chart: NotRequired[str | None]
    # Its definition.
    definition: TextView
    # The key columns of the table: id, title, and a title for each code.
    labels: list[Any]
    # Rules of counting.
    notes: list[TextView]
    # Its number in the catalogue.
    number: str
    # The quarters.
    period: str
    # Id and title of the population it was narrowed to.
    population: NotRequired[Any]
    # What was asked, as it was understood.
    question: Any
    # Day of the snapshot.
    sealed: str
    # SHA-256 of the text without this member, which is the last.
    sha256: str
    # The protected table.
    table: Table
    # Its title.
    title: TextView
    # What is counted: person, pair or case.
    unit: str


class ApproveRequest(TypedDict):
    """Held referrals that are to count."""

    # The follow-up.
    followup: str
    # How many are held, as the steward saw it.
    held: int
    # The partner.
    partner: str


class AsOfLineView(TypedDict):
    """One line of it."""

    # The dataset.
    dataset: str
    # Whether use was permitted at the moment.
    gate: bool
    # What for.
    purpose: str
    # For whom.
    recipient: str
    # The days of rows that might be used.
    rows: list[RowsView]


class AsOfQuestion(TypedDict):
    """The question."""

    # The linkage key that made the token.
    key_id: KeyId
    # Whose knowledge.
    known: KnownAt
    # The moment; not in the future.
    moment: Timestamp
    # The token in its text form.
    token: str


class AsOfView(TypedDict):
    """What one's own records permitted."""

    # Events recorded up to this instant were known.
    known_at: str
    # The moment asked about.
    moment: str
    # A line for each dataset, purpose and recipient, whatever was said.
    permissions: list[AsOfLineView]


class AskRequest(TypedDict):
    """What is asked."""

    # Dimensions, in any order.
    by: NotRequired[list[DimensionId]]
    # Whole quarters: `2022-Q1..2022-Q4`.
    period: Period
    population: NotRequired[PopulationId | None]


class AuditView(TypedDict):
    """A page of the chain."""

    # At most 1,000 entries, each with its place in the chain.
    entries: list[Any]
    # Chain hash of the last one.
    hash: NotRequired[str | None]
    # What is wrong, if they do not.
    problem: NotRequired[str | None]
    # Entries in the chain, when it is sound.
    sequence: NotRequired[int | None]
    # Whether chain, strands and heads verify.
    sound: bool
    # Heads of the strands.
    strands: list[HeadView]


# On what a use of data rests.
BasisKind: TypeAlias = Literal['consent', 'statistics', 'task']


class Coarser(TypedDict):
    """A coarser question: `by`, `population` and `period` are what is asked in its place, in one
    step."""

    # Dimensions.
    by: list[str]
    # Whole quarters. None until the plan, which knows what was asked, fills it in.
    period: NotRequired[str | None]
    # Id of the population; none for all.
    population: NotRequired[str | None]
    # What it is, in Danish and English.
    title: dict[str, Any]


class ConsentBatch(TypedDict):
    """Records with the linkage key that made their tokens: `{"key_id", "records"}`. A batch states
    its key as a package does, since a withdrawal under another key would be recorded and stop
    nothing."""

    # The linkage key.
    key_id: KeyId
    # At least one record, at most [`limits::MAX_CONSENT_BATCH`].
    records: list[ConsentRecord]


class ConsentEvent(TypedDict):
    """One event. It tells something about a person, so `Debug` shows its kind alone."""

    # When it happened. Decides, whenever it arrived.
    at: Timestamp
    # Data categories: datasets of the source. Empty means all of them.
    datasets: NotRequired[list[DatasetId]]
    # Who said it.
    given_by: GivenBy
    # What happened.
    kind: EventKind
    # What the processing rests on.
    legal_basis: LegalBasis
    # How it was said.
    method: Method
    names: NotRequired[RecordId | None]
    # The text that the person was shown.
    notice: Notice
    # Purposes. Empty means none in a yes, all in a deny.
    purposes: NotRequired[list[PurposeId]]
    # Recipients. Empty means none in a yes, all in a deny.
    recipients: NotRequired[list[OrganisationId]]
    # The partner's own name for this record.
    record: RecordId
    # The partner's label of the member of staff or system that recorded it: 1 to 64 bytes, no CPR
    # number.
    recorded_by: str
    # Last day on which this record is kept.
    retention_until: Day
    # The rows that a yes covers.
    rows: NotRequired[RowWindow]
    # Version of this form: [`CONSENT_SCHEMA`].
    schema: int
    # First day on which a yes permits use. Without meaning in a deny, which counts from `at`.
    valid_from: Day
    valid_to: NotRequired[Day | None]
    # How the person was told to withdraw.
    withdrawal_method: Method


class ConsentRecord(TypedDict):
    """One entry of a batch: whose event it is, and the event. `Debug` hides the token."""

    # The event.
    event: ConsentEvent
    # The person's token in its text form.
    token: str


class ConsentsHeld(TypedDict):
    """What the partner recorded of a person's consent, and what follows from it today."""

    # The moment that it is about.
    at: Timestamp
    # Events in the order of their time.
    events: list[HeldEvent]
    # The partner.
    partner: PartnerId
    # What is permitted at the moment: each own dataset for each purpose and recipient.
    permits: list[HeldPermit]


class DatasetHeld(TypedDict):
    """Rows of a dataset in the partner's packages in force."""

    erased_by: NotRequired[Day | None]
    first: NotRequired[Day | None]
    # The dataset.
    id: DatasetId
    last: NotRequired[Day | None]
    # Rows about the person.
    rows: int
    # Its title.
    title: Text
    # Whether rows about the person were not kept: turned away on arrival because nothing permitted
    # them, or erased.
    withheld: bool


# A dataset of the programme.
DatasetId: TypeAlias = str


# A day.
Day: TypeAlias = str


class DecidedView(TypedDict):
    """What was decided."""

    # Proposals that had waited, and wait no longer.
    decided: int


# A dimension of the programme.
DimensionId: TypeAlias = str


class EnrolRequest(TypedDict):
    """A key to be enrolled."""

    # 43 characters of base64url.
    public_key: str


class ErasureView(TypedDict):
    """An erasure of one's own rows. Counts are of rows in packages, under tokens that oneself
    named."""

    # `denied`: somebody said no. `ended`: a permission ended, or became narrower.
    cause: str
    # When it was done.
    done_at: NotRequired[str | None]
    # The last day on which it may be done.
    erase_by: str
    # Its id: that of the receipts, too.
    id: str
    # When it was opened.
    opened_at: str
    # Packages that were written anew.
    packages: int
    receipt: NotRequired[ReceiptView | None]
    # Rows that went out of them.
    rows: int
    # `opened`, `decided` (no question reads the rows any more), `staged` (they are off the
    # packages) or `done`.
    state: str


# What happened.
EventKind: TypeAlias = Literal['requested', 'given', 'refused', 'withdrawn', 'expired', 'invalidated', 'renewed']


class Figure(TypedDict):
    """A figure. One of the keys is present; low and high come together, and low alone is a band
    without an end."""

    at_least: NotRequired[int]
    at_most: NotRequired[int]
    count: NotRequired[int]
    hidden: NotRequired[bool]
    high: NotRequired[float]
    low: NotRequired[float]
    number: NotRequired[float]
    percent: NotRequired[int]


# What kind of figure a column holds.
FigureKind: TypeAlias = Literal['count', 'rate', 'range', 'number']


# A follow-up of the programme.
FollowupId: TypeAlias = str


class FollowupView(TypedDict):
    """A follow-up that the caller may ask."""

    # Days from the seal that first held a referral until it may be asked about.
    delay_days: int
    # What is asked for.
    id: str
    # Most tokens that may be asked about in a day (UTC).
    lookups_per_day: int
    # The purpose that persons must have permitted.
    purpose: str
    # What can be answered, in the order in which it is.
    statuses: list[StatusView]
    # Its title.
    title: TextView


# Who said it.
GivenBy: TypeAlias = Literal['self', 'custodian']


class GivenReceipt(TypedDict):
    """A receipt as it was given."""

    # JSON text, as it was signed.
    receipt: str
    # The service's signature.
    signature: str


class HandedInView(TypedDict):
    """What came of them."""

    # Those of something later than the backup.
    later: int
    # Receipts that were looked at.
    receipts: int
    # Where one's own part stands now.
    standing: PartView
    # Packages that were withdrawn again.
    withdrawn: int


class Head(TypedDict):
    """The head of a column of figures."""

    # Decimals that mean something.
    decimals: int
    # What it is known by.
    id: str
    # What kind of figure.
    kind: FigureKind
    # Title, in Danish and English.
    title: dict[str, Any]
    # Unit, in Danish and English; none for rates.
    unit: NotRequired[dict[str, Any] | None]


class HeadView(TypedDict):
    """A head of a strand, described."""

    # Strand hash.
    hash: str
    # Entries so far.
    position: int
    # The strand.
    strand: str


class Health(TypedDict):
    """That the service answers."""

    # `ok`.
    status: str


class Held(TypedDict):
    """Everything that is held of a person from a partner."""

    # Own proposals that two numbers are this one person's.
    aliases: list[AliasHeld]
    # Consents, and what they permit.
    consents: ConsentsHeld
    # Each own dataset.
    datasets: list[DatasetHeld]
    # When the partner itself asked what became of the person, for as long as that is kept.
    lookups: list[LookupHeld]
    # What the own datasets are used for.
    uses: list[UseHeld]


class HeldEvent(TypedDict):
    """An event as it was recorded."""

    # The event.
    event: ConsentEvent
    # When it was recorded.
    recorded_at: Timestamp


class HeldPermit(TypedDict):
    """Whether rows of a dataset may be used for a purpose, for a recipient."""

    # On what it rests; only `consent` depends on the events.
    basis: BasisKind
    # The dataset.
    dataset: DatasetId
    # Whether use is permitted today.
    permitted: bool
    # The purpose.
    purpose: PurposeId
    # For whom.
    recipient: OrganisationId
    # The article or section.
    rests_on: str
    # The days of the rows that may be used; all of them where it rests on something else than
    # consent.
    rows: list[Stretch]


class HeldRequest(TypedDict):
    """Whom is asked about, and why. No `Debug`: it is about a person."""

    # The linkage key that made the token.
    key_id: KeyId
    # The case worker's own note or label: 1 to 64 bytes, no CPR number. It stands in the audit
    # chain.
    note: str
    # The person's token in its text form.
    token: str


# The linkage key, by its public name.
KeyId: TypeAlias = str


class KeyView(TypedDict):
    """An enrolled key."""

    # When it was enrolled.
    enrolled_at: str
    # For comparison by telephone.
    fingerprint: str
    # 43 characters of base64url.
    public_key: str
    # When it was revoked.
    revoked_at: NotRequired[str | None]


# Whose knowledge is used.
KnownAt: TypeAlias = Literal['then', 'now']


# What the processing rests on.
LegalBasis: TypeAlias = Literal['consent', 'explicit-consent', 'offences-consent']


class Lookup(TypedDict):
    """A look-up. No `Debug`: it is persons' tokens."""

    # The follow-up.
    followup: FollowupId
    # The linkage key that made the tokens.
    key_id: KeyId
    # The case worker's own name for it.
    label: str
    # Random bytes, in hexadecimal.
    nonce: str
    # Tokens in their text form, in the order in which they are to be answered.
    tokens: list[str]


class LookupHeld(TypedDict):
    """A look-up of the partner's own."""

    # When.
    at: Timestamp
    # Which follow-up.
    followup: FollowupId
    # The case worker's own name for it.
    label: str


# How something was said.
Method: TypeAlias = Literal['written', 'digital', 'oral-documented']


class MissingView(TypedDict):
    """Something that was acknowledged and is not here: to be sent again."""

    # When it was acknowledged.
    at: Timestamp
    # Its dataset, of a package.
    dataset: NotRequired[str | None]
    # Id in the receipt.
    id: str
    # What its receipt is for: `upload`, `consents` or `aliases`.
    kind: str
    # Its quarters, of a package.
    period: NotRequired[str | None]


class Notice(TypedDict):
    """The text that the person was shown, word for word by its hash."""

    # Which notice.
    id: NoticeId
    # Its language, for instance `da` (BCP 47).
    language: str
    # SHA-256 of its text, 64 hexadecimal characters, lower case.
    sha256: str
    # Its version: 1 to 32 of `A-Z a-z 0-9 . -`.
    version: str


# A notice of the programme.
NoticeId: TypeAlias = str


class OpenAnswer(TypedDict):
    """An upload. Its address takes the rows over tus 1.0."""

    # Its id.
    id: str
    # Bytes of `data.csv` in all.
    length: int
    # Bytes of `data.csv` that are there.
    offset: int


class OpenRequest(TypedDict):
    """What opens an upload."""

    # `datapackage.json` as it was signed, as one text.
    manifest: str
    # `datapackage.json.sig`: 86 characters of base64url.
    signature: str


Option: TypeAlias = None | int


# An organisation of the programme.
OrganisationId: TypeAlias = str


class PackageView(TypedDict):
    """An upload or package of one's own."""

    # Bytes of `data.csv`.
    bytes: int
    # When it became whole.
    completed_at: NotRequired[str | None]
    # Its dataset.
    dataset: str
    # Its id.
    id: str
    # Rows of them that had a permission on arrival and were kept, as the receipt says; null until
    # it is complete.
    kept: NotRequired[int | None]
    # SHA-256 of the manifest.
    manifest_sha256: str
    # When it was opened.
    opened_at: str
    # Its quarters.
    period: str
    # Rows sent.
    rows: int
    # `open`, `complete`, `replaced`, `recorded`, `withdrawn`, `aborted`, `expired` or `refused`.
    state: str


class PartView(TypedDict):
    """A partner's part."""

    # What it is to send again.
    missing: list[MissingView]
    # The partner.
    partner: PartnerId
    # Entries that its receipts prove; null before it has handed any in.
    proven: NotRequired[int | None]
    # Entries of its strand that the backup had.
    restored: int
    # `unknown` before it has handed in receipts, `missing`, or `complete`: everything that its
    # receipts name is here.
    state: str


# A partner of the programme.
PartnerId: TypeAlias = str


# Whole quarters, the first and the last: `2022-Q1..2022-Q4`.
Period: TypeAlias = str


# A population of the programme.
PopulationId: TypeAlias = str


class Problem(TypedDict):
    """What a refusal looks like (RFC 9457)."""

    # What to do.
    advice: str
    # Stable code.
    code: str
    # Title and advice in Danish.
    da: ProblemWords
    # HTTP status.
    status: int
    # What was refused.
    title: str
    # A URI that names the kind of problem.
    type: str


class ProblemWords(TypedDict):
    """A refusal in another language than English."""

    # What to do.
    advice: str
    # What was refused.
    title: str


class ProgrammeView(TypedDict):
    """The programme in force."""

    # Its id.
    id: str
    # The linkage key that packages must be made with.
    key_id: str
    # Its fingerprint, for comparison by telephone.
    service_fingerprint: str
    # The key that receipts verify under, 43 characters of base64url.
    service_key: str
    # SHA-256 of its text.
    sha256: str
    # Its text: TOML.
    text: str
    # Its version.
    version: int


class ProposalView(TypedDict):
    """A proposal that waits."""

    # Its number.
    id: int
    # The package that it came with.
    package: NotRequired[str | None]
    # Who made it.
    partner: str
    # When it came.
    proposed_at: str


# A purpose of the programme.
PurposeId: TypeAlias = str


class QualityPart(TypedDict):
    """What one partner handed over of one dataset. Counts are rounded to 5; `null` is hidden."""

    # Rows without an identifier.
    anonymous: Option
    # The dataset.
    dataset: str
    # Rows left out as repeated.
    duplicates: Option
    # Identifiers by kind.
    identifiers: dict[str, Any]
    # The partner.
    partner: str
    # Rows rejected, by reason.
    reasons: dict[str, Any]
    # Rows rejected.
    rejected: Option
    # Rows sent.
    sent: Option


class QualityReport(TypedDict):
    """The report."""

    # One part for each partner of each dataset, those that handed nothing over included.
    parts: list[QualityPart]
    # The snapshot.
    snapshot: int


class QuestionView(TypedDict):
    """A registered question."""

    # Who may ask: evaluators, or payers too.
    audience: str
    # What it may be broken down by.
    by: list[str]
    # Its definition, printed beside every answer.
    definition: TextView
    # What is asked for.
    id: str
    # Its number in the catalogue.
    number: str
    # What it may be narrowed to.
    populations: list[str]
    # Whether it is also answered by itself, quarter by quarter.
    standing: bool
    # Its title.
    title: TextView
    # What is counted: person, pair or case.
    unit: str


class Rate(TypedDict):
    """A rate in whole per cent, a band, or hidden. Exactly one of the keys is present."""

    at_least: NotRequired[int]
    at_most: NotRequired[int]
    hidden: NotRequired[bool]
    percent: NotRequired[int]


class Reason(TypedDict):
    """A reason as an answer carries it."""

    # Its code: stays the same over versions.
    code: str
    # Danish.
    da: str
    # English.
    en: str


class ReceiptView(TypedDict):
    """A receipt: the text that was signed, and the signature."""

    # JSON text; the signature is over these bytes, in the context `kobling/v1/receipt`.
    receipt: str
    # The service's signature, 86 characters of base64url.
    signature: str


class Receipts(TypedDict):
    """The receipts that a partner holds: all of them, or the latest."""

    # Receipts of uploads, withdrawals, consents, aliases and erasures.
    receipts: list[GivenReceipt]


# The partner's own name for a record.
RecordId: TypeAlias = str


class Release(TypedDict):
    """The steward's decision."""

    # The partners whose part is not `complete`, as they were seen: others by now are a conflict.
    incomplete: list[PartnerId]


class ReportView(TypedDict):
    """A standing report that was made."""

    # When it was made.
    made_at: str
    # The quarter.
    quarter: str
    # The question.
    question: str


class RestorationAnswer(TypedDict):
    """Null where the folder never came out of a backup."""

    restoration: NotRequired[RestorationView | None]


class RestorationView(TypedDict):
    """A restored folder."""

    # Whether nothing is answered from it yet.
    held: bool
    # When the backup was made: what came in between that and `restored_at` may be missing.
    made_at: Timestamp
    # Every partner's part for the steward, one's own for a partner.
    partners: list[PartView]
    released_at: NotRequired[Timestamp | None]
    # When it was restored.
    restored_at: Timestamp


class Rotated(TypedDict):
    """A new token."""

    # From when on it is no longer good.
    expires_at: str
    # Until when the tokens before it are good, those that do not end earlier.
    old_until: str
    # The token: shown this once.
    token: str


class Rotation(TypedDict):
    """How the new token is to be."""

    # Hours for which the token of this request, and the principal's others, stay good: 0 to 2160;
    # 24 where not given.
    overlap_hours: NotRequired[int | None]


class Row(TypedDict):
    """One cell of the table. Every hidden row is the same but for its key."""

    # Figures, aligned with [`Table::figures`]; none where a figure does not apply to the row.
    figures: list[Figure | None]
    # Codes, aligned with [`Table::columns`].
    key: list[str]
    # The snapshot of first release of the count. None for a hidden cell, where it would tell when
    # the set behind it changed, and for a structural zero.
    snapshot: NotRequired[int | None]


# The rows that a yes covers, by the day of the row's event.
RowWindow = TypedDict("RowWindow", {"from": NotRequired[Day | None], "to": NotRequired[Day | None]})


# A stretch of days, both included.
RowsView = TypedDict("RowsView", {"from": NotRequired[str | None], "to": NotRequired[str | None]})


class SealView(TypedDict):
    """What a seal did."""

    # Packages that went in.
    packages: int
    # Packages that newer ones replaced.
    replaced: int
    # Standing reports that became due and were made.
    reports: int
    # The snapshot that is in force now.
    snapshot: SnapshotView


class Shown(TypedDict):
    """A rounded count, or the one mark of every hidden cell. Exactly one of the two keys is
    present."""

    count: NotRequired[int]
    hidden: NotRequired[bool]


class SnapshotView(TypedDict):
    """A sealed snapshot."""

    # Day of the seal.
    day: str
    # Its number.
    id: int
    # When it was sealed.
    sealed_at: str


class StatementRequest(TypedDict):
    """What a statement is asked for."""

    # Whole quarters of enrolment: `2022-Q1..2022-Q4`.
    period: Period


class StatementView(TypedDict):
    """A statement of payment as it was signed."""

    # The service's Ed25519 signature, 86 characters of base64url.
    signature: str
    # JSON text; the signature is over these bytes, under the context `kobling/v1/payment-
    # statement`.
    statement: str


class StatusView(TypedDict):
    """A status that can be answered."""

    # What is answered.
    id: str
    # What it means for a worklist: `received`, `contacted`, `started`, `ended`, `not-reached`.
    means: str
    # Its title.
    title: TextView


class StrandView(TypedDict):
    """A page of one's own strand."""

    # At most 1,000 entries after the one asked from; canonical members, so that hashes can be
    # recomputed.
    entries: list[Any]
    # Its head.
    head: HeadView


# Days from the first to the last, both included.
Stretch = TypedDict("Stretch", {"from": Day, "to": NotRequired[Day | None]})


class Table(TypedDict):
    """A protected table. It is plain data; what may leave is `Released<Table>`."""

    # Coarser questions, by structure alone.
    coarser: list[Coarser]
    # Ids of the key columns.
    columns: list[str]
    # Heads of the figures, in the order in which every row has them. Count and families come first.
    figures: list[Head]
    # Persons who are in no row because consent forbids a source of the question; under the same
    # rules as a cell.
    left_out: Shown
    # The largest distance between a shown count and the true one in the snapshot asked: rounding,
    # and what R8 may hold. For families it is that of the row's own snapshot.
    max_error: int
    # The rules that may have worked on a table of this shape.
    reasons: list[Reason]
    response: NotRequired[Rate | None]
    # Rows in the order in which the programme declares their codes; never by size.
    rows: list[Row]
    # Profile and version of the rules.
    rules: str
    # The snapshot that was asked.
    snapshot: int
    totals: NotRequired[Totals | None]


class Text(TypedDict):
    """A text in both languages."""

    # Danish.
    da: str
    # English.
    en: str


class TextView(TypedDict):
    """A text in both languages."""

    # Danish.
    da: str
    # English.
    en: str


# An instant.
Timestamp: TypeAlias = str


class ToldAllView(TypedDict):
    """The answer to a look-up."""

    # One for each token, in the order in which they were sent.
    answers: list[ToldView]
    # The follow-up.
    followup: str


class ToldView(TypedDict):
    """What is told of one token."""

    # Last day of the permission that the asking partner itself has recorded; 2199-12-31 where it
    # has no end.
    consent_ends: NotRequired[str | None]
    # Status ids, in the programme's order. Empty for a token that is unknown, not referred,
    # referred too lately, or not permitted, and when there is nothing to tell.
    statuses: list[str]


class Totals(TypedDict):
    """Totals of a partition. They are made of shown values alone, so they tell nothing that the
    cells do not."""

    # Sum of the shown counts; hidden when no cell is shown.
    count: Shown
    # Sum of the shown families, so a family with members in several cells counts in each; hidden
    # when no cell is.
    families: Shown
    # How far the sum can lie from the true sum of the same cells: the largest error of a cell times
    # the cells.
    max_error: int
    # Always the same words: what the total is.
    note: str


class UnusualView(TypedDict):
    """A package to look at."""

    # When it was approved.
    approved_at: NotRequired[str | None]
    # When its last block arrived.
    at: str
    # Of which dataset.
    dataset: str
    # Its id.
    id: str
    # `refused`: nothing of it is kept; or `noted`: it was let in.
    outcome: str
    # Whose.
    partner: str
    # Of which quarters.
    period: str
    # Persons it is about, rounded to 5; `null` is hidden.
    persons: NotRequired[int | None]
    # `unusual-population`, `unusual-cumulative`, `few-persons` or `growth`.
    reason: str


class UseHeld(TypedDict):
    """A registered question, or a follow-up, that reads own datasets: whoever is in them, this
    person or others."""

    # The own datasets that it reads; none where it counts consents alone.
    datasets: list[DatasetId]
    # Its name.
    id: str
    # `question` or `follow-up`.
    kind: str
    # The purpose.
    purpose: PurposeId
    # What the purpose is.
    purpose_title: Text
    # Whom it is for.
    recipients: list[OrganisationId]
    # Its title.
    title: Text


class VolumeView(TypedDict):
    """How much a partner refers and looks up."""

    # Most of them before they are held.
    expected_in_30_days: int
    # The follow-up.
    followup: str
    # Referrals that are held, and count for nothing until they are approved.
    held: int
    # Most tokens a day.
    lookups_per_day: int
    # Tokens asked about today (UTC).
    lookups_today: int
    # Referrals that were new in the last 30 days.
    new_in_30_days: int
    # The partner.
    partner: str
    # Tokens of look-ups that were refused today.
    refused_today: int
