// A square table of cosines, coloured from its lowest to its highest pair; arrow keys walk over it.
import { failed } from "./api.js";
import { fill, make, tip } from "./dom.js";
import { decimal, t } from "./language.js";

/** The lowest and highest score of two different sentences. */
function range(scores, n) {
  let low = Infinity, high = -Infinity;
  for (let row = 0; row < n; row += 1) {
    for (let column = 0; column < n; column += 1) {
      const score = scores[row * n + column];
      if (row === column || !Number.isFinite(score)) continue;
      low = Math.min(low, score);
      high = Math.max(high, score);
    }
  }
  return high >= low ? { low, high } : null;
}

/** The column of a row's closest other sentence, or -1. */
function closest(scores, n, row) {
  let best = -1;
  for (let column = 0; column < n; column += 1) {
    const score = scores[row * n + column];
    if (column === row || !Number.isFinite(score)) continue;
    if (best < 0 || score > scores[row * n + best]) best = column;
  }
  return best;
}

/** Draws into `place`: `scores` row-major, null where a sentence failed. */
export function drawHeatMap(place, { sentences, scores, statuses }) {
  const n = sentences.length;
  const span = range(scores, n);
  const detail = make("p", { class: "pairdetail" }, t("compare.pick"));
  const lang = (text) => (/[\u3131-\ud79d]/.test(text) ? "ko" : "en");
  const cell = (row, column) => {
    const score = scores[row * n + column];
    const missing = !Number.isFinite(score);
    const width = span ? span.high - span.low : 0;
    const heat = missing ? 0 : width > 0 ? (score - span.low) / width : 1;
    const classes = [missing ? "failed" : "", row === column ? "self" : "",
      !missing && closest(scores, n, row) === column ? "closest" : ""].filter(Boolean).join(" ");
    return make("td", {
      role: "gridcell", tabindex: row === 0 && column === 0 ? "0" : "-1", class: classes || null,
      data: { row, column },
      style: { "--heat": `${Math.round(Math.max(0, Math.min(1, heat)) * 100)}%` },
    }, missing ? "–" : decimal(score, 2));
  };
  const table = make("table", { class: n > 16 ? "heat dense" : "heat", role: "grid" },
    make("caption", { class: "unseen" }, t("compare.table")),
    make("thead", {}, make("tr", { role: "row" },
      make("th", { scope: "col", class: "corner", role: "columnheader" }, t("compare.sentence")),
      sentences.map((text, index) =>
        make("th", { scope: "col", role: "columnheader" },
          make("span", { "aria-hidden": "true" }, String(index + 1)),
          make("span", { class: "unseen", lang: lang(text) }, text))))),
    make("tbody", {}, sentences.map((text, row) =>
      make("tr", { role: "row" },
        make("th", { scope: "row", role: "rowheader" },
          make("span", { class: "sentenceline" },
            make("span", { class: "index" }, String(row + 1)),
            make("span", { class: "sentence", lang: lang(text), title: text }, text)),
          failed(statuses[row])
            ? make("span", { class: "faint" }, ` ${t("compare.failed")}: ${statuses[row].message}`)
            : null),
        sentences.map((_, column) => cell(row, column))))));
  walkable(table, n, (row, column) => explain(detail, sentences, scores, row, column, lang));
  fill(place,
    legend(span),
    make("div", {
      class: "scroller", role: "region", tabindex: "0", "aria-label": t("compare.scroll"),
    }, table),
    detail);
}

function legend(span) {
  if (!span) return null;
  return make("div", { class: "heatlegend" },
    make("span", { class: "eyebrow" }, t("compare.legend")),
    make("span", { class: "faint" }, `${decimal(span.low, 2)} ${t("compare.legendLow")}`),
    make("span", { class: "ramp", "aria-hidden": "true" }),
    make("span", { class: "faint" }, `${decimal(span.high, 2)} ${t("compare.legendHigh")}`),
    tip(t("more"), t("compare.legendHelp")));
}

function explain(detail, sentences, scores, row, column, lang) {
  const n = sentences.length, score = scores[row * n + column];
  const sentence = (index) => make("span", { lang: lang(sentences[index]) },
    make("b", {}, `${index + 1} `), sentences[index]);
  fill(detail,
    make("strong", {}, Number.isFinite(score) ? decimal(score, 3) : t("compare.failed")),
    sentence(row), sentence(column));
}

function walkable(table, n, show) {
  const at = (row, column) => table.querySelector(`[data-row="${row}"][data-column="${column}"]`);
  const light = (row, column) => {
    for (const lit of table.querySelectorAll(".lit")) lit.classList.remove("lit");
    table.tBodies[0].rows[row].cells[0].classList.add("lit");
    table.tHead.rows[0].cells[column + 1].classList.add("lit");
    show(row, column);
  };
  const place = (event) => {
    const cell = event.target.closest?.("td");
    return cell ? [Number(cell.dataset.row), Number(cell.dataset.column)] : null;
  };
  table.addEventListener("pointerover", (event) => {
    const found = place(event);
    if (found) light(...found);
  });
  table.addEventListener("focusin", (event) => {
    const found = place(event);
    if (!found) return;
    table.querySelector("td[tabindex='0']").tabIndex = -1;
    event.target.tabIndex = 0;
    light(...found);
  });
  table.addEventListener("keydown", (event) => {
    const found = place(event);
    if (!found) return;
    const [row, column] = found;
    const target = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
      Home: [row, 0], End: [row, n - 1],
    }[event.key];
    if (!target) return;
    event.preventDefault();
    at(...target)?.focus();
  });
}
