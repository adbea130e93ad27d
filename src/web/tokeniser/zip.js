"use strict";
// One archive of a package's folder, its files stored as they are.

const CRC = new Uint32Array(256).map((_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
// Largest archive without the long form of the format.
const LARGEST = 0xf0000000;

async function checksum(blob) {
  let crc = 0xffffffff;
  for (let at = 0; at < blob.size; at += 4 << 20) {
    for (const byte of new Uint8Array(await blob.slice(at, at + (4 << 20)).arrayBuffer())) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/// An archive of `[name, blob]`; `null` where it would be too large.
async function zip(files, now) {
  const date = ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate();
  const time = (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1);
  const parts = [], directory = [];
  let offset = 0, length = 0;
  for (const [name, blob] of files) {
    const text = new TextEncoder().encode(name), crc = await checksum(blob);
    // Needed version 2.0, names in UTF-8, stored.
    const common = [[20, 2], [0x800, 2], [0, 2], [time, 2], [date, 2], [crc, 4], [blob.size, 4], [blob.size, 4], [text.length, 2], [0, 2]];
    const head = numbers([[0x04034b50, 4], ...common]);
    // Files for their owner alone, where the system knows of that.
    directory.push(numbers([[0x02014b50, 4], [0x0314, 2], ...common, [0, 2], [0, 2], [0, 2], [0o100600 * 65536, 4], [offset, 4]]), text);
    length += 46 + text.length;
    parts.push(head, text, blob);
    offset += head.length + text.length + blob.size;
  }
  if (offset > LARGEST) return null;
  const end = numbers([[0x06054b50, 4], [0, 2], [0, 2], [files.length, 2], [files.length, 2], [length, 4], [offset, 4], [0, 2]]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

function numbers(list) {
  const bytes = new Uint8Array(list.reduce((sum, [, size]) => sum + size, 0)), view = new DataView(bytes.buffer);
  let at = 0;
  for (const [value, size] of list) {
    if (size === 2) view.setUint16(at, value, true); else view.setUint32(at, value >>> 0, true);
    at += size;
  }
  return bytes;
}
