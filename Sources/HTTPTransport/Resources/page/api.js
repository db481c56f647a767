// The server's JSON interface. Every failure is an ApiError, except a cancelled call's AbortError.

/** `code`: the server's, or "UNREACHABLE" where no answer came. */
export class ApiError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const reachability = [];

/** Calls `listener(true | false)` after every call: whether the server answered. */
export const onReachability = (listener) => reachability.push(listener);

function report(answered) {
  for (const listener of reachability) listener(answered);
}

async function send(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    report(false);
    throw new ApiError("UNREACHABLE", "");
  }
  report(true);
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  throw new ApiError(
    body?.error?.code ?? `HTTP ${response.status}`, body?.error?.message ?? response.statusText);
}

async function json(response) {
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("UNREACHABLE", "");
  }
}

const get = async (path, signal) => json(await send(path, { signal }));

const post = async (path, body, signal) =>
  json(await send(path, {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify(body), signal,
  }));

const inCollection = (name, rest) => `v1/collections/${encodeURIComponent(name)}/${rest}`;

export const getModel = (signal) => get("v1/model", signal);

export const listCollections = async (signal) =>
  (await get("v1/collections", signal)).collections ?? [];

export const createCollection = (name, signal) => post("v1/collections", { name }, signal);

export const search = (name, request, signal) =>
  post(inCollection(name, "search"), request, signal);

/** `{scores, statuses}`: scores a list of rows, null where a text failed. */
export const similarity = (texts, signal) =>
  post("v1/similarity", { texts, role: "symmetric" }, signal);

/** Whether an item of an answer failed. */
export const failed = (item) => Boolean(item) && (item.status ?? item).code !== "OK";

export const project = (name, texts, signal) =>
  post(inCollection(name, "project"), { texts }, signal);

/** One document by its id. */
export const getDocument = (name, id, signal) =>
  get(inCollection(name, `documents/${encodeURIComponent(id)}`), signal);

/** One page of documents: `{documents, nextPageToken}`. */
export async function listDocuments(name, { filter = "", pageSize = 100, pageToken = "" }, signal) {
  const values = new URLSearchParams({ page_size: pageSize });
  if (filter) values.set("filter", filter);
  if (pageToken) values.set("page_token", pageToken);
  const page = await get(inCollection(name, `documents?${values}`), signal);
  return {
    documents: page.documents, nextPageToken: page.next_page_token,
  };
}

/** A string as the filter's grammar writes it. */
export const quoted = (text) => JSON.stringify(text);

/**
 * Stores documents; `onProgress` gets every acknowledgement as it comes: `settled` and the failures' `index` count
 * from the first of these documents, the other counts from the acknowledgement before.
 */
export async function storeDocuments(name, documents, onProgress, signal) {
  const response = await send(inCollection(name, "documents"), {
    method: "POST", headers: { "content-type": "application/x-ndjson" },
    body: documents.map((document) => `${JSON.stringify(document)}\n`).join(""), signal,
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await read(reader);
    rest += value ?? "";
    const lines = rest.split("\n");
    rest = done ? "" : lines.pop();
    for (const line of lines.filter((entry) => entry.trim())) {
      const message = JSON.parse(line);
      if (message.error) throw new ApiError(message.error.code, message.error.message);
      onProgress(message);
    }
    if (done) return;
  }
}

async function read(reader) {
  try {
    return await reader.read();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    report(false);
    throw new ApiError("UNREACHABLE", "");
  }
}
