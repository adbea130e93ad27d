-- What 0.2.0 adds to the tables of 0.1.0 (schema.sql), one paragraph a family.

-- Who may come in: a principal no longer has exactly one token for good. It has tokens, each with a number and an end; several
-- while one takes over from another; none where a person signs in through an identity provider. Tokens of 0.1.0 have no
-- end until they are rotated. Only digests are kept.
ALTER TABLE principals RENAME TO principals_of_step_1;
CREATE TABLE principals (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL,
    organisation TEXT NOT NULL,
    added_at     INTEGER NOT NULL,
    revoked_at   INTEGER
) STRICT;
INSERT INTO principals (id, name, role, organisation, added_at, revoked_at)
    SELECT id, name, role, organisation, added_at, revoked_at FROM principals_of_step_1;
CREATE TABLE tokens (
    principal  TEXT NOT NULL REFERENCES principals (id),
    number     INTEGER NOT NULL CHECK (number > 0),
    sha256     BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    made_at    INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    PRIMARY KEY (principal, number)
) STRICT, WITHOUT ROWID;
INSERT INTO tokens (principal, number, sha256, made_at, revoked_at)
    SELECT id, 1, token_sha256, added_at, revoked_at FROM principals_of_step_1;
DROP TABLE principals_of_step_1;

-- Client certificates that a principal's tokens are bound to, by the SHA-256 of the certificate (RFC 8705, section 3.1). Its
-- tokens are good over a connection that presents one of them, and over no other.
CREATE TABLE client_certificates (
    principal TEXT NOT NULL REFERENCES principals (id),
    sha256    BLOB NOT NULL CHECK (length(sha256) = 32),
    bound_at  INTEGER NOT NULL,
    PRIMARY KEY (principal, sha256)
) STRICT, WITHOUT ROWID;

-- People who sign in through an identity provider: which principal each is, by the provider and its own name for the person
-- (OpenID Connect Core 1.0, section 5.7: the pair of issuer and subject alone tells people apart).
CREATE TABLE identities (
    issuer       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    principal    TEXT NOT NULL UNIQUE REFERENCES principals (id),
    signed_in_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
