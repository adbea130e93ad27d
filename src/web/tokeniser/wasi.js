"use strict";
// A folder that is memory, for the module: the part of WASI (preview 1) that it imports, and nothing besides. The
// extract is read by slices, so that it never lies in memory whole. What the module prints goes nowhere.

const OK = 0, EBADF = 8, EEXIST = 20, EINVAL = 28, ENOENT = 44, ENOSYS = 52, ENOTEMPTY = 55;
const DIRECTORY = 3, REGULAR = 4, CHARACTER = 2;
// Bytes read ahead of a file, and bytes of the package's rows that are put away as one blob.
const AHEAD = 1 << 20, PUT_AWAY = 1 << 20;

class Exit extends Error {
  constructor(status) { super("exit"); this.status = status; }
}

/// A file that was dropped on the page: read where it is asked for.
class Slices {
  constructor(file, read) { this.file = file; this.size = file.size; this.read = read; this.start = 0; this.ahead = new Uint8Array(0); }
  get(from, to) {
    const end = this.start + this.ahead.length;
    if (from < this.start || from >= end) {
      this.ahead.fill(0);
      this.ahead = new Uint8Array(this.read(this.file.slice(from, Math.min(from + AHEAD, this.size))));
      this.start = from;
    }
    return this.ahead.subarray(from - this.start, Math.min(to - this.start, this.ahead.length));
  }
  wipe() { this.ahead.fill(0); }
}

/// Bytes in memory.
class Bytes {
  constructor(bytes) { this.bytes = bytes; this.size = bytes.length; }
  get(from, to) { return this.bytes.subarray(from, Math.min(to, this.size)); }
  wipe() { this.bytes.fill(0); }
}

/// A file that the module writes, from its beginning to its end. Only what leaves the house anyway is put away, where a browser may
/// keep it on disk; everything else stays in memory that can be overwritten.
class Written {
  constructor(path) { this.leaves = path.endsWith("/data.csv"); this.parts = []; this.waiting = []; this.held = 0; this.size = 0; }
  add(bytes) {
    this.waiting.push(bytes.slice());
    this.held += bytes.length;
    this.size += bytes.length;
    if (this.leaves && this.held > PUT_AWAY) this.putAway();
  }
  putAway() {
    this.parts.push(new Blob(this.waiting));
    this.wipe();
  }
  /// All of it as one blob.
  blob() { this.putAway(); return new Blob(this.parts); }
  /// All of it as bytes: of files that are never put away.
  bytes() {
    if (this.parts.length) throw new Error("put away");
    const all = new Uint8Array(this.size);
    let at = 0;
    for (const one of this.waiting) { all.set(one, at); at += one.length; }
    this.wipe();
    return all;
  }
  wipe() { this.waiting.forEach(one => one.fill(0)); this.waiting = []; this.held = 0; }
}

/// One run of the module over a map of files by path. A folder is a path with nothing behind it.
class Run {
  constructor(files, command, progress) {
    this.files = files;
    this.command = command;
    this.progress = progress;
    this.open = new Map([[3, { path: "", kind: DIRECTORY }]]);
    this.next = 4;
    this.imports = { wasi_snapshot_preview1: {} };
    for (const name of CALLS) this.imports.wasi_snapshot_preview1[name] = (...given) => this[name](...given);
  }

  /// Runs the command to its end; its memory is overwritten behind it.
  start(module) {
    const instance = new WebAssembly.Instance(module, this.imports);
    this.memory = instance.exports.memory;
    try {
      instance.exports._start();
      return 0;
    } catch (error) {
      if (error instanceof Exit) return error.status;
      throw error;
    } finally {
      new Uint8Array(this.memory.buffer).fill(0);
      for (const file of this.files.values()) if (file instanceof Slices) file.wipe();
    }
  }

  get view() { return new DataView(this.memory.buffer); }
  at(pointer, length) { return new Uint8Array(this.memory.buffer, pointer, length); }
  path(pointer, length) {
    const text = new TextDecoder().decode(this.at(pointer, length));
    return text.split("/").filter(part => part && part !== ".").join("/");
  }
  u32(pointer, value) { this.view.setUint32(pointer, value, true); return OK; }
  /// Buffers of a read or a write.
  * vectors(pointer, count) {
    for (let n = 0; n < count; n++) {
      const view = this.view;
      yield this.at(view.getUint32(pointer + 8 * n, true), view.getUint32(pointer + 8 * n + 4, true));
    }
  }
  isFolder(path) {
    return path === "" || this.files.get(path) === null || [...this.files.keys()].some(other => other.startsWith(path + "/"));
  }
  stat(pointer, kind, size) {
    this.at(pointer, 64).fill(0);
    this.view.setUint8(pointer + 16, kind);
    this.view.setBigUint64(pointer + 24, 1n, true);
    this.view.setBigUint64(pointer + 32, BigInt(size), true);
    return OK;
  }

  args_sizes_get(count, size) { this.u32(count, 2); return this.u32(size, 10 + this.command.length + 1); }
  args_get(list, text) {
    this.u32(list, text);
    this.u32(list + 4, text + 10);
    const bytes = new TextEncoder().encode("tokeniser\0" + this.command + "\0");
    this.at(text, bytes.length).set(bytes);
    return OK;
  }
  environ_sizes_get(count, size) { this.u32(count, 0); return this.u32(size, 0); }
  environ_get() { return OK; }
  clock_time_get(_clock, _precision, out) {
    this.view.setBigUint64(out, BigInt(Date.now()) * 1000000n, true);
    return OK;
  }
  random_get(pointer, length) {
    for (let at = 0; at < length; at += 65536) crypto.getRandomValues(this.at(pointer + at, Math.min(65536, length - at)));
    return OK;
  }
  proc_exit(status) { throw new Exit(status); }

  fd_prestat_get(fd, out) {
    if (fd !== 3) return EBADF;
    this.u32(out, 0);
    return this.u32(out + 4, 1);
  }
  fd_prestat_dir_name(fd, pointer) {
    if (fd !== 3) return EBADF;
    this.at(pointer, 1)[0] = 47;
    return OK;
  }
  fd_fdstat_get(fd, out) {
    const open = this.open.get(fd);
    if (!open && fd > 2) return EBADF;
    this.at(out, 24).fill(0);
    this.view.setUint8(out, open ? open.kind : CHARACTER);
    this.view.setBigUint64(out + 8, ~0n & 0x1fffffffn, true);
    this.view.setBigUint64(out + 16, ~0n & 0x1fffffffn, true);
    return OK;
  }
  fd_filestat_get(fd, out) {
    const open = this.open.get(fd);
    if (!open) return EBADF;
    return this.stat(out, open.kind, open.file ? open.file.size : 0);
  }
  path_filestat_get(_fd, _flags, pointer, length, out) {
    const path = this.path(pointer, length);
    const file = this.files.get(path);
    if (file) return this.stat(out, REGULAR, file.size);
    return this.isFolder(path) ? this.stat(out, DIRECTORY, 0) : ENOENT;
  }
  path_open(_fd, _dirflags, pointer, length, flags, _base, _inheriting, _fdflags, out) {
    const path = this.path(pointer, length);
    const [create, directory, exclusive, truncate] = [1, 2, 4, 8].map(bit => (flags & bit) !== 0);
    let file = this.files.get(path);
    if (file && exclusive) return EEXIST;
    if (!file && (directory || this.isFolder(path))) {
      if (!this.isFolder(path)) return ENOENT;
      this.open.set(this.next, { path, kind: DIRECTORY });
      return this.u32(out, this.next++);
    }
    if (!file && !create) return ENOENT;
    if (!file || truncate) {
      file = new Written(path);
      this.files.set(path, file);
    }
    this.open.set(this.next, { path, kind: REGULAR, file, at: 0 });
    return this.u32(out, this.next++);
  }
  fd_close(fd) { return this.open.delete(fd) || fd <= 2 ? OK : EBADF; }
  fd_read(fd, pointer, count, out) {
    if (fd === 0) return this.u32(out, 0);
    const open = this.open.get(fd);
    if (!open || !open.file || !open.file.get) return EBADF;
    let read = 0;
    for (const room of this.vectors(pointer, count)) {
      let filled = 0;
      while (filled < room.length && open.at < open.file.size) {
        const some = open.file.get(open.at, open.at + room.length - filled);
        // It has become shorter.
        if (!some.length) throw new Error("gone");
        room.set(some, filled);
        filled += some.length;
        open.at += some.length;
      }
      read += filled;
    }
    if (open.file instanceof Slices) this.progress(open.at, open.file.size);
    return this.u32(out, read);
  }
  fd_write(fd, pointer, count, out) {
    const open = this.open.get(fd);
    let written = 0;
    for (const bytes of this.vectors(pointer, count)) {
      if (fd > 2) {
        if (!open || !(open.file instanceof Written)) return EBADF;
        open.file.add(bytes);
      }
      written += bytes.length;
    }
    return this.u32(out, written);
  }
  fd_seek(fd, offset, whence, out) {
    const open = this.open.get(fd);
    if (!open || !open.file || !open.file.get) return EBADF;
    const from = [0, open.at, open.file.size][whence];
    const at = from + Number(offset);
    if (!(at >= 0)) return EINVAL;
    open.at = at;
    this.view.setBigUint64(out, BigInt(at), true);
    return OK;
  }
  fd_sync() { return OK; }
  fd_readdir(_fd, _pointer, _length, _cookie, out) { this.u32(out, 0); return ENOSYS; }

  path_create_directory(_fd, pointer, length) {
    const path = this.path(pointer, length);
    if (this.files.has(path) || this.isFolder(path)) return EEXIST;
    this.files.set(path, null);
    return OK;
  }
  path_rename(_fd, from, fromLength, _to, to, toLength) {
    const [old, name] = [this.path(from, fromLength), this.path(to, toLength)];
    for (const [path, file] of [...this.files]) {
      if (path !== old && !path.startsWith(old + "/")) continue;
      this.files.delete(path);
      this.files.set(name + path.slice(old.length), file);
    }
    return OK;
  }
  path_remove_directory(_fd, pointer, length) {
    const path = this.path(pointer, length);
    if ([...this.files.keys()].some(other => other.startsWith(path + "/"))) return ENOTEMPTY;
    return this.files.delete(path) ? OK : ENOENT;
  }
  path_unlink_file(_fd, pointer, length) { return this.files.delete(this.path(pointer, length)) ? OK : ENOENT; }
}

const CALLS = ["args_get", "args_sizes_get", "clock_time_get", "environ_get", "environ_sizes_get", "fd_close", "fd_fdstat_get",
  "fd_filestat_get", "fd_prestat_dir_name", "fd_prestat_get", "fd_read", "fd_readdir", "fd_seek", "fd_sync", "fd_write",
  "path_create_directory", "path_filestat_get", "path_open", "path_remove_directory", "path_rename", "path_unlink_file",
  "proc_exit", "random_get"];
