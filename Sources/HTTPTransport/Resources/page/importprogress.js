// What an import has done so far, and how that is shown.
import { fill, make } from "./dom.js";
import { number, t } from "./language.js";
import { errorNotice } from "./notices.js";
import { address } from "./state.js";

const mostFailures = 100;

/** The state of an import of `size` bytes into a collection. */
export function newProgress(collection, size) {
  return {
    collection, size, bytes: 0, state: "running", error: null, started: performance.now(),
    ended: null, failures: [],
    counts: { inserted: 0, replaced: 0, truncated: 0, failed: 0 },
    stored() { return this.counts.inserted + this.counts.replaced; },
    /** Counts a failure and keeps the first of them. */
    fail(failure) {
      this.counts.failed += 1;
      if (this.failures.length < mostFailures) this.failures.push(failure);
    },
  };
}

/** Draws into `place`; `again` clears the form for the next import. */
export function drawProgress(place, progress, again) {
  const { collection, counts, state } = progress;
  if (state !== "running") progress.ended ??= performance.now();
  const seconds = ((progress.ended ?? performance.now()) - progress.started) / 1000;
  const title = state === "stopped"
    ? t("import.stopped")
    : t(`import.${state}`, { name: collection });
  const figure = (value, label, warns = false) => make("div", { class: warns ? "warns" : null },
    make("dt", {}, label), make("dd", {}, value));
  const share = progress.size ? progress.bytes / progress.size : 1;
  fill(place, make("section", { class: `progress ${state}`, data: { state } },
    make("h2", {}, title),
    make("progress", { max: "100", value: String(Math.round(share * 100)), "aria-label": title }),
    make("dl", { class: "figures" },
      figure(number(progress.stored()), t("import.settled")),
      figure(number(counts.inserted), t("import.inserted")),
      figure(number(counts.replaced), t("import.replaced")),
      figure(number(counts.truncated), t("import.truncated"), counts.truncated > 0),
      figure(number(counts.failed), t("import.failed"), counts.failed > 0),
      figure(number(Math.round(progress.stored() / Math.max(seconds, 0.1))), t("import.rate"))),
    state === "stopped" ? errorNotice(progress.error) : null,
    failures(progress),
    state === "running" ? null : make("p", { class: "actions" },
      progress.stored() > 0
        ? make("a", {
          class: "button", href: address({ tab: "search", in: collection, q: "" }),
        }, t("import.toSearch"))
        : null,
      make("button", { type: "button", class: "quiet", on: { click: again } },
        t("import.again")))));
}

function failures({ failures: list, counts }) {
  if (!list.length) return null;
  return make("details", { class: "failures" },
    make("summary", {}, `${t("import.failures")} (${number(counts.failed)})`),
    make("ul", {}, list.map(({ line, id, reason, message }) => make("li", {},
      make("span", { class: "faint" },
        [line ? t("import.line", { line: number(line) }) : "", id ?? ""].filter(Boolean).join(", ")),
      " ", reason ? t(reason) : make("span", { lang: "en" }, message)))),
    counts.failed > list.length
      ? make("p", { class: "faint" },
        t("import.failuresMore", { count: number(counts.failed - list.length) }))
      : null);
}
