// The import view: a file or pasted text into a collection, in batches, with progress and a way to stop.
import { createCollection, storeDocuments } from "./api.js";
import { allCollections, onCollections, refreshCollections } from "./collections.js";
import { titleOf } from "./document.js";
import { byId, debounce, fill, make } from "./dom.js";
import { drawProgress, newProgress } from "./importprogress.js";
import { number, onLanguage, t } from "./language.js";
import { documents, kindOf } from "./passages.js";

// A batch is small enough for progress to be seen and for a cancelled import to lose little.
const batchDocuments = 64;
const batchCharacters = 200_000;
const previewBytes = 65_536;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

let file = null;
let running = null;
let progress = null;

const target = () => byId("target").value.trim();

/** What is to be imported: the file, else the pasted text; or null. */
async function source() {
  if (file) return { blob: file, name: stem(file.name), kind: await kindOf(file, file.name) };
  const text = byId("paste").value;
  if (!text.trim()) return null;
  const blob = new Blob([text]);
  // Another text must not replace the documents of an earlier one; the same text again should.
  return { blob, name: `pasted-${digest(text)}`, kind: await kindOf(blob, "") };
}

/** 32 bits of a text, as eight hexadecimal digits (FNV-1a over its UTF-16 units). */
function digest(text) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}

const stem = (name) => name.replace(/\.[^.]*$/, "").slice(0, 80) || "file";

async function run() {
  const from = await source();
  if (!from) return complain(byId("paste"), t("import.nothing"));
  if (!namePattern.test(target())) {
    showTarget(true);
    return byId("target").focus();
  }
  const call = new AbortController();
  running = call;
  progress = newProgress(target(), from.blob.size);
  showRunning();
  byId("import-cancel").focus();
  byId("import-progress").scrollIntoView({ block: "nearest" });
  try {
    if (!allCollections().some((entry) => entry.name === progress.collection)) {
      await createCollection(progress.collection, call.signal).catch((error) => {
        // Made by someone else meanwhile: just as good.
        if (error.code !== "ALREADY_EXISTS") throw error;
      });
    }
    for await (const batch of batches(from)) {
      call.signal.throwIfAborted();
      await store(batch, call.signal);
    }
    progress.state = "finished";
    progress.bytes = progress.size;
  } catch (error) {
    progress.state = error.name === "AbortError" ? "cancelled" : "stopped";
    progress.error = error;
  }
  running = null;
  // The focus was on the way to cancel, which goes; it moves on to what can be done next.
  const wasWaiting = document.activeElement === byId("import-cancel");
  showRunning();
  if (wasWaiting) byId("import-progress").querySelector("a, button")?.focus();
  announce();
  await refreshCollections();
}

async function* batches({ blob, name, kind }) {
  let batch = { entries: [], unreadable: [], bytes: 0 }, characters = 0;
  for await (const entry of documents(blob, name, kind)) {
    batch.bytes = entry.bytes;
    if (entry.document) {
      batch.entries.push(entry);
      characters += entry.document.text.length;
    } else {
      batch.unreadable.push(entry);
    }
    const found = batch.entries.length + batch.unreadable.length;
    if (found >= batchDocuments || characters >= batchCharacters) {
      yield batch;
      batch = { entries: [], unreadable: [], bytes: entry.bytes };
      characters = 0;
    }
  }
  yield batch;
}

async function store(batch, signal) {
  for (const { line, reason } of batch.unreadable) progress.fail({ line, reason });
  const { entries } = batch, startBytes = progress.bytes;
  const acknowledge = (counts) => {
    for (const name of ["inserted", "replaced", "truncated"]) {
      progress.counts[name] += counts[name];
    }
    for (const { index, id, status } of counts.failures) {
      progress.fail({ line: entries[index]?.line ?? 0, id, message: status.message });
    }
    progress.bytes = startBytes + (batch.bytes - startBytes) * (counts.settled / entries.length);
    drawSoon();
  };
  if (entries.length) {
    await storeDocuments(
      progress.collection, entries.map((entry) => entry.document), acknowledge, signal);
  }
  progress.bytes = batch.bytes;
  drawSoon();
}

const drawSoon = debounce(draw, 30);

function draw() {
  if (progress) drawProgress(byId("import-progress"), progress, clear);
}

function clear() {
  progress = null;
  choose(null);
  byId("paste").value = "";
  fill(byId("import-progress"));
  showRunning();
  preview();
  byId("paste").focus();
}

function showRunning() {
  const active = Boolean(running);
  byId("import-cancel").hidden = !active;
  byId("import-start").disabled = active;
  for (const id of ["paste", "target", "choose"]) byId(id).disabled = active;
  draw();
}

function announce() {
  byId("import-status").textContent = progress.state === "finished"
    ? `${t("import.finished", { name: progress.collection })}. ${t("import.announce", {
      count: number(progress.stored()), failed: number(progress.counts.failed),
    })}`
    : progress.state === "cancelled"
      ? t("import.cancelled", { name: progress.collection })
      : t("import.stopped");
}

function complain(field, text) {
  fill(byId("preview"), make("p", { class: "warns" }, text));
  field.focus();
}

function choose(next) {
  file = next;
  const place = byId("chosen");
  place.hidden = !file;
  fill(place, file
    ? [make("strong", {}, file.name), make("span", { class: "faint" }, size(file.size)),
      make("button", {
        type: "button", class: "quiet", "aria-label": t("import.remove", { name: file.name }),
        on: { click: () => { choose(null); preview(); byId("choose").focus(); } },
      }, "✕")]
    : null);
  byId("file").value = "";
  if (file) {
    const name = stem(file.name).replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^[-_]+|-+$/g, "");
    if (name && byId("target").value === "my-texts") byId("target").value = name;
    showTarget();
  }
}

const size = (bytes) => (bytes < 1e6
  ? `${number(Math.max(1, Math.round(bytes / 1e3)))} kB`
  : `${number(Math.round(bytes / 1e5) / 10)} MB`);

/** Shows the first documents of what is to be imported. */
async function preview() {
  const place = byId("preview");
  const from = await source();
  if (!from) return fill(place);
  const found = [];
  let reason = null;
  const start = from.blob.slice(0, previewBytes);
  for await (const entry of documents(start, from.name, from.kind)) {
    if (entry.document) found.push(entry.document);
    else reason ??= entry.reason;
    if (found.length === 3) break;
  }
  if (!found.length) {
    return fill(place, make("p", { class: "warns" },
      t("import.unreadable", { reason: t(reason ?? "import.noText") })));
  }
  fill(place,
    make("p", { class: "faint" }, `${t("import.preview")} (${t(`import.kind.${from.kind}`)})`),
    make("ul", {}, found.map((document) => make("li", {}, titleOf({ ...document, id: document._id })))));
}

const previewSoon = debounce(preview, 250);

function showTarget(strict = false) {
  const name = target(), note = byId("target-note");
  const bad = !namePattern.test(name);
  const existing = allCollections().find((entry) => entry.name === name);
  note.classList.toggle("warns", bad && (strict || name !== ""));
  byId("target").setAttribute("aria-invalid", String(bad && (strict || name !== "")));
  note.textContent = bad
    ? t("import.badName")
    : existing
      ? t("import.existing", { name, count: number(existing.count) })
      : t("import.new");
}

function startDropping() {
  const area = byId("drop");
  const over = (is) => area.classList.toggle("over", is);
  for (const event of ["dragenter", "dragover"]) {
    area.addEventListener(event, (happening) => {
      happening.preventDefault();
      over(!running);
    });
  }
  area.addEventListener("dragleave", () => over(false));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    const [dropped, ...others] = event.dataTransfer?.files ?? [];
    if (!dropped || running) return;
    choose(dropped);
    preview();
    byId("import-status").textContent = others.length ? t("import.oneFile", { name: dropped.name }) : "";
  });
}

/** Prepares the view. */
export function startImport() {
  startDropping();
  byId("choose").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", (event) => {
    const chosen = event.target.files?.[0];
    if (!chosen) return;
    choose(chosen);
    preview();
  });
  byId("paste").addEventListener("input", () => {
    if (file) choose(null);
    previewSoon();
  });
  byId("target").addEventListener("input", () => showTarget());
  byId("import-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!running) run();
  });
  byId("import-cancel").addEventListener("click", () => running?.abort());
  onCollections(() => {
    fill(byId("targets"), allCollections().map(({ name }) => make("option", { value: name })));
    showTarget();
  });
  onLanguage(() => {
    showTarget();
    choose(file);
    preview();
    draw();
  });
}
