// The map view: a collection's documents in two dimensions, and the query among them.
import { listDocuments, project, search } from "./api.js";
import { collectionsLoaded, currentCollection, onCollections } from "./collections.js";
import { openDocument, titleOf } from "./document.js";
import { byId, debounce, fill, make } from "./dom.js";
import { fieldName, languageName, number, onLanguage, t } from "./language.js";
import { drawLegend } from "./maplegend.js";
import { grouping } from "./mapgroups.js";
import { MapCanvas } from "./mapcanvas.js";
import { errorNotice } from "./notices.js";
import { change, onState, state } from "./state.js";

const typingPause = 250;
const neighbourCount = 5;
const pageSize = 1000;
// More points than this are neither readable nor drawn at once.
const mostDocuments = 20_000;

let canvas = null;
let map = null;
let shown = null;
let nearest = [];
let running = null;
let placing = null;

const visible = () => state.tab === "map";

async function documentsById(name, signal) {
  const found = new Map();
  let pageToken = "";
  for (;;) {
    const answer = await listDocuments(name, { pageSize, pageToken }, signal);
    for (const document of answer.documents) found.set(document.id, document);
    pageToken = answer.nextPageToken;
    if (!pageToken) return found;
  }
}

async function load() {
  running?.abort();
  running = null;
  const collection = currentCollection();
  if (!visible()) return;
  const obstacle = whyNot(collection);
  if (obstacle) {
    shown = null;
    nearest = [];
    map.setPoints([]);
    fill(byId("map-legend"));
    showNearest();
    return message(make("p", {}, obstacle));
  }
  if (shown?.name === collection.name && shown.count === collection.count) return place();
  const call = new AbortController();
  running = call;
  message(make("p", {}, t("map.drawing")));
  try {
    const [layout, documents] = await Promise.all([
      project(collection.name, [], call.signal), documentsById(collection.name, call.signal)]);
    if (running !== call) return;
    const points = (layout.documents ?? []).map((point) => ({
      ...point, document: documents.get(point.id) ?? { id: point.id },
    }));
    shown = { name: collection.name, count: collection.count, points };
  } catch (error) {
    if (running !== call || error.name === "AbortError") return;
    shown = null;
    return message(errorNotice(error, load));
  }
  running = null;
  message(null);
  show();
  place();
}

/** Why there is no map of the collection; null if there is one. */
function whyNot(collection) {
  if (!collection) return collectionsLoaded() ? t("search.noCollection") : t("map.drawing");
  if (collection.count === 0) return t("map.empty");
  return collection.count > mostDocuments
    ? t("map.tooMany", { most: number(mostDocuments) })
    : null;
}

function message(content) {
  const bar = byId("map-message");
  bar.hidden = !content;
  fill(bar, content);
  if (content) byId("map-count").textContent = "";
}

/** Gives the points their groups and looks, and draws everything. */
function show() {
  if (!shown) return;
  const groups = grouping(shown.points.map((point) => point.document));
  shown.groups = groups;
  map.group = null;
  map.setPoints(shown.points.map((point) => {
    const group = groups.of(point.document);
    return {
      ...point, group, look: groups.look(group), ring: point.document.metadata?.lang === "en",
      groupName: groups.key === "field" ? fieldName(group) : group,
    };
  }));
  canvas.dataset.points = String(map.points.length);
  canvas.setAttribute("aria-label", t("map.canvas", { count: number(map.points.length) }));
  byId("map-count").textContent =
    t("map.count", { count: number(map.points.length), amount: map.points.length });
  drawLegend(byId("map-legend"), groups, (group) => {
    map.group = group;
    map.draw();
  });
}

async function place() {
  placing?.abort();
  const query = state.q.trim();
  if (!visible() || !shown) return;
  if (!query) {
    map.query = null;
    map.neighbours = [];
    nearest = [];
    showNearest();
    return map.draw();
  }
  const call = new AbortController();
  placing = call;
  const { name } = shown;
  try {
    const [layout, found] = await Promise.all([
      project(name, [query], call.signal),
      search(name, { query, limit: neighbourCount }, call.signal)]);
    if (placing !== call || shown?.name !== name) return;
    const rows = new Map(map.points.map((point, index) => [point.id, index]));
    nearest = (found.results?.[0]?.hits ?? []).filter((hit) => rows.has(hit.id));
    map.query = layout.texts?.[0] ?? null;
    map.neighbours = nearest.map((hit) => rows.get(hit.id));
    canvas.dataset.query = map.query ? "placed" : "";
    map.draw();
    showNearest();
    if (nearest.length) {
      byId("map-status").textContent =
        t("map.placed", { title: titleOf(nearest[0].document ?? nearest[0]) });
    }
  } catch (error) {
    if (placing !== call || error.name === "AbortError") return;
    fill(byId("map-nearest"), errorNotice(error, place));
  }
}

const placeSoon = debounce(place, typingPause);

function showNearest() {
  const place = byId("map-nearest");
  if (!nearest.length) return fill(place);
  fill(place,
    make("h2", { class: "eyebrow" }, t("map.nearest")),
    make("ol", { class: "nearest" }, nearest.map((hit) => {
      const document = hit.document ?? { id: hit.id };
      const lang = document.metadata?.lang;
      return make("li", {},
        make("button", {
          type: "button", class: "hitlink", lang, on: { click: () => openDocument(document) },
        }, titleOf(document)),
        lang ? make("span", { class: "faint" }, languageName(lang)) : null);
    })));
}

/** Points at a document: ring, title, and a line to its sibling in the other language. */
function pointAt(index, speak = false) {
  const tooltip = byId("map-tooltip");
  if (index === map.current && !speak) return;
  map.current = index;
  map.sibling = null;
  tooltip.hidden = index < 0;
  canvas.classList.toggle("pointing", index >= 0);
  if (index >= 0) {
    const { document } = map.points[index];
    const { article, lang } = document.metadata ?? {};
    if (article) {
      const other = map.points.findIndex(({ document: candidate }) =>
        candidate.metadata?.article === article && candidate.metadata.lang !== lang);
      map.sibling = other < 0 ? null : other;
    }
    const about = [map.points[index].groupName, lang ? languageName(lang) : ""]
      .filter(Boolean).join(" · ");
    fill(tooltip, make("strong", { lang }, titleOf(document)),
      about ? make("span", {}, about) : null);
    moveTooltip(tooltip, map.position(map.points[index]));
    if (speak) byId("map-status").textContent = `${titleOf(document)}. ${about}`;
  }
  map.draw();
}

function moveTooltip(tooltip, { x, y }) {
  const width = tooltip.offsetWidth, room = canvas.clientWidth;
  const left = Math.max(4, Math.min(room - width - 4, x - width / 2));
  const above = y - tooltip.offsetHeight - 14;
  tooltip.style.setProperty("left", `${left}px`);
  tooltip.style.setProperty("top", `${above > 4 ? above : y + 16}px`);
}

function followKeys(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const direction = {
    ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
  }[event.key];
  if (direction) {
    const next = map.step(...direction);
    if (next >= 0) {
      map.reveal(next);
      pointAt(next, true);
    }
  } else if (event.key === "Enter" && map.current >= 0) {
    openDocument(map.points[map.current].document);
  } else if (event.key === "Escape") {
    pointAt(-1);
  } else if (event.key === "+" || event.key === "=") {
    map.zoomBy(1.5);
  } else if (event.key === "-") {
    map.zoomBy(1 / 1.5);
  } else {
    return;
  }
  event.preventDefault();
}

function followPointer() {
  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    drag = { x: event.offsetX, y: event.offsetY, moved: 0 };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (drag && event.buttons && map.zoom > 1) {
      const dx = event.offsetX - drag.x, dy = event.offsetY - drag.y;
      drag = { x: event.offsetX, y: event.offsetY, moved: drag.moved + Math.hypot(dx, dy) };
      pointAt(-1);
      return map.pan(dx, dy);
    }
    pointAt(map.nearest(event.offsetX, event.offsetY));
  });
  canvas.addEventListener("pointerleave", () => {
    drag = null;
    if (document.activeElement !== canvas) pointAt(-1);
  });
  canvas.addEventListener("click", (event) => {
    const moved = drag?.moved ?? 0;
    drag = null;
    const index = map.nearest(event.offsetX, event.offsetY);
    if (moved > 5 || index < 0) return;
    pointAt(index);
    openDocument(map.points[index].document);
  });
  canvas.addEventListener("wheel", (event) => {
    // The wheel alone scrolls the page; with Control (and so when pinching) it zooms.
    if (!event.ctrlKey) return;
    event.preventDefault();
    pointAt(-1);
    map.zoomBy(Math.exp(-event.deltaY / 200), event.offsetX, event.offsetY);
  }, { passive: false });
}

/** Prepares the view. */
export function startMap() {
  canvas = byId("map-canvas");
  map = new MapCanvas(canvas);
  followPointer();
  canvas.addEventListener("keydown", followKeys);
  canvas.addEventListener("blur", () => pointAt(-1));
  byId("zoom-in").addEventListener("click", () => map.zoomBy(1.5));
  byId("zoom-out").addEventListener("click", () => map.zoomBy(1 / 1.5));
  byId("zoom-reset").addEventListener("click", () => map.reset());
  const input = byId("map-query");
  input.addEventListener("input", () => change({ q: input.value }));
  byId("map-form").addEventListener("submit", (event) => {
    event.preventDefault();
    place();
  });
  onState((now, before) => {
    if (input.value !== now.q) input.value = now.q;
    if (now.tab !== before.tab) load();
    else if (now.q !== before.q) placeSoon();
  });
  onCollections(load);
  onLanguage(() => {
    show();
    if (shown) place();
  });
}
