// Files and pasted text into documents, piece by piece, so that a large file never lies in memory whole.

/** Why a line could not be read; `reason` is a key of the strings. */
class Unreadable extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/** Decoded pieces of a blob with the bytes read so far; UTF-8, else Korean EUC-KR (CP949). */
async function* decoded(blob) {
  const reader = blob.stream().getReader();
  let decoder = null, bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    let text;
    if (decoder) {
      text = decoder.decode(value, { stream: true });
    } else {
      try {
        decoder = new TextDecoder("utf-8", { fatal: true });
        text = decoder.decode(value, { stream: true });
        decoder = new TextDecoder("utf-8");
        text = decoder.decode(value, { stream: true });
      } catch {
        decoder = new TextDecoder("euc-kr");
        text = decoder.decode(value, { stream: true });
      }
    }
    yield { text, bytes };
  }
  yield { text: decoder?.decode() ?? "", bytes };
}

async function* lines(blob) {
  let rest = "", line = 0;
  for await (const { text, bytes } of decoded(blob)) {
    const parts = (rest + text).split(/\r?\n/);
    rest = parts.pop();
    for (const part of parts) yield { text: part, line: (line += 1), bytes };
  }
  if (rest) yield { text: rest, line: line + 1, bytes: blob.size };
}

const allowed = (value) =>
  typeof value === "boolean" || Number.isFinite(value) || typeof value === "string"
  || (Array.isArray(value) && value.every((entry) => typeof entry === "string"));

/** One JSON line as a document. Unknown simple members become metadata. */
function fromJSON(text, name, line) {
  let object;
  try {
    object = JSON.parse(text);
  } catch {
    throw new Unreadable("import.notJSON");
  }
  if (typeof object !== "object" || object === null || Array.isArray(object)) {
    throw new Unreadable("import.notJSON");
  }
  const { _id, id, title, text: body, metadata, ...others } = object;
  if (typeof body !== "string" && typeof title !== "string") throw new Unreadable("import.noText");
  const own = _id ?? id ?? `${name}-${line}`;
  if (typeof own !== "string" && !Number.isFinite(own)) throw new Unreadable("import.badId");
  const all = { ...others, ...(typeof metadata === "object" ? metadata : {}) };
  return {
    _id: String(own),
    title: typeof title === "string" ? title : "",
    text: typeof body === "string" ? body : "",
    metadata: Object.fromEntries(Object.entries(all).filter(([, value]) => allowed(value))),
  };
}

/**
 * Documents of a blob in the order of its lines: `{document, line, bytes}` or `{reason, line, bytes}`;
 * bytes is how far the blob has been read. kind: "jsonl", or "txt" where blank lines end a passage.
 */
export async function* documents(blob, name, kind) {
  if (kind === "jsonl") {
    for await (const { text, line, bytes } of lines(blob)) {
      if (!text.trim()) continue;
      try {
        yield { document: fromJSON(text, name, line), line, bytes };
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        yield { reason: error.reason, line, bytes };
      }
    }
    return;
  }
  let passage = [], first = 0, count = 0, last = 0;
  const take = () => ({
    document: {
      _id: `${name}-${String((count += 1)).padStart(4, "0")}`, title: "", text: passage.join(" "),
      metadata: { source: name },
    },
    line: first, bytes: last,
  });
  for await (const { text, line, bytes } of lines(blob)) {
    last = bytes;
    if (text.trim()) {
      if (!passage.length) first = line;
      passage.push(text.trim());
    } else if (passage.length) {
      yield take();
      passage = [];
    }
  }
  if (passage.length) yield take();
}

/** What a blob holds, by its name, else by its first character that is no space. */
export async function kindOf(blob, name) {
  if (/\.(jsonl|ndjson)$/i.test(name)) return "jsonl";
  if (/\.(txt|md)$/i.test(name)) return "txt";
  const start = await blob.slice(0, 4096).text();
  return start.trimStart().startsWith("{") ? "jsonl" : "txt";
}
