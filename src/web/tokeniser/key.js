"use strict";
// Keys: read from their files, turned at once into keys of the browser that cannot be taken out of it again, and named
// so that two people can compare them. The files have the form of docs/PROTOCOL.md; the words are those of `kobling`.

const KINDS = ["linkage-key", "signing-key", "service-key", "linkage-key-share"];
const LINKAGE = 0, SIGNING = 1;
const MOST = 16 << 10;
// An Ed25519 seed as PKCS #8 (RFC 8410).
const SEED_HEAD = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

const ascii = text => new TextEncoder().encode(text);
const hex = bytes => [...new Uint8Array(bytes)].map(byte => byte.toString(16).padStart(2, "0")).join("");
const toBase64url = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

class KeyTrouble extends Error {
  constructor(said) { super("key"); this.said = said; }
}

function fromBase64url(text) {
  if (!/^[A-Za-z0-9_-]{43}$/.test(text)) return null;
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/") + "="), sign => sign.charCodeAt(0));
  return toBase64url(bytes) === text ? bytes : null;
}

async function checksum(prefix, secret) {
  const framed = new Uint8Array([...ascii(prefix), 0, ...secret]);
  const digest = hex(await crypto.subtle.digest("SHA-256", framed)).slice(0, 8);
  framed.fill(0);
  return digest;
}

/// The secret and the comments of a key file. `texts` are the module's, `where` names the file.
async function readKey(bytes, wanted, exercise, where, texts) {
  const fail = said => { throw new KeyTrouble(filled(said, { file: where })); };
  if (bytes.length > MOST) fail(texts.absent[wanted]);
  const comments = {};
  let line = null;
  for (const one of new TextDecoder().decode(bytes).split("\n").map(text => text.trim()).filter(Boolean)) {
    const comment = one.match(/^#([^:]*):(.*)$/);
    if (comment) comments[comment[1].trim()] ??= comment[2].trim();
    else if (one.startsWith("#")) continue;
    else if (line !== null) fail(texts.damaged);
    else line = one;
  }
  const [prefix, encoded, sum, ...rest] = (line ?? "").split(":");
  const found = prefix.match(/^kobling-(example-)?(.*)-1$/);
  const kind = found ? KINDS.indexOf(found[2]) : -1;
  if (kind < 0) fail(texts.absent[wanted]);
  if (kind !== wanted) fail(texts.otherKind[wanted][kind]);
  const secret = fromBase64url(encoded ?? "");
  if (!secret || rest.length || await checksum(prefix, secret) !== sum) {
    if (secret) secret.fill(0);
    fail(texts.damaged);
  }
  if (found[1] && !exercise) {
    secret.fill(0);
    fail({
      da: "{file}: dette er en offentliggjort eksempelnøgle, som ikke beskytter nogen; sæt kryds ved »Dette er en øvelse«, hvis det er en, og åbn filen igen",
      en: "{file}: this is a published example key and protects nobody; tick “This is an exercise” if it is one, and open the file again",
    });
  }
  return { secret, comments };
}

/// The linkage key as the browser keeps it: its id, and the key of each scope.
async function linkageKey(bytes, exercise, where, programme, scopes, texts) {
  const { secret, comments } = await readKey(bytes, LINKAGE, exercise, where, texts);
  const fail = (said, values) => { throw new KeyTrouble(filled(said, { file: where, ...values })); };
  let base;
  try {
    if ((comments.programme ?? programme.id) !== programme.id) fail(texts.otherProgramme, { found: comments.programme, wanted: programme.id });
    base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits", "deriveKey"]);
  } finally {
    secret.fill(0);
  }
  const from = info => ({ name: "HKDF", hash: "SHA-256", salt: ascii(programme.id), info: ascii(info) });
  const id = hex(await crypto.subtle.deriveBits(from("kobling/v1/key-id"), base, 64));
  if ((comments["key id"] ?? id) !== id) fail(texts.contradiction["key id"]);
  if ((programme.keyId ?? id) !== id) {
    fail({
      da: "{file}: dette er nøgle {found}, og programmet venter {wanted}: bed nøgleforvalteren om den",
      en: "{file}: this is key {found}, the programme expects {wanted}: ask the custodian for that key",
    }, { found: id, wanted: programme.keyId });
  }
  const keys = {};
  for (const scope of scopes) {
    keys[scope] = await crypto.subtle.deriveKey(from("kobling/v1/token/" + scope), base, { name: "HMAC", hash: "SHA-256", length: 256 }, false, ["sign"]);
  }
  return { id, keys };
}

/// The private key of a seed, which is wiped, and what is public of it.
async function ofSeed(seed, texts) {
  const pkcs8 = new Uint8Array([...SEED_HEAD, ...seed]);
  try {
    const open = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
    const { x } = await crypto.subtle.exportKey("jwk", open);
    const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", fromBase64url(x))).slice(0, 10);
    return {
      key,
      public: x,
      fingerprint: hex(digest).match(/.{4}/g).join("-"),
      words: [...digest].map(byte => texts.words[byte]).join(" "),
    };
  } finally {
    pkcs8.fill(0);
    seed.fill(0);
  }
}

/// The signing key of a file.
async function signingKey(bytes, exercise, where, texts) {
  const { secret, comments } = await readKey(bytes, SIGNING, exercise, where, texts);
  const made = await ofSeed(secret, texts);
  if ((comments.fingerprint ?? made.fingerprint) !== made.fingerprint) {
    throw new KeyTrouble(filled(texts.contradiction.fingerprint, { file: where }));
  }
  return made;
}

/// A new signing key, and its file as `kobling signing-key new` writes it.
async function newSigningKey(owner, now, texts) {
  const seed = crypto.getRandomValues(new Uint8Array(32));
  const line = ["kobling-signing-key-1", toBase64url(seed), await checksum("kobling-signing-key-1", seed)].join(":");
  const made = await ofSeed(seed, texts);
  const file = [
    "# Kobling: signing key; the service knows its public half",
    "# owner: " + owner,
    "# created: " + now.toISOString(),
    "# public: " + made.public,
    "# fingerprint: " + made.fingerprint,
    line, "",
  ].join("\n");
  return { ...made, file: new Blob([file], { type: "text/plain" }) };
}

/// A message with its places filled, in both languages.
function filled(said, values) {
  const fill = text => text.replace(/\{(file|found|wanted)\}/g, (whole, name) => values[name] ?? whole);
  return { da: fill(said.da), en: fill(said.en) };
}
