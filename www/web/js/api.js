// The node's HTTP API, as any client speaks it.

export const ATOM = "application/vnd.eventstore.atom+json";
export const EVENTS = "application/vnd.eventstore.events+json";

// The page lies in <base>/web/.
const BASE = new URL("..", import.meta.url).pathname.replace(/web\/$/, "").replace(/\/$/, "");
const KEEP = "rill.session";

export class ApiError extends Error {
  constructor(status, text) {
    super(text || `The node answered ${status}.`);
    this.status = status;
  }
}

let session = JSON.parse(sessionStorage.getItem(KEEP) ?? "null");

export function user() {
  return session?.user ?? null;
}

export function isIn(group) {
  return user() !== null && (user().groups ?? []).includes(group);
}

function keep(value) {
  session = value;
  if (value === null) sessionStorage.removeItem(KEEP);
  else sessionStorage.setItem(KEEP, JSON.stringify(value));
}

export function signOut() {
  keep(null);
}

function basic(login, password) {
  const bytes = new TextEncoder().encode(`${login}:${password}`);
  return "Basic " + btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""));
}

export async function signIn(login, password) {
  const authorization = basic(login, password);
  const answer = await send("/users/$current", { headers: { Authorization: authorization, Accept: "application/json" } });
  const { data } = await answer.json();
  keep({ authorization, user: { login: data.loginName, name: data.fullName, groups: data.groups ?? [] } });
}

// The same account with its new password.
export function reSign(password) {
  if (session) keep({ ...session, authorization: basic(session.user.login, password) });
}

// A request; what is not answered with 2xx becomes an ApiError with the
// node's own sentence.  credentials "omit", and a header that the node knows,
// keep the browser's password dialog away.
export async function send(path, { method = "GET", headers = {}, body, signal } = {}) {
  const all = { "X-Requested-With": "rill-web", ...headers };
  if (session && !all.Authorization) all.Authorization = session.authorization;
  let answer;
  try {
    answer = await fetch(BASE + path, { method, headers: all, body, signal, credentials: "omit", cache: "no-cache" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The node cannot be reached.");
  }
  if (answer.ok) return answer;
  throw new ApiError(answer.status, (await answer.text()).trim().slice(0, 400));
}

export const streamPath = (name, ...rest) => ["/streams", encodeURIComponent(name), ...rest].join("/");

// A feed's link as a path of this node, wherever the feed says that it lies.
export function pathOf(uri) {
  const { pathname, search } = new URL(uri);
  const at = pathname.indexOf("/streams/");
  return pathname.slice(at < 0 ? 0 : at) + search;
}

export async function feed(path, { signal, poll } = {}) {
  const headers = { Accept: ATOM };
  if (poll) headers["ES-LongPoll"] = String(poll);
  const where = path + (path.includes("?") ? "&" : "?") + "embed=body";
  const answer = await send(where, { headers, signal });
  const document = await answer.json();
  document.link = Object.fromEntries(document.links.map((l) => [l.relation, pathOf(l.uri)]));
  return document;
}

export async function text(path, accept) {
  return (await send(path, { headers: { Accept: accept } })).text();
}

export async function json(path) {
  return (await send(path, { headers: { Accept: "application/json" } })).json();
}

export async function command(method, path, body) {
  const options = { method, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  return send(path, options);
}

// One event.  data and metadata are texts, sent as they stand.
export async function append(stream, { type, id, data, metadata, expected }) {
  const members = [`"eventId":${JSON.stringify(id)}`, `"eventType":${JSON.stringify(type)}`, `"data":${data}`];
  if (metadata.trim() !== "") members.push(`"metadata":${metadata}`);
  const headers = { "Content-Type": EVENTS };
  if (expected !== "") headers["ES-ExpectedVersion"] = expected;
  return send(streamPath(stream), { method: "POST", headers, body: `[{${members.join(",")}}]` });
}

export async function writeMetadata(stream, document) {
  return send(streamPath(stream, "metadata"), {
    method: "POST",
    headers: { "Content-Type": "application/json", "ES-EventId": newId() },
    body: document,
  });
}

// crypto.randomUUID() is there on https and localhost only.
export function newId() {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const hex = Array.from(b, (n) => n.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
