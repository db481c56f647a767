// What the page says when there is nothing to show: failures, and places still empty.
import { make } from "./dom.js";
import { t } from "./language.js";

const known = {
  UNREACHABLE: "error.unreachable",
  NOT_FOUND: "error.notFound",
  UNAVAILABLE: "error.unavailable",
  RESOURCE_EXHAUSTED: "error.busy",
  DEADLINE_EXCEEDED: "error.late",
  UNIMPLEMENTED: "error.unimplemented",
};

/** A sentence for the reader about a failed call. */
export const errorTitle = (error) => t(known[error.code] ?? "error.other");

/** A failed call, with the server's own words and, where it makes sense, a way to try again. */
export function errorNotice(error, retry) {
  return make("div", { class: "notice bad" },
    make("p", {}, make("strong", {}, errorTitle(error))),
    error.message ? make("p", { class: "faint", lang: "en" }, error.message) : null,
    retry
      ? make("p", {}, make("button", { type: "button", class: "quiet", on: { click: retry } },
        t("retry")))
      : null);
}

/** A place with nothing in it yet. */
export function emptyNotice(title, text, link) {
  return make("div", { class: "notice" },
    make("p", {}, make("strong", {}, title)),
    text ? make("p", {}, text) : null,
    link ? make("p", {}, make("a", { class: "button", href: link.href }, link.text)) : null);
}
