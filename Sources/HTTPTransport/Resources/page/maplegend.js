// The map's legend: each group a button that singles it out.
import { fill, make } from "./dom.js";
import { fieldName, number, t } from "./language.js";
import { swatch } from "./palette.js";

/** Draws into `place`; `choose(name | null)` is called as groups are pointed at or pressed. */
export function drawLegend(place, groups, choose) {
  let pressed = null;
  const buttons = groups.names.map((name) => {
    const label = groups.key === "field" ? fieldName(name) : name;
    const button = make("button", {
      type: "button", class: "group", "aria-pressed": "false",
      on: {
        pointerenter: () => choose(name),
        pointerleave: () => choose(pressed),
        click: () => {
          pressed = pressed === name ? null : name;
          for (const other of buttons) {
            other.setAttribute("aria-pressed", String(other === button && pressed === name));
          }
          choose(pressed);
        },
      },
    }, swatch(groups.look(name)), make("span", {}, label),
    make("span", { class: "faint" }, number(groups.count(name))));
    return button;
  });
  const both = groups.languages.has("ko") && groups.languages.has("en");
  fill(place,
    both
      ? make("p", { class: "languagekey faint" },
        swatch({ colour: "ink", shape: "circle" }), t("map.filled"),
        swatch({ colour: "ink", shape: "circle" }, true), t("map.ring"))
      : null,
    buttons.length
      ? make("h2", { class: "eyebrow" },
        groups.key === "field" ? t("map.legend") : `${t("map.legendOther")}: ${groups.key}`)
      : null,
    make("div", { class: "groups", role: "group" }, buttons));
}
