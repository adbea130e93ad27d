"use strict";
// The page's worker: runs the module on files, has tokens made between its two passes, and signs what came of it.

let module = null;
// Between the passes: what tokens are to be made of.
let wanted = null, gathered = null;

const encode = text => new TextEncoder().encode(text);
const decode = bytes => new TextDecoder().decode(bytes);
const base64url = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/// Trouble that is said in both languages.
class Said extends Error {
  constructor(message, files) { super("said"); this.said = message; this.files = files; }
}

/// Runs a command. `given` are files by path.
function run(command, given, step) {
  const files = new Map(Object.entries(given));
  let last = 0;
  const progress = (at, of) => {
    if (Date.now() - last < 100) return;
    last = Date.now();
    postMessage({ progress: { step, at, of } });
  };
  let status;
  try {
    status = new Run(files, command, progress).start(module);
  } catch {
    // The module's memory has an end, and a file may be gone or changed.
    throw new Said({
      da: "siden løb tør for hukommelse, eller filen er ændret imens eller beskadiget på en måde, der ikke kendes; luk andre faner, og vælg filen igen, eller brug programmet `kobling tokenise`",
      en: "the page ran out of memory, or the file was changed meanwhile or is damaged in a way that is not known; close other tabs and choose the file again, or use the program `kobling tokenise`",
    }, files);
  }
  if (status === 0) return files;
  const error = files.get("error.json");
  throw new Said(error ? JSON.parse(decode(error.bytes())) : { da: "siden svigtede; åbn den igen", en: "the page failed; open it again" }, files);
}

/// The extract under its own name, and the job, as the module reads them.
function input({ file, job, programme, mapping }) {
  const path = "extract/" + file.name.replaceAll("/", "_");
  const read = blob => new FileReaderSync().readAsArrayBuffer(blob);
  const files = {
    [path]: new Slices(file, read),
    "job.json": new Bytes(encode(JSON.stringify({ ...job, extract: path, mapped: mapping !== null }))),
    "programme.toml": new Bytes(new Uint8Array(programme)),
  };
  if (mapping !== null) files["mapping.toml"] = new Bytes(encode(mapping));
  return files;
}

const json = (files, path) => JSON.parse(decode(files.get(path).bytes()));

function report(files) {
  if (!files.has("report.json")) return null;
  return Object.fromEntries(["json", "da.html", "en.html"].map(form => [form, decode(files.get("report." + form).bytes())]));
}

function forget() {
  if (wanted) wanted.fill(0);
  wanted = null;
}

const COMMANDS = {
  async open({ packed }) {
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    module = await WebAssembly.compile(await new Response(stream).arrayBuffer());
    return json(run("texts", {}, ""), "out.json");
  },
  programme({ programme }) {
    return json(run("programme", { "programme.toml": new Bytes(new Uint8Array(programme)) }, ""), "out.json");
  },
  look(given) { return json(run("look", input(given), "look"), "out.json"); },
  map(given) { return decode(run("map", input(given), "look").get("mapping.toml").bytes()); },
  /// The first pass.
  read(given) {
    forget();
    try {
      const files = run("read", input(given), "read");
      wanted = files.get("wanted").bytes();
      gathered = json(files, "out.json");
      return { report: report(files), rows: gathered.rows, scopes: gathered.scopes };
    } catch (error) {
      if (error instanceof Said) error.report = report(error.files);
      throw error;
    }
  },
  /// Tokens, the second pass, and the signature. `keys` are by scope; `signing` may be absent.
  async write({ keys, signing, folder, ...given }) {
    if (!wanted) throw new Said({ da: "udtrækket skal kontrolleres igen", en: "the extract is to be checked again" });
    const tokens = await makeTokens(wanted, gathered.wanted, gathered.scopes.map(scope => keys[scope]),
      (at, of) => postMessage({ progress: { step: "tokens", at, of } }));
    let files;
    try {
      files = run("write", { ...input(given), wanted: new Bytes(wanted), tokens: new Bytes(tokens) }, "write");
    } finally {
      tokens.fill(0);
      forget();
    }
    const { manifest, words } = json(files, "out.json");
    const data = files.get("package/data.csv").blob();
    const text = files.get("package/datapackage.json").bytes();
    const made = [["data.csv", data], ["datapackage.json", new Blob([text])]];
    if (signing) {
      const framed = new Uint8Array([...encode("kobling/v1/package"), 0, ...text]);
      const signature = await crypto.subtle.sign("Ed25519", signing, framed);
      made.push(["datapackage.json.sig", new Blob([base64url(signature) + "\n"])]);
    }
    const archive = await zip(made.map(([name, blob]) => [folder + "/" + name, blob]), new Date());
    return { manifest, words, report: report(files), files: made, archive, sample: await data.slice(0, 64 << 10).text() };
  },
};

onmessage = async ({ data }) => {
  try {
    postMessage({ id: data.id, done: await COMMANDS[data.command](data) });
  } catch (error) {
    // What is not said in both languages is not shown: it could hold anything.
    const said = error instanceof Said ? error.said : { da: "siden svigtede; åbn den igen", en: "the page failed; open it again" };
    postMessage({ id: data.id, said, report: error.report ?? null });
  }
};
