"use strict";
// The page: one step after another. Nothing of the extract is shown but headers and counts, and nothing goes to the console.

const state = { programme: null, outline: null, file: null, look: null, mapping: null, job: null, report: null, scopes: [],
  linkage: null, signing: null, newKey: null, made: null };
let texts = null, worker = null, waiting = new Map(), asked = 0;

// --- the worker -------------------------------------------------------------------------------

const unpack = id => Uint8Array.from(atob(at(id).textContent.trim()), sign => sign.charCodeAt(0));
const workerScript = URL.createObjectURL(new Blob([at("worker").textContent], { type: "text/javascript" }));

class Trouble extends Error {
  constructor(said, report) { super("said"); this.said = said; this.report = report; }
}

const STEPS = {
  look: { da: "Ser på kolonnerne", en: "Looking at the columns" },
  read: { da: "Kontrollerer udtrækket", en: "Checking the extract" },
  tokens: { da: "Laver tokens", en: "Making tokens" },
  write: { da: "Skriver pakken", en: "Writing the package" },
};

function startWorker() {
  waiting = new Map();
  worker = new Worker(workerScript);
  worker.onmessage = ({ data }) => {
    if (data.progress) return progress(data.progress);
    const { done, fail } = waiting.get(data.id);
    waiting.delete(data.id);
    data.said ? fail(new Trouble(onThePage(data.said), data.report)) : done(data.done);
  };
  worker.onerror = event => {
    event.preventDefault();
    for (const { fail } of waiting.values()) fail(new Trouble({ da: "siden svigtede; åbn den igen", en: "the page failed; open it again" }));
  };
  return ask("open", { packed: unpack("module") });
}

function ask(command, given) {
  return new Promise((done, fail) => {
    waiting.set(++asked, { done, fail });
    worker.postMessage({ ...given, command, id: asked });
  });
}

function progress({ step, at: read, of }) {
  if (!STEPS[step]) return;
  const share = of ? read / of : 0;
  at("progress").value = share;
  put(at("doing"), { da: `${STEPS[step].da}: ${Math.floor(share * 100)} %`, en: `${STEPS[step].en}: ${Math.floor(share * 100)}%` });
}

// How much is being done, and what is to have the focus then.
let working = 0, next = null;

/// While something is done nothing can be chosen: what is made is what was chosen when it began.
function busy(change) {
  working += change;
  document.querySelectorAll("main section").forEach(section => { section.inert = working > 0; });
}

/// Runs a step: what it says goes to the live region, what is wrong to the place for it.
async function step(name, work) {
  const focused = document.activeElement;
  busy(1);
  at("trouble").hidden = true;
  if (STEPS[name]) {
    put(at("status"), STEPS[name]);
    put(at("doing"), STEPS[name]);
    at("progress").removeAttribute("value");
    at("working").hidden = false;
  }
  try {
    const said = await work();
    if (said) put(at("status"), said); else at("status").textContent = "";
  } catch (error) {
    const unknown = { da: "Siden svigtede; åbn den igen.", en: "The page failed; open it again." };
    at("status").textContent = "";
    put(at("trouble"), error.said ?? unknown).focus();
    if (error.report) showReport(error.report);
  } finally {
    busy(-1);
    if (!working) at("working").hidden = true;
    if (next) next.focus();
    else if (document.activeElement === document.body && focused && focused.isConnected) focused.focus();
    next = null;
  }
}

at("cancel").onclick = async () => {
  const gone = [...waiting.values()];
  worker.terminate();
  await startWorker();
  forgetFrom("report");
  gone.forEach(({ fail }) => fail(new Trouble({ da: "Afbrudt. Udtrækket skal kontrolleres igen.", en: "Cancelled. The extract is to be checked again." })));
};

/// What a choice undoes: all that came after it.
function forgetFrom(name) {
  const order = ["what", "extract", "columns", "report", "keys", "package"];
  order.slice(order.indexOf(name)).forEach(step => { at("s-" + step).hidden = true; });
  if (order.indexOf(name) <= order.indexOf("report")) state.report = null;
  if (order.indexOf(name) <= order.indexOf("what")) dropKeys();
}

function dropKeys() {
  Object.assign(state, { linkage: null, signing: null, newKey: null });
  for (const id of ["linkage-say", "signing-say", "save-signing"]) at(id).hidden = true;
  for (const id of ["f-linkage", "f-signing", "t-linkage"]) at(id).value = "";
}

const bytesOf = async file => new Uint8Array(await file.arrayBuffer());
/// The file that was chosen, which can be chosen again.
const chosen = event => event.target.files[0];

// --- programme, partner, dataset --------------------------------------------------------------

at("f-programme").onchange = event => {
  const file = chosen(event);
  if (!file) return;
  forgetFrom("what");
  at("programme-title").hidden = true;
  step("programme", async () => {
    state.programme = await bytesOf(file);
    state.outline = await ask("programme", { programme: state.programme });
    const { title, version } = state.outline;
    put(at("programme-title"), { da: `${title.da} (version ${version})`, en: `${title.en} (version ${version})` });
    at("partner").replaceChildren(...state.outline.partners.filter(partner => partner.datasets.length).map(partner => {
      const option = make("option", partner.name);
      option.value = partner.id;
      return option;
    }));
    at("s-what").hidden = false;
    partnerChosen();
  });
};

function partnerChosen() {
  const partner = state.outline.partners.find(one => one.id === at("partner").value);
  at("dataset").replaceChildren(...state.outline.datasets.filter(one => partner.datasets.includes(one.id)).map(one => {
    const option = make("option", one.title);
    option.value = one.id;
    return option;
  }));
  datasetChosen();
}

function datasetChosen() {
  forgetFrom("columns");
  dropKeys();
  at("s-extract").hidden = false;
  if (state.file) look();
}

at("partner").onchange = partnerChosen;
at("dataset").onchange = datasetChosen;

// --- the extract and its columns --------------------------------------------------------------

function take(file) {
  if (!file || working) return;
  forgetFrom("columns");
  state.file = file;
  // The name could hold a number of a person: it is not shown.
  put(at("extract-name"), { da: `Filen er valgt: ${count(file.size)} byte.`, en: `The file is chosen: ${count(file.size)} bytes.` });
  look();
}

at("f-extract").onchange = event => take(chosen(event));
// A file that is dropped beside the place for it is not opened by the browser.
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, event => event.preventDefault());
for (const kind of ["dragenter", "dragover"]) at("drop").addEventListener(kind, event => { event.preventDefault(); at("drop").className = "over"; });
at("drop").addEventListener("dragleave", () => { at("drop").className = ""; });
at("drop").addEventListener("drop", event => { event.preventDefault(); at("drop").className = ""; take(event.dataTransfer.files[0]); });
for (const id of ["sheet", "header-row", "zero"]) at(id).onchange = () => { if (state.file) { forgetFrom("columns"); look(); } };
for (const id of ["period", "max-rejected"]) at(id).onchange = () => forgetFrom("report");

const job = () => ({
  partner: at("partner").value,
  dataset: at("dataset").value,
  period: at("period").value,
  maxRejected: at("max-rejected").value,
  repairLeadingZero: at("zero").checked,
  ...(at("sheet").value.trim() ? { sheet: at("sheet").value.trim() } : {}),
  ...(at("header-row").value ? { headerRow: Number(at("header-row").value) } : {}),
});
const given = () => ({ file: state.file, job: job(), programme: state.programme, mapping: null });
const columns = () => state.outline.datasets.find(one => one.id === at("dataset").value).columns.filter(column => column.inFile);

function look() {
  step("look", async () => {
    // Columns can still be found by a mapping where their headers cannot be shown.
    let trouble = null;
    state.look = await ask("look", given()).catch(error => { trouble = error; return { columns: [], proposed: [], certain: false }; });
    state.mapping = null;
    const known = state.look.proposed.filter(one => one.known).map(one => one.column);
    const absent = columns().filter(column => column.required && !known.includes(column.id));
    const way = trouble ? "by-mapping" : absent.length && state.look.certain ? "by-choice" : "by-headers";
    at(way).checked = true;
    drawChoices();
    wayChosen();
    at("s-columns").hidden = false;
    const lost = state.look.columns.some(column => column.lostZeros) && !at("zero").checked;
    const zeros = lost ? {
      da: " Nogle numre har ni cifre: se »Flere valg«, hvis et regneark har taget nullet foran.",
      en: " Some numbers have nine digits: see “More choices” if a spreadsheet took the leading zero.",
    } : { da: "", en: "" };
    const list = absent.map(column => column.id).join(", ");
    if (trouble) throw trouble;
    put(at("columns-say"), absent.length
      ? { da: `Ingen overskrift er kendt for: ${list}. Vælg kolonnerne, eller åbn en kortlægning.` + zeros.da, en: `No header is known for: ${list}. Choose the columns, or open a mapping.` + zeros.en }
      : { da: "Alle nødvendige kolonner er fundet ved deres overskrifter." + zeros.da, en: "All columns that are needed were found by their headers." + zeros.en });
  });
}

function drawChoices() {
  at("choices").replaceChildren(...columns().flatMap(column => {
    const select = document.createElement("select");
    select.id = "c-" + column.id;
    select.dataset.column = column.id;
    const none = make("option", { da: "(ikke i filen)", en: "(not in the file)" });
    none.value = "";
    select.append(none, ...state.look.columns.map((seen, at) => {
      const hidden = { da: `kolonne ${at + 1} (overskriften vises ikke)`, en: `column ${at + 1} (its header is not shown)` };
      const option = make("option", seen.header === null ? hidden : seen.header + (seen.nth ? ` (${seen.nth})` : ""));
      option.value = at;
      return option;
    }));
    const proposed = state.look.proposed.find(one => one.column === column.id);
    select.value = proposed?.at ?? "";
    select.onchange = () => { state.mapping = null; forgetFrom("report"); };
    const label = make("label", column.required
      ? { da: `${column.id} (skal udfyldes)`, en: `${column.id} (needed)` } : { da: column.id, en: column.id });
    label.htmlFor = select.id;
    return [label, select];
  }));
}

function wayChosen() {
  at("choices").hidden = !at("by-choice").checked;
  at("mapping-file").hidden = !at("by-mapping").checked;
  at("save-mapping").hidden = !at("by-choice").checked;
  if (!at("by-mapping").checked) state.mapping = null;
  forgetFrom("report");
}
for (const id of ["by-headers", "by-choice", "by-mapping"]) at(id).onchange = wayChosen;

at("f-mapping").onchange = async event => {
  const file = chosen(event);
  if (file) state.mapping = await file.text();
  forgetFrom("report");
};

/// The mapping that is in force, made where it is chosen here.
async function mapping() {
  if (at("by-headers").checked) return null;
  if (at("by-mapping").checked) {
    if (state.mapping === null) throw new Trouble({ da: "Åbn kortlægningens fil først.", en: "Open the mapping file first." });
    return state.mapping;
  }
  const selects = [...at("choices").querySelectorAll("select")].filter(select => select.value !== "");
  const picked = selects.map(select => [select.dataset.column, Number(select.value)]);
  return ask("map", { ...given(), job: { ...job(), chosen: picked } });
}

at("save-mapping").onclick = () => step("look", async () => {
  save(tomlOf(await mapping()), job().dataset + ".map.toml");
  return { da: "Kortlægningen er gemt.", en: "The mapping is saved." };
});

// --- the check --------------------------------------------------------------------------------

at("check").onclick = () => step("read", async () => {
  forgetFrom("report");
  state.mapping = await mapping();
  state.job = { ...given(), mapping: state.mapping };
  const { report, rows, scopes } = await ask("read", state.job);
  state.scopes = scopes;
  showReport(report);
  at("s-keys").hidden = false;
  next = at("h-report");
  return {
    da: `Kontrolleret: ${rows.read} rækker læst, ${rows.rejected} afvist.`,
    en: `Checked: ${rows.read} rows read, ${rows.rejected} rejected.`,
  };
});

function showReport(report) {
  state.report = report;
  drawReport();
  at("s-report").hidden = false;
}

/// The report's own page without its head: it was made by the module, and a page of it runs no script.
function drawReport() {
  if (!state.report) return;
  const text = state.report[language + ".html"].replace(/<style>.*?<\/style>/s, "");
  const page = new DOMParser().parseFromString(text, "text/html");
  page.querySelectorAll("script, style, link, iframe, form").forEach(element => element.remove());
  // On a page with others, its parts are no landmarks.
  page.querySelectorAll("section").forEach(section => section.removeAttribute("aria-labelledby"));
  const lead = page.querySelector("header .lead");
  at("report").replaceChildren(...(lead ? [document.adoptNode(lead)] : []), ...[...page.querySelector("main").children].map(child => document.adoptNode(child)));
}
WHEN_CHANGED.push(drawReport);

const reportName = () => `${job().dataset}-${language === "da" ? "kvalitet" : "quality"}`;
at("save-report").onclick = () => save(new Blob([state.report[language + ".html"]], { type: "text/html" }), reportName() + ".html");
at("save-report-json").onclick = () => save(new Blob([state.report.json], { type: "application/json" }), reportName() + ".json");

// --- keys -------------------------------------------------------------------------------------

function keyStep(work) {
  return step("key", async () => {
    if (!(await hasEd25519)) {
      throw new Trouble({
        da: "Denne browser kan ikke underskrive med Ed25519: brug en nyere (Chrome eller Edge 137, Firefox 129, Safari 17).",
        en: "This browser cannot sign with Ed25519: use a newer one (Chrome or Edge 137, Firefox 129, Safari 17).",
      });
    }
    return work();
  });
}

const hasEd25519 = crypto.subtle ? crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]).then(() => true, () => false) : Promise.resolve(false);

async function takeLinkage(bytes, where) {
  at("linkage-say").hidden = true;
  state.linkage = null;
  try {
    state.linkage = await linkageKey(bytes, at("exercise").checked, where, state.outline, state.scopes, texts);
  } finally {
    bytes.fill(0);
  }
  const words = state.linkage.id.match(/../g).map(byte => texts.words[parseInt(byte, 16)]).join(" ");
  put(at("linkage-say"), {
    da: `Nøgle ${state.linkage.id}\n${words}\nLæs ordene op for nøgleforvalteren, hvis I ikke har gjort det før.`,
    en: `Key ${state.linkage.id}\n${words}\nRead the words out to the custodian if you have not done so before.`,
  });
}

at("f-linkage").onchange = event => {
  const file = chosen(event);
  if (file) keyStep(async () => takeLinkage(await bytesOf(file.slice(0, (16 << 10) + 1)), file.name));
};
at("take-linkage").onclick = () => keyStep(async () => {
  const bytes = ascii(at("t-linkage").value);
  at("t-linkage").value = "";
  await takeLinkage(bytes, language === "da" ? "teksten" : "the text");
});

function showSigning(made, saved) {
  state.signing = made;
  at("save-signing").hidden = saved;
  put(at("signing-say"), {
    da: `Offentlig nøgle: ${made.public}\nFingeraftryk: ${made.fingerprint}\n${made.words}\nSend den offentlige nøgle til styregruppen, og sammenlign ordene i telefonen.`,
    en: `Public key: ${made.public}\nFingerprint: ${made.fingerprint}\n${made.words}\nSend the public key to the steward, and compare the words on the telephone.`,
  });
}

at("f-signing").onchange = event => {
  const file = chosen(event);
  if (!file) return;
  keyStep(async () => {
    at("signing-say").hidden = true;
    state.signing = null;
    const bytes = await bytesOf(file.slice(0, (16 << 10) + 1));
    try {
      showSigning(await signingKey(bytes, at("exercise").checked, file.name, texts), true);
    } finally {
      bytes.fill(0);
    }
  });
};
at("new-signing").onclick = () => keyStep(async () => {
  state.newKey = await newSigningKey(job().partner, new Date(), texts);
  showSigning(state.newKey, false);
  next = at("save-signing");
  return { da: "Gem nøglen nu: den findes kun her.", en: "Save the key now: it exists here alone." };
});
at("save-signing").onclick = () => {
  save(state.newKey.file, "signing.key");
  state.newKey.isSaved = true;
};

// --- the package ------------------------------------------------------------------------------

at("make").onclick = () => step("tokens", async () => {
  if (!state.linkage) throw new Trouble({ da: "Åbn koblingsnøglen først.", en: "Open the linkage key first." });
  if (!state.signing) throw new Trouble({ da: "Åbn underskriftsnøglen først, eller lav en ny.", en: "Open the signing key first, or make a new one." });
  if (state.signing === state.newKey && !state.newKey.isSaved) {
    throw new Trouble({ da: "Gem den nye underskriftsnøgle først: den findes kun her.", en: "Save the new signing key first: it exists here alone." });
  }
  const { partner, dataset } = state.job.job;
  const folder = [state.outline.id, partner, dataset].join("-");
  const made = await ask("write", {
    ...state.job, job: { ...state.job.job, keyId: state.linkage.id }, keys: state.linkage.keys, signing: state.signing.key, folder,
  });
  state.made = { ...made, folder };
  // The report of this run, as `kobling tokenise` shows it.
  showReport(made.report);
  wipe();
  drawPackage();
  at("s-package").hidden = false;
  next = at("h-package");
  return { da: "Pakken er lavet. Intet har forladt maskinen.", en: "The package is made. Nothing has left the machine." };
});

/// Everything but the package is forgotten.
function wipe() {
  worker.terminate();
  dropKeys();
  Object.assign(state, { file: null, mapping: null, look: null, job: null });
  at("f-extract").value = "";
  for (const id of ["what", "extract", "columns", "keys", "programme"]) at("s-" + id).hidden = true;
}

function drawPackage() {
  const { manifest, words, sample, archive } = state.made;
  const { kobling, resources: [resource] } = manifest;
  const facts = [
    [{ da: "Program", en: "Programme" }, kobling.programme], [{ da: "Partner", en: "Partner" }, kobling.partner],
    [{ da: "Datasæt", en: "Dataset" }, kobling.dataset], [{ da: "Kvartaler", en: "Quarters" }, kobling.period],
    [{ da: "Rækker", en: "Rows" }, String(kobling.rows.sent)], [{ da: "Nøgle", en: "Key" }, kobling.key_id],
    [{ da: "Nøglens ord", en: "The key's words" }, words], ["SHA-256 (data.csv)", resource.hash.replace("sha256:", "")],
  ].map(([title, value]) => make("div", null, make("dt", title), make("dd", value)));
  const table = (caption, head, rows, kind) => {
    const element = make("table", null, make("caption", caption), make("thead", null, make("tr", null, ...head.map(text => {
      const cell = make("th", text);
      cell.scope = "col";
      return cell;
    }))), make("tbody", null, ...rows.map(row => make("tr", null, ...row.map(text => make("td", text))))));
    if (kind) element.className = kind;
    const around = make("div", null, element);
    around.className = "table";
    around.tabIndex = 0;
    return around;
  };
  const fields = table({ da: "Kolonner i pakken", en: "Columns of the package" },
    [{ da: "kolonne", en: "column" }, { da: "rolle", en: "role" }, { da: "regnet ud", en: "worked out" }, { da: "præcision", en: "precision" }],
    resource.schema.fields.map(field => [field.name, field.role, field.derived ?? "", field.precision ?? ""]));
  // Nothing in a package is quoted.
  const [head, ...lines] = sample.split("\n").slice(0, 11).filter(Boolean).map(line => line.split(","));
  const rows = table({ da: "Ti af rækkerne, som de forlader huset", en: "Ten of the rows, as they leave the house" }, head, lines, "sample");
  at("leaves").replaceChildren(make("dl", null, ...facts), fields, rows);
  at("save-package").disabled = archive === null;
  at("save-folder").hidden = !canSaveFolders;
}

at("save-package").onclick = () => {
  if (state.made.archive) return save(state.made.archive, state.made.folder + ".zip");
  return step("save", () => { throw new Trouble({ da: "Pakken er for stor til et arkiv: gem den i en mappe.", en: "The package is too large for an archive: save it to a folder." }); });
};
at("save-folder").onclick = () => step("save", async () => {
  if (!await saveFolder(state.made.files, state.made.folder)) return null;
  return { da: "Pakken er gemt.", en: "The package is saved." };
});
at("again").onclick = () => location.reload();

// --- the beginning ----------------------------------------------------------------------------

at("language").onclick = () => speak(language === "da" ? "en" : "da");
speak("da");
step("open", async () => {
  texts = await startWorker();
  put(at("version"), { da: `Version ${texts.version}.`, en: `Version ${texts.version}.` });
  document.documentElement.dataset.ready = "yes";
});
