// The page on which a camera's shapes are drawn. Pointer events serve mouse, pen and finger alike.
import { call, stayLoggedIn, tell } from "/static/api.js";
import { addSpan, fill, read } from "/static/shape_details.js";
import { COLORS, drawn, swatch, titleOf } from "/static/shape_drawing.js";
import { LEAST_PX, body, boxBetween, isLine, lengthOf, lineBetween, moved, pulled, turned } from "/static/shapes.js";

/** Where the API has each kind of shape. */
const KINDS = [
  { path: "rectangles", holds: (shape) => !isLine(shape) },
  { path: "lines", holds: isLine },
];

const byId = (id) => document.getElementById(id);
const editor = byId("editor");
const cameraId = editor.dataset.cameraId;
const mayEdit = editor.dataset.mayEdit === "yes";
const svg = byId("shapes");
const details = byId("details");

let frame = { width: 1280, height: 720 };
let isFrameKnown = false;
let shapes = [];
let selected = -1;
let isGrasped = false; // A drag over what is selected moves it: it was tapped, and not just drawn.
let saved = {}; // Of each kind, as the server has it.
let isLoaded = false; // Until then nothing is drawn: what is saved replaces all that there is.
let past = [];
let gesture = null;
let edited = ""; // The field that is being typed into.
let drawnHere = 0;
const numberOf = new Map(); // Of each line that was drawn here, what the server calls it.

// --- what is seen

/** Return how many pixels of the frame one pixel of the screen is. */
function scale() {
  return frame.width / Math.max(1, svg.getBoundingClientRect().width);
}

function draw() {
  svg.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
  // The stage has the frame's form even while there is no picture to give it.
  svg.parentElement.style.aspectRatio = `${frame.width} / ${frame.height}`;
  const unit = scale();
  const nodesOf = (shape, index) => drawn(shape, { index, unit, isSelected: index === selected, isGrasped, mayEdit });
  svg.replaceChildren(...shapes.flatMap(nodesOf));
  drawList();
  const isChanged = KINDS.some(hasChanged);
  if (mayEdit) {
    byId("save").disabled = !isChanged;
    byId("undo").disabled = past.length === 0;
    byId("clear").disabled = shapes.length === 0;
  }
  return isChanged;
}

/** Return the bodies of all shapes of a kind. */
const bodiesOf = (kind) => shapes.filter(kind.holds).map(body);

const hasChanged = (kind) => JSON.stringify(bodiesOf(kind)) !== (saved[kind.path] ?? "[]");

function drawList() {
  byId("list").replaceChildren(
    ...shapes.map((shape, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = index === selected ? "chosen" : "";
      button.setAttribute("aria-pressed", String(index === selected));
      button.append(swatch(shape), titleOf(shape, index));
      button.addEventListener("click", () => select(index));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }),
  );
}

function select(index, { isJustDrawn = false } = {}) {
  selected = index;
  isGrasped = !isJustDrawn;
  edited = "";
  const shape = shapes[index];
  details.hidden = !shape;
  if (shape) fill(details, shape);
  // What is drawn next is of the same kind, unless somebody says otherwise.
  if (shape && mayEdit) byId(isLine(shape) ? "draws-line" : "draws-zone").checked = true;
  if (!mayEdit) for (const input of details.elements) input.disabled = true;
  draw();
}

// --- what is changed

function remember() {
  past.push(JSON.stringify(shapes));
  past = past.slice(-100);
  edited = "";
}

function replace(index, shape) {
  shapes = shapes.map((each, at) => (at === index ? shape : each));
}

function removeSelected() {
  if (selected < 0) return;
  remember();
  shapes = shapes.filter((_, index) => index !== selected);
  select(-1);
}

function place(event) {
  const bounds = svg.getBoundingClientRect();
  return {
    x: ((event.clientX - bounds.left) / bounds.width) * frame.width,
    y: ((event.clientY - bounds.top) / bounds.height) * frame.height,
  };
}

function begin(event) {
  if (!isLoaded || !event.isPrimary || event.button > 0) return;
  event.preventDefault();
  svg.setPointerCapture(event.pointerId);
  const from = place(event);
  const { corner, shape } = event.target.dataset;
  remember();
  if (corner !== undefined) {
    gesture = { kind: "pull", corner: Number(corner), origin: shapes[selected] };
    return;
  }
  const hit = shape === undefined ? -1 : Number(shape);
  const isLineDrawn = byId("draws-line").checked;
  // What was tapped before is moved; a drag over anything else draws, or nothing could be drawn
  // within a zone.
  if (isGrasped && hit >= 0 && hit === selected && isLine(shapes[hit]) === isLineDrawn) {
    gesture = { kind: "move", from, origin: shapes[hit] };
    return;
  }
  drawnHere += 1;
  gesture = { kind: "draw", from, index: shapes.length, isLine: isLineDrawn, key: drawnHere, hit };
}

function go(event) {
  if (!gesture) return;
  const to = place(event);
  if (gesture.kind === "pull") {
    replace(selected, pulled(gesture.origin, gesture.corner, to, frame));
  } else if (gesture.kind === "move") {
    const [dx, dy] = [to.x - gesture.from.x, to.y - gesture.from.y];
    replace(selected, moved(gesture.origin, dx, dy, frame));
  } else {
    const between = gesture.isLine ? lineBetween : boxBetween;
    const color = COLORS[gesture.index % COLORS.length];
    const shape = { ...between(gesture.from, to, frame), color, key: gesture.key };
    shapes = [...shapes.slice(0, gesture.index), shape];
    selected = gesture.index;
  }
  draw();
}

function end() {
  if (!gesture) return;
  const { kind, index, hit } = gesture;
  gesture = null;
  if (kind === "draw") finishDrawing(index, hit);
  // A tap that moved nothing is nothing to undo; on what is chosen it ends that.
  if (past.at(-1) === JSON.stringify(shapes)) {
    past.pop();
    if (kind === "move") select(-1);
  }
  draw();
}

/** Keep what was drawn; of a mere tap, choose what lies there. */
function finishDrawing(index, hit) {
  const drawnNow = shapes[index];
  const least = Math.max(LEAST_PX, 8 * scale());
  const sides = (shape) => (isLine(shape) ? [lengthOf(shape)] : [shape.width, shape.height]);
  if (drawnNow && sides(drawnNow).every((side) => side >= least)) {
    select(index, { isJustDrawn: true });
    return;
  }
  shapes = shapes.slice(0, index);
  select(hit);
}

function onKey(event) {
  if (event.target.closest("input, button, select") || selected < 0) return;
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.key === "Delete" || event.key === "Backspace") removeSelected();
  else if (event.key === "Escape") select(-1);
  else if (event.key in steps) {
    const [dx, dy] = steps[event.key].map((step) => step * (event.shiftKey ? 10 : 1));
    remember();
    replace(selected, moved(shapes[selected], dx, dy, frame));
    draw();
  } else return;
  event.preventDefault();
}

function readDetails(event) {
  const shape = read(details, shapes[selected]);
  // What is typed into one field is one step of undo.
  const field = event.target.name || event.target;
  if (edited !== field) remember();
  edited = field;
  replace(selected, shape);
  draw();
}

function turnSelected() {
  if (selected < 0) return;
  remember();
  replace(selected, turned(shapes[selected]));
  draw();
}

// --- what the server is asked

async function save() {
  byId("save").disabled = true;
  try {
    const said = [];
    for (const kind of KINDS.filter(hasChanged)) said.push(await saveKind(kind));
    byId("status").textContent = said.join(" ");
    tell(byId("problem"), null);
  } catch (error) {
    byId("status").textContent = "";
    tell(byId("problem"), error);
  }
  draw();
}

/** Save all shapes of a kind; return what the server said. */
async function saveKind(kind) {
  // What was undone may bear a number that the server has given up.
  const known = new Set(JSON.parse(saved[kind.path] ?? "[]").map((each) => each.id));
  const sent = bodiesOf(kind).map((each) => (known.has(each.id) ? each : { ...each, id: undefined }));
  const said = await call("POST", `/${kind.path}/${cameraId}`, sent);
  saved[kind.path] = JSON.stringify(sent);
  // A line has its number from the server, and keeps its counts by it.
  if (kind.path === "lines") await nameLines();
  return `${said.message}.`.replace("..", ".");
}

async function nameLines() {
  const numbers = (await call("GET", `/lines/${cameraId}`)).map((line) => line.id);
  shapes = shapes.map((shape) => (isLine(shape) ? { ...shape, id: numbers.shift() } : shape));
  for (const { key, id } of shapes.filter(isLine)) if (key) numberOf.set(key, id);
  saved.lines = JSON.stringify(shapes.filter(isLine).map(body));
}

async function load() {
  byId("again").hidden = true;
  try {
    const found = [];
    for (const kind of KINDS) found.push(...(await call("GET", `/${kind.path}/${cameraId}`)));
    shapes = found;
    for (const kind of KINDS) saved[kind.path] = JSON.stringify(bodiesOf(kind));
    isLoaded = true;
    tell(byId("problem"), null);
  } catch (error) {
    tell(byId("problem"), error);
    byId("again").hidden = false;
  }
  draw();
}

async function learnFrame() {
  try {
    const states = await call("GET", "/camera_status?detail=1");
    const said = states[`camera_${cameraId}`];
    if (said?.width_px && said?.height_px) {
      frame = { width: said.width_px, height: said.height_px };
      isFrameKnown = true;
    }
  } catch (error) {
    // What keeps the shapes away matters more.
    if (isLoaded) tell(byId("problem"), error);
  }
  draw();
}

async function takeSnapshot() {
  const picture = byId("snapshot");
  try {
    const answer = await fetch(`/get_snapshot/${cameraId}`, { cache: "no-store" });
    if (!answer.ok) throw new Error((await answer.json()).message);
    // A dead camera answers with the no-signal picture, whose size is not the frame's.
    const isLive = answer.headers.get("X-Camera-Status") !== "inactive";
    URL.revokeObjectURL(picture.src);
    picture.src = URL.createObjectURL(await answer.blob());
    await picture.decode();
    byId("missing").hidden = isLive;
    picture.classList.toggle("live", isLive);
    if (isLive) {
      // Of a sub-stream the picture is smaller than the frame in whose pixels shapes are.
      const [width, height] = answer.headers.get("X-Frame-Size").split("x").map(Number);
      frame = { width, height };
      isFrameKnown = true;
    }
  } catch {
    byId("missing").hidden = false;
  }
  byId("unknown").hidden = isFrameKnown;
  draw();
}

// --- and who calls all this

byId("fresh").addEventListener("click", takeSnapshot);
byId("again").addEventListener("click", load);
new ResizeObserver(() => draw()).observe(svg);
if (mayEdit) {
  svg.classList.add("editable");
  svg.addEventListener("pointerdown", begin);
  svg.addEventListener("pointermove", go);
  svg.addEventListener("pointerup", end);
  svg.addEventListener("pointercancel", end);
  document.addEventListener("keydown", onKey);
  // As it is typed: who draws the next shape at once leaves no field first.
  details.addEventListener("input", readDetails);
  details.addEventListener("submit", (event) => event.preventDefault());
  byId("delete").addEventListener("click", removeSelected);
  byId("turn").addEventListener("click", turnSelected);
  byId("add-span").addEventListener("click", () => addSpan(details));
  byId("save").addEventListener("click", save);
  byId("undo").addEventListener("click", () => {
    // A line that was saved since is the same line: under another number its counts would end.
    const named = (shape) => (numberOf.has(shape.key) ? { ...shape, id: numberOf.get(shape.key) } : shape);
    shapes = JSON.parse(past.pop() || "[]").map(named);
    select(-1);
  });
  byId("clear").addEventListener("click", () => {
    remember();
    shapes = [];
    select(-1);
  });
  window.addEventListener("beforeunload", (event) => {
    if (draw()) event.preventDefault();
  });
} else {
  svg.addEventListener("click", (event) => select(Number(event.target.dataset.shape ?? -1)));
}
await load();
await learnFrame();
await takeSnapshot();
stayLoggedIn();
