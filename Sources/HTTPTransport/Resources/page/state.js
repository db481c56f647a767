// What the address says behind the #: `#search?q=…&mode=hybrid&in=demo&show=pair`. A link brings all of it back.

const tabs = ["search", "compare", "map", "import"];
const modes = ["vector", "text", "hybrid", "rerank"];
const shows = ["pair", "all", "ko", "en"];
const defaults = { tab: "search", q: "", mode: "vector", show: "pair", in: "", doc: "" };
const listeners = [];

/** The current state; changed through `change` only. */
export const state = { ...defaults };

function parse(hash) {
  const [tab, search = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const values = new URLSearchParams(search);
  const pick = (name, allowed) =>
    allowed.includes(values.get(name)) ? values.get(name) : defaults[name];
  return {
    tab: tabs.includes(tab) ? tab : defaults.tab,
    q: values.get("q") ?? "",
    mode: pick("mode", modes),
    show: pick("show", shows),
    in: values.get("in") ?? "",
    doc: values.get("doc") ?? "",
  };
}

/** The address of a state: the current one with some changes. */
export function address(changes = {}) {
  const next = { ...state, ...changes };
  const values = new URLSearchParams();
  for (const name of ["q", "mode", "show", "in", "doc"]) {
    if (next[name] !== defaults[name]) values.set(name, next[name]);
  }
  const search = values.toString();
  return `#${next.tab}${search ? `?${search}` : ""}`;
}

/** Calls `listener(state, before)` after every change. */
export const onState = (listener) => listeners.push(listener);

function apply(next) {
  const before = { ...state };
  Object.assign(state, next);
  for (const listener of listeners) listener(state, before);
}

/** Changes the state and the address; `step` makes it a step of the browser's history. */
export function change(changes, { step = false } = {}) {
  const next = address(changes);
  try {
    if (next !== location.hash) history[step ? "pushState" : "replaceState"](null, "", next);
  } catch {
    // Some browsers refuse after many changes in a short time; the address then follows with a later one.
  }
  apply(changes);
}

/** Reads the address, now and whenever it changes. */
export function startState() {
  addEventListener("hashchange", () => apply(parse(location.hash)));
  apply(parse(location.hash));
}
