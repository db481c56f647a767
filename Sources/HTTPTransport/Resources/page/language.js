// The interface's language: chosen by the reader, remembered, the browser's at first.
import { fields, strings } from "./strings.js";

const storageKey = "duri.language";
const listeners = [];
let current = initial();

function initial() {
  try {
    const stored = localStorage.getItem(storageKey);
    if (stored in strings) return stored;
  } catch {
    // Storage may be forbidden; the browser's language serves then.
  }
  return (navigator.language || "en").toLowerCase().startsWith("ko") ? "ko" : "en";
}

/** "ko" or "en". */
export const language = () => current;

/** The string under `key`, with `{name}` replaced by `values.name`; a function gets `values`. */
export function t(key, values = {}) {
  const entry = strings[current][key] ?? strings.en[key] ?? key;
  if (typeof entry === "function") return entry(values);
  return entry.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** A whole number as the language writes it. */
export const number = (value) => new Intl.NumberFormat(current).format(value);

/** A number with so many digits behind the point. */
export const decimal = (value, digits) => value.toFixed(digits).replace("-", "−");

/** The name of a field of the demo, or the field itself. */
export const fieldName = (field) => fields[field]?.[current] ?? field;

/** The name of a document's language in the interface's. */
export const languageName = (code) => (code === "ko" || code === "en" ? t(`lang.${code}`) : code);

/** Calls `listener` after every change of the language. */
export const onLanguage = (listener) => listeners.push(listener);

/** Writes the strings of every `data-t…` attribute under `root`. */
export function localize(root = document) {
  for (const element of root.querySelectorAll("[data-t]")) {
    element.textContent = t(element.dataset.t);
  }
  for (const element of root.querySelectorAll("[data-t-placeholder]")) {
    element.placeholder = t(element.dataset.tPlaceholder);
  }
  for (const element of root.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
  }
}

/** Changes the language, or applies the first one. */
export function setLanguage(next = current) {
  current = next in strings ? next : "en";
  try {
    localStorage.setItem(storageKey, current);
  } catch {
    // Not remembered, but used.
  }
  document.documentElement.lang = current;
  localize();
  for (const listener of listeners) listener();
}
