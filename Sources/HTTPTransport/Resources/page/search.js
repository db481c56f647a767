// The search view: a query in, hits as it is typed; an answer that comes after a newer one is dropped.
import { failed, search } from "./api.js";
import {
  allCollections, collectionsFailure, collectionsLoaded, currentCollection, hasLanguages,
  onCollections, refreshCollections,
} from "./collections.js";
import { byId, debounce, fill, make, tip } from "./dom.js";
import { titleOf } from "./document.js";
import { barScale, hitList } from "./hits.js";
import { language, languageName, number, onLanguage, t } from "./language.js";
import { emptyNotice, errorNotice, errorTitle } from "./notices.js";
import { receiptLine } from "./receipt.js";
import { address, change, onState, state } from "./state.js";
import { examples } from "./strings.js";

const typingPause = 160;
const firstHits = { pair: 8, all: 12, ko: 12, en: 12 };
const moreHits = 12;
const mostHits = 100;

let reranker = false;
let bilingual = true;
let limit = firstHits.pair;
let running = null;
// The last answer, kept so that a change of the interface's language can draw it again.
let answer = null;

/** Whether the server can re-rank. */
export function setReranker(available) {
  reranker = available;
  showControls();
  if (state.mode === "rerank" && state.q) refresh();
}

const effectiveMode = () => (state.mode === "rerank" && !reranker ? "hybrid" : state.mode);
const effectiveShow = () => (bilingual ? state.show : "all");

/** The searches of one query: one, or one for each language side by side. */
function columns() {
  const show = effectiveShow();
  if (show === "all") return [null];
  if (show === "pair") return language() === "en" ? ["en", "ko"] : ["ko", "en"];
  return [show];
}

function request(lang) {
  const mode = effectiveMode();
  return {
    query: state.q.trim(), limit, mode: mode === "rerank" ? "hybrid" : mode,
    rerank: mode === "rerank", filter: lang ? `lang == "${lang}"` : "",
  };
}

async function refresh() {
  running?.abort();
  running = null;
  const query = state.q.trim();
  if (state.tab !== "search") return;
  const collection = currentCollection();
  if (!query || !collection) {
    answer = null;
    busy(false);
    return render();
  }
  const call = new AbortController();
  running = call;
  busy(true);
  try {
    const both = await hasLanguages(collection.name);
    if (running !== call) return;
    bilingual = both;
    showControls();
    const langs = columns();
    const replies = await Promise.all(
      langs.map((lang) => search(collection.name, request(lang), call.signal)));
    if (running !== call) return;
    answer = { langs, mode: effectiveMode(), replies };
  } catch (error) {
    if (running !== call || error.name === "AbortError") return;
    answer = { error };
  }
  running = null;
  busy(false);
  render();
  announce();
}

const refreshSoon = debounce(refresh, typingPause);

function busy(is) {
  byId("results").setAttribute("aria-busy", String(is));
  if (is && !answer) fill(byId("results"), skeleton());
}

function skeleton() {
  return make("div", { class: "skeleton", "aria-hidden": "true" },
    [0, 1, 2].map(() => make("div", {}, make("i"), make("i"), make("i"))));
}

function render() {
  const results = byId("results"), receipt = byId("receipt");
  const collection = currentCollection();
  fill(receipt);
  if (collectionsFailure() && !allCollections().length) {
    return fill(results, withoutCollections(collectionsFailure()));
  }
  if (!collectionsLoaded()) return fill(results, skeleton());
  if (!collection) return fill(results, noCollection());
  if (answer?.error) return fill(results, errorNotice(answer.error, refresh));
  if (!answer) return fill(results, welcome(collection));
  const first = answer.replies[0].results?.[0];
  if (failed(first)) {
    return fill(results, emptyNotice(t("search.queryFailed"), first.status.message));
  }
  if (first?.receipt && answer.mode !== "text") {
    fill(receipt, receiptLine(first.receipt,
      Math.max(...answer.replies.map((reply) => Number(reply.timings?.total_ns ?? 0)))));
  }
  fill(results, ...hitColumns());
}

function hitColumns() {
  const lists = answer.replies.map((reply) => reply.results?.[0]?.hits ?? []);
  const all = lists.flat();
  if (!all.length) {
    return [emptyNotice(t("search.none"),
      answer.mode === "text" ? t("search.none.text") : t("search.none.filter"))];
  }
  const bar = barScale(all.map((hit) => hit.score));
  const parts = lists.map((hits, index) => {
    const lang = answer.langs[index];
    const label = lang ? languageName(lang) : t("search.both");
    return make("div", { class: "column" },
      make("h2", { class: "columnhead eyebrow" },
        make("span", {}, label),
        index === lists.length - 1 ? tip(t("hit.scoresLabel"), t("hit.scores")) : null),
      hits.length
        ? hitList(hits, { mode: answer.mode, bar, label, mixed: !lang })
        : make("p", { class: "faint" },
          answer.mode === "text" ? t("search.none.text") : t("search.none.filter")));
  });
  const more = limit < mostHits && lists.some((hits) => hits.length === limit)
    ? make("p", { class: "more" }, make("button", {
      type: "button", class: "quiet",
      on: { click: () => { limit = Math.min(mostHits, limit + moreHits); refresh(); } },
    }, t("search.moreHits")))
    : null;
  return [make("div", { class: `columns of${parts.length}` }, parts), more];
}

function withoutCollections(failure) {
  return failure.code === "UNIMPLEMENTED"
    ? emptyNotice(t("search.noStore"), t("search.noStore.text"),
      { href: address({ tab: "compare" }), text: t("tab.compare") })
    : errorNotice(failure, refreshCollections);
}

function noCollection() {
  const link = { href: address({ tab: "import" }), text: t("search.toImport") };
  return state.in
    ? emptyNotice(t("search.missing", { name: state.in }), t("search.missing.text"), link)
    : emptyNotice(t("search.noCollection"), t("search.noCollection.text"), link);
}

function welcome(collection) {
  if (collection.count === 0) {
    return emptyNotice(t("search.empty"), t("search.empty.text"),
      { href: address({ tab: "import" }), text: t("search.toImport") });
  }
  const isDemo = collection.name === "demo";
  const group = (lang) => make("div", {},
    make("h2", { class: "eyebrow" }, t(`search.examples.${lang}`)),
    make("ul", { class: "examples", lang }, examples[lang].map((text) =>
      make("li", {}, make("a", { href: address({ q: text }) }, text)))));
  return make("div", { class: "welcome" },
    make("p", { class: "lead" }, isDemo
      ? t("search.welcome.demo")
      : t("search.welcome.own", {
        name: collection.name, count: number(collection.count), amount: collection.count,
      })),
    isDemo ? make("p", {}, t("search.welcome")) : null,
    isDemo ? make("div", { class: "examplegroups" }, group("ko"), group("en")) : null);
}

function announce() {
  const hits = answer?.replies?.flatMap((reply) => reply.results?.[0]?.hits ?? []) ?? [];
  byId("search-status").textContent = answer?.error
    ? errorTitle(answer.error)
    : hits.length
      ? t("search.settled", {
        count: number(hits.length), amount: hits.length,
        title: titleOf(hits[0].document ?? { id: hits[0].id }),
      })
      : t("search.none");
}

function segments(id, name, entries, extra) {
  const fieldset = byId(id);
  const focused = fieldset.contains(document.activeElement) ? document.activeElement.value : null;
  const legend = fieldset.querySelector("legend");
  legend.textContent = t(`${name}.legend`);
  fill(fieldset, legend, entries.map(({ value, checked, disabled }) =>
    make("label", { class: disabled ? "disabled" : null },
      make("input", {
        type: "radio", name, value, checked, disabled,
        on: { change: () => change({ [name]: value }, { step: true }) },
      }),
      make("span", {}, t(`${name}.${value}`)))), extra);
  if (focused) fieldset.querySelector(`input[value="${focused}"]`)?.focus();
}

function showControls() {
  const mode = effectiveMode(), show = effectiveShow();
  segments("modes", "mode", ["vector", "text", "hybrid", "rerank"].map((value) => ({
    value, checked: value === mode, disabled: value === "rerank" && !reranker,
  })), tip(t("more"), reranker ? t("mode.help") : `${t("mode.help")} ${t("mode.noReranker")}`));
  segments("shows", "show", ["pair", "all", "ko", "en"].map((value) => ({
    value, checked: value === show, disabled: !bilingual && value !== "all",
  })), bilingual ? null : tip(t("more"), t("show.none")));
}

/** Arrow keys walk through the hits: down and up in a column, left and right between columns. */
function walk(event) {
  const columnsOfLinks = [...document.querySelectorAll("#results .column")]
    .map((column) => [...column.querySelectorAll(".hitlink")]).filter((links) => links.length);
  if (!columnsOfLinks.length) return;
  const inInput = event.target === byId("query");
  const column = columnsOfLinks.findIndex((links) => links.includes(event.target));
  const row = columnsOfLinks[column]?.indexOf(event.target) ?? -1;
  let target = null;
  if (event.key === "ArrowDown") {
    target = inInput ? columnsOfLinks[0][0] : columnsOfLinks[column]?.[row + 1];
  } else if (event.key === "ArrowUp" && !inInput && column >= 0) {
    target = row === 0 ? byId("query") : columnsOfLinks[column][row - 1];
  } else if (!inInput && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
    const other = columnsOfLinks[column + (event.key === "ArrowRight" ? 1 : -1)];
    target = other?.[Math.min(row, other.length - 1)];
  }
  if (!target) return;
  event.preventDefault();
  target.focus();
}

/** Lights up a hit's sibling in the other column. */
function pairUp(event) {
  const article = event.target.closest?.(".hit")?.dataset.article;
  for (const hit of document.querySelectorAll("#results .hit")) {
    hit.classList.toggle("paired", Boolean(article) && hit.dataset.article === article);
  }
}

/** Prepares the view. */
export function startSearch() {
  const input = byId("query"), view = byId("view-search");
  input.addEventListener("input", () => change({ q: input.value }));
  byId("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    refresh();
  });
  view.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target === input || event.target.classList.contains("hitlink")) walk(event);
  });
  for (const event of ["pointerover", "focusin"]) byId("results").addEventListener(event, pairUp);
  byId("results").addEventListener("pointerleave", pairUp);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, dialog");
    if (event.key !== "/" || typing || state.tab !== "search") return;
    event.preventDefault();
    input.focus();
  });
  onState((now, before) => {
    if (input.value !== now.q) input.value = now.q;
    const same = (name) => now[name] === before[name];
    if (!same("q") || !same("show")) limit = firstHits[now.show];
    if (!same("mode") || !same("show")) showControls();
    if (same("q") && same("mode") && same("show") && same("in") && same("tab")) return;
    if (same("q")) refresh(); else refreshSoon();
  });
  onCollections(() => { answer = null; refresh(); });
  onLanguage(() => {
    showControls();
    // The reader's language stands first side by side, so the columns may change places.
    if (answer?.replies && answer.langs.length > 1 && answer.langs[0] !== columns()[0]) {
      answer.langs.reverse();
      answer.replies.reverse();
    }
    render();
  });
}
