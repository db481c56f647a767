// One document and its sibling in the other language, in a dialog that the address names: `…&doc=id`.
import { getDocument, listDocuments, quoted } from "./api.js";
import { currentCollection, onCollections } from "./collections.js";
import { byId, fill, make } from "./dom.js";
import { fieldName, language, languageName, onLanguage, t } from "./language.js";
import { errorNotice } from "./notices.js";
import { change, onState, state } from "./state.js";

// What the dialog shows: `{id, collection, document, sibling, pending, error}`, or null.
let shown = null;
// The document about to be opened from a list that holds it already.
let known = null;

/** Documents of one article carry the same metadata `article` and differ in `lang`. */
export function siblingOf(document, documents) {
  const { article, lang } = document.metadata ?? {};
  if (!article || !lang) return null;
  return documents.find(
    (other) => other.metadata?.article === article && other.metadata.lang !== lang) ?? null;
}

/** Title of a document; one without a title begins with its text. */
export function titleOf(document) {
  if (document.title) return document.title;
  const text = (document.text ?? "").trim();
  return text.length > 60 ? `${text.slice(0, 60)}…` : text || document.id;
}

/** Opens the dialog. */
export function openDocument(document) {
  known = document;
  change({ doc: document.id }, { step: true });
}

/** Makes the dialog show what the address says. */
async function follow() {
  const dialog = byId("document"), collection = currentCollection()?.name;
  if (!state.doc || !collection) {
    shown = null;
    if (dialog.open) dialog.close();
    return;
  }
  if (shown?.id === state.doc && shown.collection === collection) return;
  const opened = {
    id: state.doc, collection, document: known?.id === state.doc && known.text ? known : null,
    sibling: null, pending: true, error: null,
  };
  known = null;
  shown = opened;
  render();
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  try {
    opened.document ??= await getDocument(collection, opened.id);
    opened.sibling = await findSibling(opened.document, collection);
  } catch (error) {
    // Without its sibling the document is still there; without the document nothing is.
    if (!opened.document) opened.error = error;
  }
  opened.pending = false;
  if (shown === opened) render();
}

async function findSibling(document, collection) {
  if (!document.metadata?.article) return null;
  const filter = `article == ${quoted(String(document.metadata.article))}`;
  const { documents } = await listDocuments(collection, { filter, pageSize: 10 });
  return siblingOf(document, documents);
}

function render() {
  if (!shown) return;
  const { document, sibling, pending, error } = shown;
  const isPaired = sibling || (pending && document?.metadata?.article);
  const dialog = byId("document");
  const hadFocus = dialog.contains(globalThis.document.activeElement);
  const close = make("button", {
    type: "button", class: "quiet", "aria-label": t("close"), title: t("close"),
    on: { click: () => dialog.close() },
  }, "✕");
  fill(dialog,
    make("div", { class: "closing" }, close),
    make("div", { class: isPaired ? "siblings" : "siblings single" },
      document ? article(document, "document-title") : null,
      sibling ? article(sibling, "sibling-title") : null,
      pending ? make("p", { class: "faint" }, t("document.loading")) : null,
      error ? errorNotice(error) : null),
    document ? facts(document) : null);
  if (hadFocus) close.focus();
}

function article(document, id) {
  const lang = document.metadata?.lang;
  return make("article", { lang },
    lang ? make("p", { class: "eyebrow", lang: language() }, languageName(lang)) : null,
    make("h2", { id }, titleOf(document)),
    document.text
      ? document.text.split(/\n+/).map((paragraph) => make("p", {}, paragraph))
      : make("p", { class: "faint", lang: language() }, t("document.noText")));
}

function facts(document) {
  const { field, tags, lang, article: subject, ...others } = document.metadata ?? {};
  const rows = [[t("document.id"), document.id]];
  if (field) rows.push([t("document.field"), fieldName(String(field))]);
  if (Array.isArray(tags) && tags.length) rows.push([t("document.tags"), tags.join(", ")]);
  for (const [name, value] of Object.entries(others)) {
    rows.push([name, Array.isArray(value) ? value.join(", ") : String(value)]);
  }
  return make("dl", { class: "facts" }, rows.map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

/** Prepares the dialog. */
export function startDocument() {
  const dialog = byId("document");
  dialog.addEventListener("close", () => {
    if (state.doc) change({ doc: "" });
  });
  dialog.addEventListener("click", (event) => {
    // A click beside the dialog's content falls on the dialog itself: its backdrop.
    if (event.target === dialog) dialog.close();
  });
  onState((now, before) => {
    if (now.doc !== before.doc || now.in !== before.in) follow();
  });
  onCollections(follow);
  onLanguage(render);
}
