// Calls to our API from a page that is logged in by cookie.

const CSRF = /(?:^|; )vigil_csrf=([^;]+)/;
/** Over so long tabs spread their renewals where no lock keeps them apart. */
const SPREAD_MS = 1000;

/** Sent to the window when a server answers that did not before: an earlier one may have died. */
export const NEW_RUN = "vigil-new-run";
/** All that answered; several may share the work. */
const runs = new Set();

let renewal = null;

/** An answer that is not a success; its message is for people. */
export class Refused extends Error {
  constructor(status, body) {
    super(body.message || `The server answered ${status}.`);
    this.status = status;
    this.errors = body.errors;
  }
}

/** Call a route; return its JSON. Renews the log-in once when it has expired. */
export async function call(method, path, body) {
  let answer = await send(method, path, body);
  if (answer.status === 401 && hasLogIn() && !navigator.locks) {
    // Another tab may be renewing it: what it gets is ours too.
    await takeTurn();
    answer = await send(method, path, body);
  }
  if (answer.status === 401 && (await renew())) answer = await send(method, path, body);
  if (answer.status === 401) leaveForLogIn();
  const text = await answer.text();
  const json = text ? parse(text) : {};
  if (!answer.ok) throw new Refused(answer.status, json);
  return json;
}

/** Exchange the refresh cookie for the next; return whether that worked. */
export function renew() {
  // One at a time: a token that is used twice ends the whole log-in.
  renewal ??= exchange().finally(() => {
    renewal = null;
  });
  return renewal;
}

/** Wait for a while of our own, so that tabs that opened together do not renew together. */
export function takeTurn() {
  // Browsers lock between tabs only over https and on this machine.
  const waitMs = navigator.locks ? 0 : Math.random() * SPREAD_MS;
  return new Promise((resolve) => setTimeout(resolve, waitMs));
}

/** Renew well before the access cookie expires, for as long as the page is open. */
export function stayLoggedIn() {
  setInterval(() => renew().catch(() => {}), 10 * 60 * 1000);
}

/** Show a problem in words, or take it away. */
export function tell(element, problem) {
  element.textContent = problem ? problem.message || String(problem) : "";
  element.hidden = !problem;
}

async function exchange() {
  if (!hasLogIn()) return false;
  const ask = async () => (await send("POST", "/token/refresh", {})).ok;
  return navigator.locks ? navigator.locks.request("vigil-renew", ask) : ask();
}

function hasLogIn() {
  return CSRF.test(document.cookie);
}

async function send(method, path, body) {
  const headers = { Accept: "application/json" };
  const csrf = document.cookie.match(CSRF);
  if (csrf) headers["X-CSRF-Token"] = csrf[1];
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    const options = { method, headers, credentials: "same-origin" };
    const answer = await fetch(path, { ...options, body: body && JSON.stringify(body) });
    noteRun(answer.headers.get("X-Vigil-Run"));
    return answer;
  } catch {
    throw new Error("The server does not answer. Is it running?");
  }
}

function noteRun(name) {
  if (!name || runs.has(name)) return;
  if (runs.size > 0) window.dispatchEvent(new Event(NEW_RUN));
  runs.add(name);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { message: "The server's answer was not understood." };
  }
}

function leaveForLogIn() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
}
