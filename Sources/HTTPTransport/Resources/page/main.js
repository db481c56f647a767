// Puts the page together: tabs, language, collections, views, and the server's absence.
import { getModel, onReachability } from "./api.js";
import { refreshCollections, startCollections } from "./collections.js";
import { startCompare } from "./compare.js";
import { startDocument } from "./document.js";
import { byId, make, fill } from "./dom.js";
import { startImport } from "./import.js";
import { language, onLanguage, setLanguage, t } from "./language.js";
import { startMap } from "./map.js";
import { setReranker, startSearch } from "./search.js";
import { address, onState, startState, state } from "./state.js";

const retryMilliseconds = 3000;
let model = null;
let retryTimer = null;

function showTab(before = {}) {
  for (const link of document.querySelectorAll("[data-tab]")) {
    const chosen = link.dataset.tab === state.tab;
    link.toggleAttribute("aria-current", chosen);
    if (chosen) link.setAttribute("aria-current", "page");
    link.href = address({ tab: link.dataset.tab, doc: "" });
  }
  for (const view of document.querySelectorAll("[data-view]")) {
    view.hidden = view.dataset.view !== state.tab;
  }
  document.title = `${t(`${state.tab}.title`)} · Duri 두리`;
  if (before.tab && before.tab !== state.tab) scrollTo(0, 0);
}

function showLanguage() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language()));
  }
  showModel();
  showTab();
}

function showModel() {
  const contract = model?.contract;
  byId("model-line").textContent = contract
    ? t("model.line", {
      name: contract.name, dimension: contract.dimension, precision: model.precision,
      version: model.version,
    })
    : "";
}

async function refreshModel() {
  try {
    model = await getModel();
  } catch {
    // The outage bar, or the first search, tells what is wrong.
    return;
  }
  setReranker(Boolean(model.reranker));
  showModel();
}

async function refresh() {
  await Promise.all([refreshModel(), refreshCollections()]);
}

function showOutage(answered) {
  const bar = byId("outage");
  if (answered === bar.hidden) return;
  bar.hidden = answered;
  fill(bar, answered ? null : make("p", {}, t("outage.text")));
  clearInterval(retryTimer);
  if (!answered) retryTimer = setInterval(refresh, retryMilliseconds);
}

byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("main").focus();
});
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => setLanguage(button.dataset.language));
}
onReachability(showOutage);
onState((now, before) => showTab(before));
onLanguage(showLanguage);
startCollections();
startDocument();
startSearch();
startCompare();
startMap();
startImport();
setLanguage();
startState();
refresh();
