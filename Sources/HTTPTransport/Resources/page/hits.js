// Hits as cards: rank, title, beginning of the text, bar relative to the hits shown, evidence.
import { make } from "./dom.js";
import { openDocument, titleOf } from "./document.js";
import { decimal, fieldName, languageName, t } from "./language.js";

const snippetLength = 220;
// The last hit shown keeps a sliver of a bar, so that it still reads as a bar.
const shortestBar = 0.06;

/** Maps a score onto a bar's length, 0 to 1, relative to the scores shown. */
export function barScale(scores) {
  const low = Math.min(...scores), high = Math.max(...scores);
  if (!(high > low)) return () => 1;
  return (score) => shortestBar + (1 - shortestBar) * ((score - low) / (high - low));
}

/**
 * A list of hits. `mode` says what the score is; `bar` comes from `barScale`; `mixed` marks each hit with its
 * language.
 */
export function hitList(hits, { mode, bar, label, mixed }) {
  return make("ol", { class: "hits", "aria-label": label },
    hits.map((hit, index) => card(hit, index + 1, { mode, bar, mixed })));
}

function card(hit, rank, { mode, bar, mixed }) {
  const document = hit.document ?? { id: hit.id };
  const { lang, field, article } = document.metadata ?? {};
  const text = document.title ? document.text ?? "" : "";
  const snippet = text.length > snippetLength ? `${text.slice(0, snippetLength)}…` : text;
  const open = (event) => {
    event.preventDefault();
    openDocument(document);
  };
  return make("li", { class: "hit", data: { id: hit.id, article: article ?? "" } },
    make("span", { class: "rank", "aria-label": t("hit.position", { rank }) }, String(rank)),
    make("div", { class: "hitbody" },
      make("h3", { lang },
        make("button", { type: "button", class: "hitlink", on: { click: open } },
          titleOf(document))),
      snippet ? make("p", { class: "snippet", lang }, snippet) : null,
      make("div", { class: "measure" },
        make("span", { class: "bar", style: { "--length": String(bar(hit.score)) } }),
        make("span", { class: "evidence" }, evidence(hit, mode)),
        make("span", { class: "marks" },
          field ? make("span", {}, fieldName(String(field))) : null,
          mixed && lang ? make("span", {}, languageName(lang)) : null))));
}

const cosine = (hit) => `${t("hit.cosine")} ${decimal(hit.vector_score ?? hit.score, 3)}`;
const words = (hit) => `${t("hit.bm25")} ${decimal(hit.text_score ?? hit.score, 1)}`;
const meaningRank = (hit) =>
  hit.vector_rank ? t("hit.meaningRank", { rank: hit.vector_rank }) : t("hit.noMeaning");
const wordRank = (hit) =>
  hit.text_rank ? t("hit.wordRank", { rank: hit.text_rank }) : t("hit.noWords");

function evidence(hit, mode) {
  if (mode === "text") return words(hit);
  if (mode === "hybrid") return `${meaningRank(hit)} · ${wordRank(hit)}`;
  if (mode === "rerank") {
    return `${t("hit.rerank")} ${decimal(hit.rerank_score ?? hit.score, 3)} · `
      + `${meaningRank(hit)} · ${wordRank(hit)}`;
  }
  return cosine(hit);
}
