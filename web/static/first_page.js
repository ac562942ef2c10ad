// The first page: the live pictures of the cameras that one may see.
import { NEW_RUN, call, stayLoggedIn, tell } from "/static/api.js";
import { LiveStream } from "/static/live_stream.js";

// Browsers open six HTTP/1.1 connections to one host. Streams take at most this many of them;
// the other cameras show snapshots, so that the page goes on answering.
const MAX_STREAMS = 3;
const SNAPSHOT_EVERY_MS = 2000;
const STATUS_EVERY_MS = 3000;
const WARNINGS_EVERY_MS = 30_000;
const CONNECTING = "connecting ...";

const wall = document.getElementById("cameras");
const problem = document.getElementById("problem");
const warnings = document.getElementById("warnings");
const tiles = new Map();
let wasAway = false;

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function makeTile(camera) {
  const picture = element("img", { alt: `Live picture of ${camera.name}` });
  const cover = element("p", { className: "missing cover", textContent: CONNECTING, hidden: true });
  const screen = element("div", { className: "screen" }, picture, cover);
  const state = element("span", { className: "state" });
  const why = element("p", { className: "why", hidden: true });
  const links = element(
    "p",
    { className: "links" },
    element("a", { href: `/snapshot_ui/${camera.id}`, textContent: "Zones and lines" }),
    element("a", { href: `/get_stream/${camera.id}`, textContent: "Raw stream" }),
  );
  const title = element("h2", { textContent: camera.name });
  const place = element("p", { className: "note", textContent: camera.location });
  const head = element("div", { className: "head" }, title, state);
  const tile = element("article", { className: "card tile" }, screen, head, place, why, links);
  return { tile, picture, cover, state, why, pace: null, stream: null, isLoading: false };
}

function show(camera, made, index) {
  if (index < MAX_STREAMS) {
    made.stream = new LiveStream(made.picture, `/recognized_stream/${camera.id}`);
  } else {
    made.picture.onload = made.picture.onerror = () => { made.isLoading = false; };
    const pace = `Not live: a picture every ${SNAPSHOT_EVERY_MS / 1000} s.`;
    made.pace = element("p", { className: "note pace", textContent: pace, hidden: true });
    made.why.before(made.pace);
    takeSnapshot(camera.id, made);
  }
}

function takeSnapshot(cameraId, made) {
  if (made.stream || made.isLoading || document.hidden) return;
  made.isLoading = true;
  made.picture.src = `/get_snapshot/${cameraId}?at=${Date.now()}`;
}

async function readCameras() {
  const cameras = await call("GET", "/cameras");
  const ids = new Set(cameras.map((camera) => camera.id));
  for (const [id, made] of tiles) {
    if (!ids.has(id)) {
      made.stream?.close();
      made.tile.remove();
      tiles.delete(id);
    }
  }
  cameras.forEach((camera, index) => {
    if (tiles.has(camera.id)) return;
    const made = makeTile(camera);
    tiles.set(camera.id, made);
    wall.append(made.tile);
    show(camera, made, index);
  });
  document.getElementById("nothing").hidden = cameras.length > 0;
}

async function readStates() {
  const states = await call("GET", "/camera_status?detail=1");
  for (const [id, made] of tiles) {
    const said = states[`camera_${id}`];
    if (!said) continue;
    showState(made, said);
  }
}

function showState(made, said) {
  const isActive = said.status === "active";
  const isStarting = said.state === "starting";
  made.state.textContent = isStarting ? CONNECTING : said.status;
  made.state.classList.toggle("active", isActive);
  made.state.classList.toggle("starting", isStarting);
  tell(made.why, said.error);
  if (made.pace) made.pace.hidden = !isActive;
  // Until there is a picture or a reason why not, the stream would say NO SIGNAL.
  made.cover.hidden = !isStarting && (!isActive || Boolean(said.last_frame_at || said.error));
}

/** Tell an admin what needs a hand; also where a server is away, which the other calls say. */
async function readWarnings() {
  if (!warnings || document.hidden) return;
  const answer = await fetch("/readyz").catch(() => null);
  const said = await answer?.json().catch(() => null);
  if (said?.warnings) tell(warnings, said.warnings.join(" "));
}

async function refresh() {
  if (document.hidden) return;
  try {
    await readCameras();
    await readStates();
    tell(problem, null);
    if (wasAway) reopenStreams();
    wasAway = false;
  } catch (error) {
    wasAway = true;
    tell(problem, error);
  }
}

function reopenStreams() {
  for (const { stream } of tiles.values()) stream?.reopen();
}

// It may have restarted between two calls, of which none failed.
window.addEventListener(NEW_RUN, () => { wasAway = true; });

// A hidden page asks nothing, so it does not know what became of its streams.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  reopenStreams();
  refresh();
});

document.getElementById("log-out")?.addEventListener("click", async () => {
  await call("POST", "/logout").catch(() => {});
  location.assign("/login");
});

const addForm = document.getElementById("add");
addForm?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const refusal = document.getElementById("add-problem");
  const done = document.getElementById("added");
  try {
    // A field that was left empty is not named: its default holds.
    const filled = [...new FormData(addForm)].filter(([, value]) => value !== "");
    const added = await call("POST", "/cameras", Object.fromEntries(filled));
    addForm.reset();
    tell(refusal, null);
    done.textContent = `${added.name} was added.`;
    await refresh();
    tiles.get(added.id)?.tile.scrollIntoView({ block: "nearest" });
  } catch (error) {
    done.textContent = "";
    tell(refusal, error);
  }
});
// Before, the browser would have sent the form by itself, with the address in an address.
if (addForm) addForm.querySelector("[type=submit]").disabled = false;

await refresh();
readWarnings();
setInterval(readWarnings, WARNINGS_EVERY_MS);
setInterval(refresh, STATUS_EVERY_MS);
setInterval(() => tiles.forEach((made, id) => takeSnapshot(id, made)), SNAPSHOT_EVERY_MS);
stayLoggedIn();
