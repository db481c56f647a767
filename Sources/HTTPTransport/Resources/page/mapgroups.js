// What the map colours by: the metadata field that divides the documents into a readable number of groups.
import { look, mostGroups } from "./palette.js";

/** The value of a document's field as one group name, or "". */
const value = (document, key) => {
  const found = document.metadata?.[key];
  return typeof found === "string" || typeof found === "boolean" ? String(found) : "";
};

/** `field` if the documents have it, else the first that makes 2 to 24 groups, else null. */
function chooseKey(documents) {
  const values = new Map();
  for (const document of documents) {
    for (const key of Object.keys(document.metadata ?? {})) {
      if (!values.has(key)) values.set(key, new Set());
      const name = value(document, key);
      if (name) values.get(key).add(name);
    }
  }
  const fits = (key) => values.get(key)?.size >= 2 && values.get(key).size <= mostGroups;
  return ["field", "category", "topic", ...values.keys()].find(fits) ?? null;
}

/** Groups of documents: `key`, `names` in order with `count`, `of(document)`, `look(name)`. */
export function grouping(documents) {
  const key = chooseKey(documents);
  const counts = new Map();
  for (const document of documents) {
    const name = key ? value(document, key) : "";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const names = [...counts.keys()].filter(Boolean).sort();
  const place = new Map(names.map((name, index) => [name, index]));
  return {
    key,
    names,
    languages: new Set(documents.map((document) => document.metadata?.lang).filter(Boolean)),
    count: (name) => counts.get(name) ?? 0,
    of: (document) => (key ? value(document, key) : ""),
    look: (name) => look(place.get(name) ?? 0),
  };
}
