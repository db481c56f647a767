// The collections of the server and the one in use.
import { listCollections, listDocuments } from "./api.js";
import { byId, fill, make } from "./dom.js";
import { number, onLanguage, t } from "./language.js";
import { change, onState, state } from "./state.js";

let collections = [];
let failure = null;
let loaded = false;
const listeners = [];
const bilingual = new Map();

/** All collections of the server, by name. */
export const allCollections = () => collections;

/** Why they could not be read, or null. */
export const collectionsFailure = () => failure;

/** Whether the server has told its collections yet. */
export const collectionsLoaded = () => loaded;

/** The collection in use: the one named in the address, else the demo, else the largest; or null. */
export function currentCollection() {
  const wanted = state.in || "demo";
  return collections.find((entry) => entry.name === wanted)
    ?? (state.in ? null : [...collections].sort((a, b) => b.count - a.count)[0] ?? null);
}

/** Calls `listener()` when the collections or the one in use change. */
export const onCollections = (listener) => listeners.push(listener);

/** Asks the server again. */
export async function refreshCollections() {
  try {
    const answer = await listCollections();
    collections = answer.map((entry) => ({ ...entry, count: Number(entry.count ?? 0) }));
    failure = null;
  } catch (error) {
    failure = error;
    // What was known stays usable until the server is back.
    if (collections.length) return;
  }
  loaded = true;
  bilingual.clear();
  show();
  for (const listener of listeners) listener();
}

/** Whether documents of the collection say that they are Korean or English (metadata `lang`). */
export async function hasLanguages(name) {
  if (!bilingual.has(name)) {
    const probe = async (code) =>
      (await listDocuments(name, { filter: `lang == "${code}"`, pageSize: 1 })).documents.length;
    bilingual.set(
      name,
      Promise.all([probe("ko"), probe("en")])
        .then(([korean, english]) => korean > 0 && english > 0)
        .catch(() => { bilingual.delete(name); return false; }));
  }
  return bilingual.get(name);
}

function show() {
  const select = byId("collection");
  const current = currentCollection();
  const options = collections.map((entry) =>
    make("option", { value: entry.name },
      t("collection.option", { name: entry.name, count: number(entry.count) })));
  if (!current && loaded) {
    options.unshift(make("option", { value: "", disabled: true },
      state.in ? t("collection.missing", { name: state.in }) : t("collection.none")));
  }
  fill(select, options);
  select.value = current?.name ?? "";
  select.disabled = collections.length === 0;
}

/** Prepares the selector. */
export function startCollections() {
  byId("collection").addEventListener("change", (event) => {
    change({ in: event.target.value }, { step: true });
  });
  onState((now, before) => {
    if (now.in === before.in) return;
    show();
    for (const listener of listeners) listener();
  });
  onLanguage(show);
}
