// What the model saw of a query, in one line.
import { make, tip } from "./dom.js";
import { decimal, number, t } from "./language.js";

/** Nanoseconds as milliseconds; null where the server told none. */
function milliseconds(nanoseconds) {
  const value = Number(nanoseconds);
  return value > 0 ? `${decimal(value / 1e6, value < 1e7 ? 1 : 0)} ms` : null;
}

/** The receipt of a query; nanoseconds: the server's time for all searches. */
export function receiptLine(receipt, nanoseconds) {
  const tokens = Number(receipt.tokens ?? 0);
  const unknown = Number(receipt.unknown_pieces ?? 0);
  const time = milliseconds(nanoseconds);
  const item = (content, warns = false) =>
    make("li", { class: warns ? "warns" : null }, ...[content].flat());
  return make("div", { class: "receiptline" },
    make("span", { class: "receipttitle" }, t("receipt.title")),
    make("ul", {},
      item(prefix(receipt)),
      item(receipt.truncated
        ? t("receipt.cut", { count: number(tokens), used: number(receipt.tokens_used ?? 0) })
        : t("receipt.tokens", { count: number(tokens), amount: tokens }), receipt.truncated),
      receipt.truncated ? null : item(t("receipt.notCut")),
      item(unknown
        ? t("receipt.unknown", { count: number(unknown), amount: unknown })
        : t("receipt.noUnknown"), unknown > 0),
      receipt.normalization_changed ? item(t("receipt.normalized")) : null,
      time ? item(t("receipt.time", { server: time })) : null),
    tip(t("more"), t("receipt.help")));
}

function prefix(receipt) {
  if (!receipt.prefix) return t("receipt.noPrefix");
  return [
    `${t("receipt.prefix")} `,
    make("code", { lang: "en" }, receipt.prefix.trim()),
    receipt.prefix_already_present ? ` (${t("receipt.present")})` : "",
  ];
}
