// Finds a package among what was dropped or chosen: a folder, its three files, or a zip of them, stored as they are.
// Nothing is sent from here. What is wrong is thrown as { word, with }: a word of the page's list, and what fills it.
"use strict";

const KoblingPackage = (() => {
  const FILES = ["datapackage.json", "datapackage.json.sig", "data.csv"];
  const MANIFEST_LIMIT = 8 << 20;
  const MOST_FILES = 1000;
  const wrong = (word, fill) => ({ word, fill: fill || {} });
  const baseName = (path) => path.slice(path.lastIndexOf("/") + 1);

  // The files of a dropped folder, however deep.
  const walk = async (entry, found) => {
    if (found.length > MOST_FILES) {
      throw wrong("several");
    }
    if (entry.isFile) {
      found.push(await new Promise((done, failed) => entry.file(done, failed)));
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      // A reader gives its entries in portions, and an empty one at the end.
      const some = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (some.length === 0) {
        return;
      }
      for (const one of some) {
        await walk(one, found);
      }
    }
  };

  // The files of a drop. What the browser holds of it is gone after the event: entries are taken at once.
  const dropped = (transfer) => {
    const items = [...transfer.items].filter((item) => item.kind === "file");
    const entries = items.map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
    const files = [...transfer.files];
    return (async () => {
      if (!entries.some((entry) => entry && entry.isDirectory)) {
        return files;
      }
      const found = [];
      for (const entry of entries) {
        if (entry) {
          await walk(entry, found);
        }
      }
      return found;
    })();
  };

  // The three files by name, or what is missing.
  const three = (named) => {
    const found = new Map();
    for (const [name, blob] of named) {
      if (!FILES.includes(name)) {
        continue;
      }
      if (found.has(name)) {
        throw wrong("several");
      }
      found.set(name, blob);
    }
    const missing = FILES.filter((name) => !found.has(name));
    if (missing.length > 0) {
      throw wrong("missing", { files: missing.join(", ") });
    }
    const [manifest, signature, data] = FILES.map((name) => found.get(name));
    return { manifest, signature, data };
  };

  const view = async (blob) => new DataView(await blob.arrayBuffer());

  // The files of a zip whose entries are stored, not compressed (APPNOTE.TXT, 4.3). What its two lists of entries say
  // has to agree; what they cannot say (compressed, locked, beyond 4 GB) is unpacked by hand.
  const unzip = async (file) => {
    const tailAt = Math.max(0, file.size - 65557);
    const tail = await view(file.slice(tailAt));
    let end = tail.byteLength - 22;
    while (end >= 0 && tail.getUint32(end, true) !== 0x06054b50) {
      end -= 1;
    }
    if (end < 0) {
      throw wrong("zip");
    }
    const count = tail.getUint16(end + 10, true);
    const size = tail.getUint32(end + 12, true);
    const start = tail.getUint32(end + 16, true);
    if (count > 16 || size > 65536 || start + size > tailAt + end) {
      throw wrong("zip");
    }
    const list = await view(file.slice(start, start + size));
    const text = (of, at, length) =>
      new TextDecoder().decode(new Uint8Array(of.buffer, of.byteOffset + at, length));
    const named = [];
    let at = 0;
    for (let n = 0; n < count; n += 1) {
      if (at + 46 > size || list.getUint32(at, true) !== 0x02014b50) {
        throw wrong("zip");
      }
      const flags = list.getUint16(at + 8, true);
      const method = list.getUint16(at + 10, true);
      const packed = list.getUint32(at + 20, true);
      const plain = list.getUint32(at + 24, true);
      const nameLength = list.getUint16(at + 28, true);
      const more = list.getUint16(at + 30, true) + list.getUint16(at + 32, true);
      const local = list.getUint32(at + 42, true);
      if (at + 46 + nameLength > size) {
        throw wrong("zip");
      }
      const name = text(list, at + 46, nameLength);
      at += 46 + nameLength + more;
      if (name.endsWith("/")) {
        continue;
      }
      const head = await view(file.slice(local, local + 30 + nameLength));
      const begins = head.byteLength === 30 + nameLength && head.getUint32(0, true) === 0x04034b50;
      if (!begins || (flags & 1) !== 0 || method !== 0 || packed !== plain || packed === 0xffffffff) {
        throw wrong("zip");
      }
      const from = local + 30 + nameLength + head.getUint16(28, true);
      const same = head.getUint16(26, true) === nameLength && text(head, 30, nameLength) === name;
      if (!same || from + plain > start) {
        throw wrong("zip");
      }
      named.push([baseName(name), file.slice(from, from + plain)]);
    }
    return named;
  };

  // A package from files: what is to be sent, and what the page says of it.
  const read = async (files, mine) => {
    const zipped = files.length === 1 && files[0].name.toLowerCase().endsWith(".zip");
    const named = zipped ? await unzip(files[0]) : files.map((file) => [baseName(file.name), file]);
    const { manifest, signature, data } = three(named);
    if (manifest.size > MANIFEST_LIMIT) {
      throw wrong("form");
    }
    const text = await manifest.text();
    let said;
    try {
      said = JSON.parse(text);
    } catch {
      throw wrong("form");
    }
    const resource = said && Array.isArray(said.resources) ? said.resources[0] : null;
    const head = said && said.kobling;
    const whole = resource && Number.isSafeInteger(resource.bytes) && Array.isArray(resource.blocks);
    if (!whole || !head || typeof head.partner !== "string" || !head.rows) {
      throw wrong("form");
    }
    if (head.programme !== mine.programme) {
      throw wrong("programme", { found: String(head.programme), mine: mine.programme });
    }
    if (head.partner !== mine.partner) {
      throw wrong("partner", { found: head.partner, mine: mine.partner });
    }
    const signed = signature.size < 1024 ? (await signature.text()).trim() : "";
    if (!/^[A-Za-z0-9_-]{86}$/.test(signed)) {
      throw wrong("signature");
    }
    if (data.size !== resource.bytes) {
      throw wrong("length", { found: data.size, stated: resource.bytes });
    }
    // Where blocks end: a piece that is sent ends with one.
    const ends = [];
    resource.blocks.reduce((sum, block) => {
      ends.push(sum + Number(block.bytes));
      return sum + Number(block.bytes);
    }, 0);
    return { text, signature: signed, data, head, ends, created: String(said.created || "") };
  };

  return { dropped, read };
})();
