// The comparison view: pasted sentences in, a heat map of their cosines out.
import { similarity } from "./api.js";
import { byId, debounce, fill, make } from "./dom.js";
import { drawHeatMap } from "./heatmap.js";
import { decimal, number, onLanguage, t } from "./language.js";
import { errorNotice, errorTitle } from "./notices.js";
import { onState, state } from "./state.js";
import { sentences as exampleSentences } from "./strings.js";

const most = 50;
let running = null;
let answer = null;
let opened = false;

const typed = () =>
  byId("sentences").value.split("\n").map((line) => line.trim()).filter(Boolean);

async function refresh() {
  running?.abort();
  running = null;
  const sentences = typed().slice(0, most);
  if (sentences.length < 2) {
    answer = null;
    return render();
  }
  const call = new AbortController();
  running = call;
  byId("heatmap").setAttribute("aria-busy", "true");
  try {
    const reply = await similarity(sentences, call.signal);
    if (running !== call) return;
    answer = { sentences, scores: reply.scores.flat(), statuses: reply.statuses };
  } catch (error) {
    if (running !== call || error.name === "AbortError") return;
    answer = { error };
  }
  running = null;
  render();
  announce();
}

function showCount() {
  const count = typed().length;
  byId("compare-count").textContent = count > most
    ? t("compare.tooMany", { count: number(count) })
    : count === 1
      ? t("compare.tooFew")
      : t("compare.count", { count: number(count), amount: count });
}

const showCountSoon = debounce(showCount, 150);

function render() {
  const place = byId("heatmap");
  place.setAttribute("aria-busy", "false");
  if (!answer) return fill(place);
  if (answer.error) return fill(place, errorNotice(answer.error, refresh));
  drawHeatMap(place, answer);
}

function announce() {
  const status = byId("compare-status");
  if (!answer) {
    status.textContent = "";
    return;
  }
  if (answer.error) {
    status.textContent = errorTitle(answer.error);
    return;
  }
  const { sentences, scores } = answer, n = sentences.length;
  let best = null;
  for (let row = 0; row < n; row += 1) {
    for (let column = row + 1; column < n; column += 1) {
      const score = scores[row * n + column];
      if (Number.isFinite(score) && (!best || score > best.score)) best = { row, column, score };
    }
  }
  status.textContent = best
    ? t("compare.done", {
      count: number(n), first: sentences[best.row], second: sentences[best.column],
      score: decimal(best.score, 2),
    })
    : t("compare.failed");
}

/** Prepares the view; the example is computed when it is first seen. */
export function startCompare() {
  const input = byId("sentences");
  input.value = exampleSentences.join("\n");
  input.addEventListener("input", showCountSoon);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    refresh();
  });
  byId("compare-form").addEventListener("submit", (event) => {
    event.preventDefault();
    refresh();
  });
  byId("compare-example").addEventListener("click", () => {
    input.value = exampleSentences.join("\n");
    showCount();
    refresh();
  });
  onState(() => {
    if (state.tab !== "compare" || opened) return;
    opened = true;
    refresh();
  });
  onLanguage(() => {
    showCount();
    render();
  });
}
