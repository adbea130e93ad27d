"use strict";
// Tokens of what the module gathered: HMAC-SHA-256 by the browser, under keys that cannot be taken out of it.

const TOKEN = 32;
// Tokens that are in the making at a time.
const AT_A_TIME = 4096;

/// The tokens in the order of `wanted`: number of the kind, length, identifier. `keys` are by number of the kind.
async function makeTokens(wanted, count, keys, progress) {
  const tokens = new Uint8Array(count * TOKEN);
  let at = 0, place = 0;
  while (at < wanted.length) {
    const first = place, batch = [];
    while (at < wanted.length && batch.length < AT_A_TIME) {
      const key = keys[wanted[at]], end = at + 2 + wanted[at + 1];
      batch.push(crypto.subtle.sign("HMAC", key, wanted.subarray(at + 2, end)));
      at = end;
      place++;
    }
    const made = await Promise.all(batch);
    made.forEach((mac, n) => tokens.set(new Uint8Array(mac), (first + n) * TOKEN));
    progress(place, count);
  }
  return tokens;
}
