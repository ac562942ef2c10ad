// The page on which a camera's shapes are drawn. Pointer events serve mouse, pen and finger alike.
import { call, stayLoggedIn, tell } from "/static/api.js";
import { LEAST_PX, body, boxBetween, corners, moved, pulled } from "/static/shapes.js";

const SVG = "http://www.w3.org/2000/svg";
const COLORS = ["#ffb000", "#fe6100", "#dc267f", "#785ef0", "#648fff", "#2ec4b6"];
const HANDLE_PX = 8; // On the screen, whatever the frame's size.
const TOUCH_PX = 22;

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
let saved = "[]";
let past = [];
let gesture = null;
let edited = ""; // The field that is being typed into: what is typed is one step of undo.

// --- what is seen

function make(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/** Return how many pixels of the frame one pixel of the screen is. */
function scale() {
  return frame.width / Math.max(1, svg.getBoundingClientRect().width);
}

function draw() {
  svg.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
  // The stage has the frame's form even while there is no picture to give it.
  svg.parentElement.style.aspectRatio = `${frame.width} / ${frame.height}`;
  const unit = scale();
  svg.replaceChildren(...shapes.flatMap((shape, index) => drawn(shape, index, unit)));
  drawList();
  const isChanged = JSON.stringify(shapes.map(body)) !== saved;
  if (mayEdit) {
    byId("save").disabled = !isChanged;
    byId("undo").disabled = past.length === 0;
    byId("clear").disabled = shapes.length === 0;
  }
  return isChanged;
}

function drawn(shape, index, unit) {
  const points = corners(shape);
  const text = points.map((point) => `${point.x},${point.y}`).join(" ");
  const color = shape.color || COLORS[0];
  const isSelected = index === selected;
  const polygon = make("polygon", {
    points: text,
    fill: color,
    "fill-opacity": isSelected ? 0.3 : 0.15,
    stroke: color,
    "stroke-width": (isSelected ? 3 : 2) * unit,
    "data-shape": index,
  });
  const label = make("text", {
    x: Math.min(...points.map((point) => point.x)) + 6 * unit,
    y: Math.min(...points.map((point) => point.y)) + 18 * unit,
    "font-size": 14 * unit,
    "stroke-width": 3 * unit,
    class: "label",
  });
  label.textContent = shape.name || `${index + 1}`;
  const handles = isSelected && mayEdit ? points.flatMap((point, at) => handle(point, at, unit)) : [];
  return [polygon, label, ...handles];
}

function handle(point, corner, unit) {
  const place = { cx: point.x, cy: point.y };
  return [
    make("circle", { ...place, r: HANDLE_PX * unit, class: "handle", "stroke-width": 2 * unit }),
    // A finger is wider than what it aims at.
    make("circle", { ...place, r: TOUCH_PX * unit, class: "grip", "data-corner": corner }),
  ];
}

function drawList() {
  byId("list").replaceChildren(
    ...shapes.map((shape, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = index === selected ? "chosen" : "";
      button.setAttribute("aria-pressed", String(index === selected));
      const swatch = document.createElementNS(SVG, "svg");
      swatch.setAttribute("viewBox", "0 0 10 10");
      swatch.append(make("circle", { cx: 5, cy: 5, r: 5, fill: shape.color || COLORS[0] }));
      button.append(swatch, shape.name || `Shape ${index + 1}`);
      button.addEventListener("click", () => select(index));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }),
  );
}

function select(index) {
  selected = index;
  edited = "";
  const shape = shapes[index];
  details.hidden = !shape;
  if (shape) {
    details.elements.name.value = shape.name || "";
    details.elements.color.value = (shape.color || COLORS[0]).toLowerCase();
    details.elements.labels.value = (shape.labels || []).join(", ");
    details.elements.dwell_s.value = shape.dwell_s ?? "";
  }
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
  if (!event.isPrimary || event.button > 0) return;
  event.preventDefault();
  svg.setPointerCapture(event.pointerId);
  const from = place(event);
  const { corner, shape } = event.target.dataset;
  remember();
  if (corner !== undefined) {
    gesture = { kind: "pull", corner: Number(corner), origin: shapes[selected] };
  } else if (shape !== undefined) {
    select(Number(shape));
    gesture = { kind: "move", from, origin: shapes[selected] };
  } else {
    gesture = { kind: "draw", from, index: shapes.length };
  }
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
    const box = boxBetween(gesture.from, to, frame);
    const color = COLORS[gesture.index % COLORS.length];
    shapes = [...shapes.slice(0, gesture.index), { ...box, color }];
    selected = gesture.index;
  }
  draw();
}

function end() {
  if (!gesture) return;
  const { kind, index } = gesture;
  gesture = null;
  if (kind === "draw") finishDrawing(index);
  // A tap that moved nothing is nothing to undo.
  if (past.at(-1) === JSON.stringify(shapes)) past.pop();
  draw();
}

function finishDrawing(index) {
  const drawnNow = shapes[index];
  const least = Math.max(LEAST_PX, 8 * scale());
  if (drawnNow && drawnNow.width >= least && drawnNow.height >= least) {
    select(index);
    return;
  }
  shapes = shapes.slice(0, index);
  select(-1);
}

function onKey(event) {
  if (event.target.closest("input, button") || selected < 0) return;
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
  const { name, color, labels, dwell_s } = details.elements;
  const shape = { ...shapes[selected], name: name.value.trim(), color: color.value };
  shape.labels = labels.value.split(",").map((label) => label.trim()).filter(Boolean);
  shape.dwell_s = dwell_s.value === "" ? undefined : Number(dwell_s.value);
  if (edited !== event.target.name) remember();
  edited = event.target.name;
  replace(selected, shape);
  draw();
}

// --- what the server is asked

async function save() {
  byId("save").disabled = true;
  try {
    const bodies = shapes.map(body);
    const said = await call("POST", `/rectangles/${cameraId}`, bodies);
    saved = JSON.stringify(bodies);
    byId("status").textContent = said.message;
    tell(byId("problem"), null);
  } catch (error) {
    byId("status").textContent = "";
    tell(byId("problem"), error);
  }
  draw();
}

async function load() {
  try {
    shapes = await call("GET", `/rectangles/${cameraId}`);
    saved = JSON.stringify(shapes.map(body));
    const states = await call("GET", "/camera_status?detail=1");
    const said = states[`camera_${cameraId}`];
    if (said?.width_px && said?.height_px) {
      frame = { width: said.width_px, height: said.height_px };
      isFrameKnown = true;
    }
  } catch (error) {
    tell(byId("problem"), error);
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
  byId("save").addEventListener("click", save);
  byId("undo").addEventListener("click", () => {
    shapes = JSON.parse(past.pop() || "[]");
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
  for (const input of details.elements) input.disabled = true;
  svg.addEventListener("click", (event) => select(Number(event.target.dataset.shape ?? -1)));
}
await load();
await takeSnapshot();
stayLoggedIn();
