-- The service's tables, one paragraph a family. Times are milliseconds since 1970 (UTC); digests and links are raw bytes.

-- What holds for the folder as a whole.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE programmes (
    sha256     BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    text       TEXT NOT NULL,
    key_id     TEXT NOT NULL,
    adopted_at INTEGER NOT NULL
) STRICT;

-- Who may come in. Only the digest of a bearer token is kept.
CREATE TABLE principals (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL,
    organisation TEXT NOT NULL,
    token_sha256 BLOB NOT NULL UNIQUE CHECK (length(token_sha256) = 32),
    added_at     INTEGER NOT NULL,
    revoked_at   INTEGER
) STRICT;

CREATE TABLE signing_keys (
    partner     TEXT NOT NULL,
    public_key  TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    enrolled_at INTEGER NOT NULL,
    revoked_at  INTEGER,
    PRIMARY KEY (partner, public_key)
) STRICT, WITHOUT ROWID;

-- Uploads; a complete one is a package. Its rows lie in `staged/ID`.
CREATE TABLE uploads (
    id                 TEXT PRIMARY KEY,
    partner            TEXT NOT NULL,
    dataset            TEXT NOT NULL,
    period             TEXT NOT NULL,
    bytes              INTEGER NOT NULL,
    rows               INTEGER NOT NULL,
    manifest           BLOB NOT NULL,
    manifest_sha256    BLOB NOT NULL CHECK (length(manifest_sha256) = 32),
    signature          TEXT NOT NULL,
    fingerprint        TEXT NOT NULL,
    opened_at          INTEGER NOT NULL,
    touched_at         INTEGER NOT NULL,
    state              TEXT NOT NULL CHECK (state IN ('open', 'complete', 'recorded', 'replaced', 'withdrawn', 'aborted', 'expired', 'refused')),
    completed_at       INTEGER,
    completed_sequence INTEGER UNIQUE,
    receipt            TEXT,
    withdrawal         TEXT,
    -- Rows staged once complete, and how often the staged file was written anew because rows were erased.
    stored             INTEGER,
    generation         INTEGER NOT NULL DEFAULT 0,
    -- Different persons of the package, and those that no package of the partner and dataset told of before it; what is
    -- unusual about it; when the steward let in one that was refused.
    persons            INTEGER,
    brought            INTEGER,
    remark             TEXT,
    approved_at        INTEGER,
    CHECK ((state IN ('complete', 'recorded', 'replaced', 'withdrawn')) = (receipt IS NOT NULL)),
    CHECK ((receipt IS NOT NULL) = (stored IS NOT NULL)),
    CHECK ((state = 'withdrawn') = (withdrawal IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX uploads_same ON uploads (partner, manifest_sha256) WHERE state IN ('open', 'complete', 'recorded', 'replaced');
CREATE INDEX uploads_partner ON uploads (partner, state);

-- Consent events as they were recorded, each under its partner's own name for it, and under numbers that are never used again;
-- the receipt of each batch.
CREATE TABLE consent_events (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    source       TEXT NOT NULL,
    link         BLOB NOT NULL CHECK (length(link) = 16),
    record       TEXT NOT NULL,
    event_sha256 BLOB NOT NULL CHECK (length(event_sha256) = 32),
    event        TEXT NOT NULL,
    recorded_at  INTEGER NOT NULL,
    UNIQUE (source, record)
) STRICT;
CREATE INDEX consent_events_person ON consent_events (source, link);

CREATE TABLE consent_batches (
    partner TEXT NOT NULL,
    sha256  BLOB NOT NULL CHECK (length(sha256) = 32),
    receipt TEXT NOT NULL,
    PRIMARY KEY (partner, sha256)
) STRICT, WITHOUT ROWID;

-- Persons.
CREATE TABLE spine (
    link   BLOB PRIMARY KEY CHECK (length(link) = 16),
    number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 4294967294)
) STRICT, WITHOUT ROWID;

CREATE TABLE aliases (
    id          INTEGER PRIMARY KEY,
    partner     TEXT NOT NULL,
    first       BLOB NOT NULL CHECK (length(first) = 16),
    second      BLOB NOT NULL CHECK (length(second) = 16),
    proposed_at INTEGER NOT NULL,
    approved_at INTEGER,
    -- The upload that it came with; none for one that came alone.
    package     TEXT,
    CHECK (first < second),
    UNIQUE (partner, first, second)
) STRICT;
CREATE INDEX aliases_package ON aliases (package);
CREATE INDEX aliases_first ON aliases (first);
CREATE INDEX aliases_second ON aliases (second);

-- Erasures: opened by a no, because a permission ended, or because an alias joined it with a no, and done when no row of theirs is left. `since` and `keep` are days
-- since 1970. An order says which rows of a link at the source may stay; the links that the partner itself named are `named`.
CREATE TABLE erasures (
    id          TEXT PRIMARY KEY CHECK (length(id) = 32),
    source      TEXT NOT NULL,
    cause       TEXT NOT NULL CHECK (cause IN ('denied', 'ended', 'joined')),
    since       INTEGER NOT NULL,
    opened_at   INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('opened', 'decided', 'staged', 'done')),
    -- The last snapshot that may hold rows of it: later ones are sealed from packages without.
    until       INTEGER,
    packages    INTEGER NOT NULL DEFAULT 0,
    rows        INTEGER NOT NULL DEFAULT 0,
    done_at     INTEGER,
    receipt     TEXT,
    CHECK ((state = 'done' AND cause <> 'joined') = (receipt IS NOT NULL)),
    CHECK ((state = 'done') = (done_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX erasures_state ON erasures (state);

CREATE TABLE erasure_links (
    erasure TEXT NOT NULL REFERENCES erasures (id),
    link    BLOB NOT NULL CHECK (length(link) = 16),
    PRIMARY KEY (erasure, link)
) STRICT, WITHOUT ROWID;

CREATE TABLE erasure_orders (
    erasure   TEXT NOT NULL REFERENCES erasures (id),
    dataset   TEXT NOT NULL,
    link      BLOB NOT NULL CHECK (length(link) = 16),
    named     INTEGER NOT NULL,
    keep      TEXT NOT NULL,
    denied_at INTEGER,
    given_by  TEXT,
    PRIMARY KEY (erasure, dataset, link)
) STRICT, WITHOUT ROWID;

-- What is left of a no: no older yes comes back.
CREATE TABLE tombstones (
    source    TEXT NOT NULL,
    link      BLOB NOT NULL CHECK (length(link) = 16),
    dataset   TEXT NOT NULL,
    denied_at INTEGER NOT NULL,
    given_by  TEXT NOT NULL,
    erased_at INTEGER NOT NULL,
    PRIMARY KEY (source, link, dataset)
) STRICT, WITHOUT ROWID;

-- Follow-up: a person that a partner has referred (by person number), since which seal, and whether it waits for the
-- steward; how many were new at each seal; what was looked up, and how much of a day's look-ups is spent. No answer.
CREATE TABLE referrals (
    followup        TEXT NOT NULL,
    source          TEXT NOT NULL,
    number          INTEGER NOT NULL CHECK (number BETWEEN 1 AND 4294967294),
    first_day       INTEGER NOT NULL,
    first_sealed_at INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('counts', 'held')),
    PRIMARY KEY (followup, source, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE referral_volumes (
    followup    TEXT NOT NULL,
    source      TEXT NOT NULL,
    sealed_at   INTEGER NOT NULL,
    new         INTEGER NOT NULL,
    approved_at INTEGER,
    PRIMARY KEY (followup, source, sealed_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE lookups (
    number   INTEGER PRIMARY KEY,
    source   TEXT NOT NULL,
    link     BLOB NOT NULL CHECK (length(link) = 16),
    at       INTEGER NOT NULL,
    followup TEXT NOT NULL,
    label    TEXT NOT NULL
) STRICT;
CREATE INDEX lookups_link ON lookups (link, source);
CREATE INDEX lookups_at ON lookups (at);

CREATE TABLE lookup_quota (
    followup TEXT NOT NULL,
    source   TEXT NOT NULL,
    day      INTEGER NOT NULL,
    spent    INTEGER NOT NULL,
    refused  INTEGER NOT NULL,
    PRIMARY KEY (followup, source, day)
) STRICT, WITHOUT ROWID;

-- What was sealed.
CREATE TABLE snapshots (
    id        INTEGER PRIMARY KEY,
    day       INTEGER NOT NULL,
    sealed_at INTEGER NOT NULL,
    folder    TEXT NOT NULL UNIQUE,
    manifest  TEXT NOT NULL
) STRICT;

-- What was shown. A line enters a set, of so many persons, or is tied to an earlier one. The sketch is what finds a set among
-- others without reading it; sets lie apart, so that lines are read without them.
CREATE TABLE ledger (
    seq          INTEGER PRIMARY KEY,
    question_key TEXT NOT NULL,
    cell_key     TEXT NOT NULL,
    measure      TEXT NOT NULL,
    snapshot     INTEGER NOT NULL REFERENCES snapshots (id),
    persons      INTEGER,
    sketch       BLOB,
    tied_to      INTEGER REFERENCES ledger (seq),
    exact        INTEGER CHECK (exact IN (0, 1)),
    figures      TEXT,
    -- Hidden to cover others, whatever the set would show.
    covered      INTEGER NOT NULL CHECK (covered IN (0, 1)),
    CHECK ((persons IS NULL) <> (tied_to IS NULL)),
    CHECK ((persons IS NULL) = (sketch IS NULL)),
    CHECK ((exact IS NULL) = (tied_to IS NULL))
) STRICT;

CREATE TABLE ledger_sets (
    seq          INTEGER PRIMARY KEY REFERENCES ledger (seq),
    contributors BLOB NOT NULL
) STRICT;

-- Counts of rows in the quality report: what is shown, for good or until the true number has moved far from `rows`, the
-- one that it was made of.
CREATE TABLE quality_rows (
    partner TEXT NOT NULL,
    dataset TEXT NOT NULL,
    figure  TEXT NOT NULL,
    rows    INTEGER NOT NULL,
    shown   INTEGER,
    PRIMARY KEY (partner, dataset, figure)
) STRICT, WITHOUT ROWID;

-- Questions that were answered, with their recipient: whatever was in the answer, and whether anything was.
CREATE TABLE answered (
    question_key TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE answers (
    question_sha256 BLOB NOT NULL CHECK (length(question_sha256) = 32),
    basis_sha256    BLOB NOT NULL CHECK (length(basis_sha256) = 32),
    answered_at     INTEGER NOT NULL,
    body            TEXT NOT NULL,
    PRIMARY KEY (question_sha256, basis_sha256)
) STRICT, WITHOUT ROWID;

-- The steward's log: what was given to whom. A line without a digest is of a
-- list, or of an answer that was not handed out.
CREATE TABLE answer_log (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    organisation TEXT NOT NULL,
    principal    TEXT NOT NULL,
    recipient    TEXT NOT NULL,
    given        TEXT NOT NULL,
    question     TEXT,
    dimensions   TEXT NOT NULL,
    population   TEXT,
    period       TEXT,
    snapshot     INTEGER REFERENCES snapshots (id),
    rules        TEXT,
    shown        INTEGER,
    hidden       INTEGER,
    sha256       BLOB CHECK (length(sha256) = 32),
    again        INTEGER NOT NULL DEFAULT 0,
    CHECK ((shown IS NULL) = (hidden IS NULL))
) STRICT;

CREATE INDEX answer_log_texts ON answer_log (sha256);

-- Made once, and served again as they were.
CREATE TABLE statements (
    question     TEXT NOT NULL,
    first_day    INTEGER NOT NULL,
    last_day     INTEGER NOT NULL,
    payer        TEXT NOT NULL,
    made_at      INTEGER NOT NULL,
    body         TEXT NOT NULL,
    signature    TEXT NOT NULL,
    PRIMARY KEY (question, first_day, last_day)
) STRICT, WITHOUT ROWID;

CREATE TABLE reports (
    question     TEXT NOT NULL,
    quarter      TEXT NOT NULL,
    recipient    TEXT NOT NULL,
    made_at      INTEGER NOT NULL,
    body         TEXT NOT NULL,
    PRIMARY KEY (question, quarter, recipient)
) STRICT, WITHOUT ROWID;

-- The audit chain, and the heads it is held against.
CREATE TABLE audit (
    sequence    INTEGER PRIMARY KEY,
    strand      TEXT NOT NULL,
    position    INTEGER NOT NULL,
    entry       TEXT NOT NULL,
    strand_hash BLOB NOT NULL CHECK (length(strand_hash) = 32),
    chain_hash  BLOB NOT NULL CHECK (length(chain_hash) = 32),
    UNIQUE (strand, position)
) STRICT;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit chain is append-only'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit chain is append-only'); END;

CREATE TABLE audit_heads (
    strand   TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    hash     BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_chain (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL,
    hash     BLOB NOT NULL CHECK (length(hash) = 32),
    last_at  INTEGER NOT NULL
) STRICT;
