// Sends a package over tus 1.0 to addresses of this page's own, in pieces that end where blocks end. What the service has
// is asked of the service, so that a cut line, another tab, a reload or a new sign-in loses nothing. Nothing is kept here.
"use strict";

(() => {
  const root = document.getElementById("send");
  if (!root) {
    return;
  }
  const part = (name) => document.getElementById(`send-${name}`);
  const language = root.dataset.language;
  const mine = { partner: root.dataset.partner, programme: root.dataset.programme };
  const base = `/${language}/send/uploads`;
  // A piece of this many bytes at most; of one block at the least.
  const PIECE = 8 << 20;
  // A line on which nothing has moved for so long counts as cut.
  const STALLED = 90_000;
  const LONGEST_WAIT = 30;
  const MOST_FAILURES = 8;

  let csrf = root.dataset.csrf;
  let found = null;
  let upload = null;
  // Counts the runs: what an older one still does is heeded no more.
  let run = 0;
  let stop = null;
  let announced = 0;
  let begun = { at: 0, offset: 0 };

  const number = new Intl.NumberFormat(language);
  const word = (name, fill) => {
    const text = part("words").querySelector(`[data-word="${name}"]`);
    const plain = text ? text.textContent : "";
    return plain.replace(/\{(\w+)\}/g, (_, key) => String((fill || {})[key] ?? ""));
  };
  const size = (bytes) => {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
    let unit = 0;
    let count = bytes;
    while (count >= 1000 && unit < units.length - 1) {
      count /= 1000;
      unit += 1;
    }
    const style = { style: "unit", unit: units[unit], maximumFractionDigits: count < 100 ? 1 : 0 };
    return new Intl.NumberFormat(language, style).format(count);
  };
  const show = (name, shown) => {
    part(name).hidden = !shown;
  };
  const say = (text) => {
    part("live").textContent = text;
  };

  class Cut extends Error {}
  class SignedOut extends Error {}
  class OldForm extends Error {}
  class Refused extends Error {
    constructor(status, problem) {
      super(problem.code);
      this.status = status;
      this.problem = problem;
    }
  }

  const fail = (title, advice, code) => {
    part("error-title").textContent = title;
    part("error-advice").textContent = advice;
    part("error-code").textContent = code ? `${word("code")}: ${code}` : "";
    show("error", true);
    part("error").focus();
  };
  const failProblem = (problem) => {
    const words = (language === "da" && problem.da) || problem;
    const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
    fail(capital(String(words.title)), capital(String(words.advice)), String(problem.code));
  };

  // What an answer means; throws unless it is a good one.
  const judge = (status, type, text) => {
    if (status >= 200 && status < 300) {
      return;
    }
    if (status === 401) {
      throw new SignedOut();
    }
    if ((type || "").startsWith("application/problem+json")) {
      let problem = { code: "", title: "", advice: "" };
      try {
        problem = JSON.parse(text);
      } catch {
        // Half an answer.
        throw new Cut();
      }
      throw new Refused(status, problem);
    }
    if (status === 403) {
      throw new OldForm();
    }
    throw new Refused(status, { code: String(status), title: word("failed"), advice: word("failed-advice") });
  };

  const ask = async (method, path, headers, body) => {
    let answer;
    let text;
    try {
      const options = { method, headers, body, redirect: "manual", cache: "no-store", signal: stop.signal };
      answer = await fetch(path, options);
      text = await answer.text();
    } catch {
      throw new Cut();
    }
    // A page that leads elsewhere leads to signing in.
    if (answer.type === "opaqueredirect") {
      throw new SignedOut();
    }
    judge(answer.status, answer.headers.get("content-type"), text);
    return { answer, text };
  };

  const open = async () => {
    const body = JSON.stringify({ manifest: found.text, signature: found.signature });
    const headers = { "content-type": "application/json", "kobling-csrf": csrf };
    const { text } = await ask("POST", base, headers, body);
    const opened = JSON.parse(text);
    if (!/^[0-9a-f]{32}$/.test(opened.id)) {
      throw new Cut();
    }
    return opened;
  };

  const standing = async (id) => {
    const { answer } = await ask("HEAD", `${base}/${id}`, { "tus-resumable": "1.0.0" });
    const offset = Number(answer.headers.get("upload-offset") ?? NaN);
    if (!Number.isSafeInteger(offset)) {
      throw new Cut();
    }
    return offset;
  };

  // The end of the piece that begins at an offset: the last end of a block within it, or the next one.
  const pieceEnd = (offset) => {
    const ends = found.ends.filter((end) => end > offset);
    const within = ends.filter((end) => end <= offset + PIECE);
    return within.length > 0 ? within[within.length - 1] : (ends[0] ?? found.data.size);
  };

  // One piece. Fetch tells nothing of how far a body is on its way, the older way does.
  const send = (id, offset, moved) =>
    new Promise((done, failed) => {
      const request = new XMLHttpRequest();
      const piece = found.data.slice(offset, pieceEnd(offset));
      let last = Date.now();
      const watch = setInterval(() => {
        if (Date.now() - last > STALLED) {
          request.abort();
        }
      }, 1000);
      stop.signal.addEventListener("abort", () => request.abort(), { once: true });
      request.open("PATCH", `${base}/${id}`);
      request.setRequestHeader("content-type", "application/offset+octet-stream");
      request.setRequestHeader("tus-resumable", "1.0.0");
      request.setRequestHeader("upload-offset", String(offset));
      request.setRequestHeader("kobling-csrf", csrf);
      request.upload.onprogress = (event) => {
        last = Date.now();
        moved(offset + event.loaded);
      };
      request.onloadend = () => {
        clearInterval(watch);
        try {
          if (request.status === 0) {
            throw new Cut();
          }
          judge(request.status, request.getResponseHeader("content-type"), request.responseText);
          const reached = Number(request.getResponseHeader("upload-offset") ?? NaN);
          if (!Number.isSafeInteger(reached)) {
            throw new Cut();
          }
          done(reached);
        } catch (error) {
          failed(error);
        }
      };
      request.send(piece);
    });

  const time = (seconds) =>
    seconds < 90
      ? word("seconds", { n: number.format(Math.max(1, Math.ceil(seconds))) })
      : word("minutes", { n: number.format(Math.ceil(seconds / 60)) });

  const progress = (offset) => {
    const all = found.data.size;
    const share = Math.floor((100 * offset) / all);
    part("bar").value = Math.floor((1000 * offset) / all);
    const seconds = (Date.now() - begun.at) / 1000;
    const rate = seconds > 0.5 ? (offset - begun.offset) / seconds : 0;
    const left = rate > 0 ? time((all - offset) / rate) : "…";
    const fill = { done: size(offset), all: size(all), rate: rate > 0 ? size(rate) : "…", left };
    part("figures").textContent = word("figures", fill);
    // Spoken at every tenth, not at every byte.
    if (share >= announced + 10) {
      announced = share - (share % 10);
      say(word("share", { share: announced }));
    }
  };

  // Waits, but not when the line comes back or somebody presses Go on.
  const wait = (seconds) =>
    new Promise((done) => {
      const timer = setTimeout(done, seconds * 1000);
      const now = () => {
        clearTimeout(timer);
        done();
      };
      window.addEventListener("online", now, { once: true });
      part("resume").addEventListener("click", now, { once: true });
      stop.signal.addEventListener("abort", now, { once: true });
    });

  const buttons = (state) => {
    show("go", state === "ready");
    show("pause", state === "sending");
    show("resume", state === "stopped" || state === "waiting");
    show("other", state !== "sending" && state !== "waiting");
    show("drop", state === "empty");
    show("found", state !== "empty" && state !== "done");
    show("progress", state !== "ready" && state !== "empty");
    show("again", state === "done");
    root.dataset.state = state;
  };

  // After a new sign-in the session's forms say something else: the page is asked for it.
  const renew = async () => {
    const { text } = await ask("GET", `/${language}/send`, {});
    const page = new DOMParser().parseFromString(text, "text/html").getElementById("send");
    if (!page) {
      throw new SignedOut();
    }
    if (page.dataset.partner !== mine.partner) {
      throw new Refused(403, { code: "another", title: word("another"), advice: word("partner-advice") });
    }
    csrf = page.dataset.csrf;
  };

  // The receipt as the package's own page shows it.
  const receipt = async (id) => {
    const { text } = await ask("GET", `/${language}/packages/${id}`, {});
    const section = new DOMParser().parseFromString(text, "text/html").getElementById("receipt");
    const place = part("receipt");
    place.replaceChildren();
    if (section) {
      place.append(document.importNode(section, true));
    }
    const link = document.createElement("a");
    link.href = `/${language}/packages/${id}`;
    link.textContent = word("page");
    const line = document.createElement("p");
    line.append(link);
    place.append(line);
  };

  // Sends what is not there yet, until all of it is.
  const carry = async (renewed) => {
    run += 1;
    const own = run;
    const current = () => own === run;
    stop = new AbortController();
    let failures = 0;
    let old = renewed;
    show("error", false);
    show("signed-out", false);
    buttons("sending");
    say(word("sending"));
    for (;;) {
      try {
        if (old) {
          await renew();
          old = false;
        }
        if (!upload) {
          upload = await open();
        }
        let offset = await standing(upload.id);
        begun = { at: Date.now(), offset };
        announced = Math.floor((10 * offset) / found.data.size) * 10;
        if (offset > 0 && offset < found.data.size) {
          say(word("going-on", { share: Math.floor((100 * offset) / found.data.size) }));
        }
        progress(offset);
        while (offset < found.data.size) {
          buttons("sending");
          const reached = await send(upload.id, offset, (at) => current() && progress(at));
          if (!current()) {
            return;
          }
          if (reached <= offset) {
            throw new Cut();
          }
          offset = reached;
          failures = 0;
          progress(offset);
        }
        await receipt(upload.id);
        buttons("done");
        say(word("done"));
        const title = document.getElementById("receipt-title");
        if (title) {
          title.focus();
        }
        return;
      } catch (error) {
        if (!current()) {
          return;
        }
        failures += 1;
        if (error instanceof SignedOut) {
          buttons("stopped");
          show("signed-out", true);
          say(word("out"));
          return;
        }
        if (error instanceof OldForm && failures < 3) {
          old = true;
          continue;
        }
        const code = error instanceof Refused ? error.problem.code : "";
        const passing = error instanceof Cut || error.status >= 500 || ["offset", "busy"].includes(code);
        // A line that is cut may come back tomorrow; a service that says no to the same again does not.
        if (!passing || (error instanceof Refused && failures > MOST_FAILURES)) {
          buttons("stopped");
          say("");
          if (error instanceof Refused) {
            failProblem(error.problem);
          } else {
            fail(word("failed"), word("failed-advice"), "");
          }
          // What is given up, lapsed or unknown is begun anew.
          if (["gone", "not-found"].includes(code)) {
            upload = null;
          }
          return;
        }
        if (error instanceof Cut && !(await readable())) {
          buttons("stopped");
          fail(word("unreadable"), word("unreadable-advice"), "");
          return;
        }
        const seconds = code === "offset" ? 0.2 : Math.min(LONGEST_WAIT, 2 ** Math.min(failures, 6) / 2);
        if (code === "busy") {
          say(word("busy"));
        } else if (code !== "offset") {
          say(word("cut", { seconds: number.format(Math.ceil(seconds)) }));
        }
        buttons(code === "offset" ? "sending" : "waiting");
        await wait(seconds);
        if (!current()) {
          return;
        }
      }
    }
  };

  // A file that was moved or changed since it was chosen looks like a cut line; reading a byte of it tells.
  const readable = async () => {
    try {
      await found.data.slice(0, 1).arrayBuffer();
      return true;
    } catch {
      return false;
    }
  };

  const fact = (title, value) => {
    const line = document.createElement("div");
    const [name, text] = ["dt", "dd"].map((kind) => document.createElement(kind));
    name.textContent = title;
    text.textContent = value;
    line.append(name, text);
    return line;
  };

  // What the page calls a dataset; its name where the programme has none.
  const title = (id) => {
    const named = [...part("datasets").children].find((one) => one.dataset.dataset === id);
    return named ? named.textContent : id;
  };
  // As pages write instants: to the minute, in UTC.
  const made = (instant) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(instant) ? `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC` : instant;

  const take = async (files) => {
    const list = await files;
    if (list.length === 0) {
      return;
    }
    show("error", false);
    part("receipt").replaceChildren();
    try {
      found = await KoblingPackage.read(list, mine);
    } catch (error) {
      found = null;
      const name = error && error.word ? error.word : "unreadable";
      const fill = {};
      for (const [key, value] of Object.entries((error && error.fill) || {})) {
        fill[key] = typeof value === "number" ? number.format(value) : value;
      }
      const advice = name === "programme" ? "partner-advice" : `${name}-advice`;
      fail(word(name, fill), word(advice), "");
      return;
    }
    upload = null;
    const { head } = found;
    part("facts").replaceChildren(
      fact(word("dataset"), title(String(head.dataset))),
      fact(word("period"), String(head.period)),
      fact(word("rows"), number.format(Number(head.rows.sent))),
      fact(word("rejected"), number.format(Number(head.rows.rejected))),
      fact(word("size"), size(found.data.size)),
      fact(word("made"), made(found.created)),
    );
    buttons("ready");
    say(word("ready"));
    part("found-title").focus();
  };

  const empty = () => {
    run += 1;
    found = null;
    upload = null;
    part("folder").value = "";
    part("files").value = "";
    show("error", false);
    show("signed-out", false);
    buttons("empty");
    say("");
  };

  const drop = part("drop");
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("kb-drop-over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("kb-drop-over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("kb-drop-over");
    take(KoblingPackage.dropped(event.dataTransfer).catch(() => []));
  });
  // A folder that misses the field must not be opened by the browser in place of the page.
  for (const kind of ["dragover", "drop"]) {
    window.addEventListener(kind, (event) => event.preventDefault());
  }
  part("folder").addEventListener("change", () => take([...part("folder").files]));
  part("files").addEventListener("change", () => take([...part("files").files]));
  part("go").addEventListener("click", () => carry(false));
  part("pause").addEventListener("click", () => {
    run += 1;
    stop.abort();
    buttons("stopped");
    say(word("paused"));
    part("resume").focus();
  });
  part("resume").addEventListener("click", () => {
    // While it waits, the click ends the waiting; else it begins again, with what the session's forms say by now.
    if (root.dataset.state === "stopped") {
      carry(true);
    }
  });
  part("other").addEventListener("click", empty);

  show("plain", false);
  root.hidden = false;
  buttons("empty");
})();
