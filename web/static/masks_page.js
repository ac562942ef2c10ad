// Drawing privacy masks on the page of a camera's shapes: a layer of its own over the snapshot,
// which is on top while "Privacy masks" is chosen.
import { call, tell } from "/static/api.js";
import { LEAST_PX, boxBetween, corners, isBox, moved, pulled } from "/static/shapes.js";

const SVG = "http://www.w3.org/2000/svg";
const HANDLE_PX = 8; // On the screen, whatever the frame's size.
const TOUCH_PX = 22;

const byId = (id) => document.getElementById(id);
const editor = byId("editor");
const cameraId = editor.dataset.cameraId;
const svg = byId("masks");
const details = byId("mask");

let frame = null; // As the layer of shapes has it; null: it does not know yet.
let masks = [];
let selected = -1;
let saved = "[]";
let isLoaded = false; // Until then nothing is drawn: what is saved replaces all that there is.
let gesture = null;

const isMasking = () => editor.classList.contains("masking");

// --- masks, each in pixels of the frame on which it was drawn

/** Return a mask in pixels of the frame that is shown. */
function fitted(mask) {
  if (!mask.frame_width || !isFrameKnown()) return mask;
  const [byX, byY] = [frame.width / mask.frame_width, frame.height / mask.frame_height];
  if (byX === 1 && byY === 1) return mask;
  const at = ({ x, y }) => ({ x: x * byX, y: y * byY });
  const place = isBox(mask)
    ? { ...at(mask), width: mask.width * byX, height: mask.height * byY }
    : { points: mask.points.map(at) };
  return { ...mask, ...place, frame_width: frame.width, frame_height: frame.height };
}

/** Return what is known of the frame now: a mask keeps its place when the stream changes its size. */
const onThisFrame = () =>
  isFrameKnown() ? { frame_width: frame.width, frame_height: frame.height } : {};

const isFrameKnown = () => frame !== null && byId("unknown").hidden;

const bodies = () => masks.map((mask) => ({ ...mask, name: mask.name || undefined }));
const written = () => JSON.stringify(bodies());

function follow() {
  const box = byId("shapes").viewBox.baseVal;
  if (!box?.width || (frame?.width === box.width && frame?.height === box.height)) return;
  const isChanged = written() !== saved;
  frame = { width: box.width, height: box.height };
  masks = masks.map(fitted);
  if (!isChanged) saved = written();
  draw();
}

// --- what is seen

function make(name, attributes, text = "") {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  return node;
}

function draw() {
  const isChanged = written() !== saved;
  byId("masks-save").disabled = !isChanged;
  byId("masks-clear").disabled = masks.length === 0;
  byId("masks-list").replaceChildren(...masks.map(listed));
  if (frame === null) return isChanged;
  svg.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
  const unit = frame.width / Math.max(1, svg.getBoundingClientRect().width);
  svg.replaceChildren(...masks.flatMap((mask, index) => drawn(mask, index, unit)));
  return isChanged;
}

const titleOf = (mask, index) => `${mask.name || `Mask ${index + 1}`} · ${mask.style}`;

function drawn(mask, index, unit) {
  const points = corners(mask);
  const text = points.map(({ x, y }) => `${x},${y}`).join(" ");
  const isSelected = index === selected;
  const dash = `${8 * unit} ${5 * unit}`;
  const [left, top] = ["x", "y"].map((axis) => Math.min(...points.map((point) => point[axis])));
  const handles = isSelected ? points.flatMap((point, at) => handle(point, at, unit)) : [];
  return [
    make("polygon", { points: text, class: mask.style, "data-mask": index }),
    make("polygon", {
      points: text,
      class: "edge",
      "stroke-width": (isSelected ? 3 : 2) * unit,
      "stroke-dasharray": dash,
    }),
    make(
      "text",
      {
        x: left + 6 * unit,
        y: top + 18 * unit,
        "font-size": 14 * unit,
        "stroke-width": 3 * unit,
        class: "label",
      },
      titleOf(mask, index),
    ),
    ...handles,
  ];
}

function handle({ x, y }, corner, unit) {
  const place = { cx: x, cy: y };
  return [
    make("circle", { ...place, r: HANDLE_PX * unit, class: "handle", "stroke-width": 2 * unit }),
    // A finger is wider than what it aims at.
    make("circle", { ...place, r: TOUCH_PX * unit, class: "grip", "data-corner": corner }),
  ];
}

function listed(mask, index) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = index === selected ? "chosen" : "";
  button.setAttribute("aria-pressed", String(index === selected));
  button.textContent = titleOf(mask, index);
  button.addEventListener("click", () => select(index));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

function select(index) {
  selected = index;
  const mask = masks[index];
  details.hidden = !mask;
  if (mask) {
    details.elements.title.value = mask.name || "";
    details.elements.style.value = mask.style;
  }
  draw();
}

// --- what is changed

function replace(index, mask) {
  masks = masks.map((each, at) => (at === index ? mask : each));
}

function removeSelected() {
  masks = masks.filter((_, index) => index !== selected);
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
  if (!isLoaded || frame === null || !event.isPrimary || event.button > 0) return;
  event.preventDefault();
  svg.setPointerCapture(event.pointerId);
  const { corner, mask } = event.target.dataset;
  if (corner === undefined) select(mask === undefined ? -1 : Number(mask));
  const at = selected < 0 ? masks.length : selected;
  gesture = { from: place(event), at, origin: masks[at], corner };
}

function go(event) {
  if (!gesture) return;
  const { from, at, origin, corner } = gesture;
  const to = place(event);
  if (!origin) {
    const drawnNow = { ...boxBetween(from, to, frame), style: "black", ...onThisFrame() };
    masks = [...masks.slice(0, at), drawnNow];
    selected = at;
  } else if (corner === undefined) {
    replace(at, moved(origin, to.x - from.x, to.y - from.y, frame));
  } else {
    replace(at, pulled(origin, Number(corner), to, frame));
  }
  draw();
}

function end() {
  if (!gesture) return;
  const { at, origin } = gesture;
  gesture = null;
  const mask = masks[at];
  const isTap = !origin && mask && Math.min(mask.width, mask.height) < LEAST_PX;
  if (isTap) masks = masks.slice(0, at);
  select(isTap || !mask ? -1 : at);
}

function onKey(event) {
  // The shapes beneath are not what is meant.
  if (!isMasking() || event.target.closest("input, button, select")) return;
  event.stopPropagation();
  if (selected < 0) return;
  if (event.key === "Delete" || event.key === "Backspace") removeSelected();
  else if (event.key === "Escape") select(-1);
  else return;
  event.preventDefault();
}

// --- what the server is asked

async function save() {
  byId("masks-save").disabled = true;
  byId("masks-status").textContent = "";
  try {
    const said = await call("POST", `/masks/${cameraId}`, bodies());
    saved = written();
    byId("masks-status").textContent = `${said.message}. New pictures have them within a second or two.`;
    tell(byId("masks-problem"), null);
  } catch (error) {
    tell(byId("masks-problem"), error);
  }
  draw();
}

async function load() {
  byId("masks-again").hidden = true;
  try {
    masks = (await call("GET", `/masks/${cameraId}`)).map(fitted);
    saved = written();
    isLoaded = true;
    tell(byId("masks-problem"), null);
  } catch (error) {
    tell(byId("masks-problem"), error);
    byId("masks-again").hidden = false;
  }
  draw();
}

// --- and who calls all this

function choose(wantsMasks) {
  editor.classList.toggle("masking", wantsMasks);
  byId("masks-card").hidden = !wantsMasks;
  byId("mode-masks").setAttribute("aria-pressed", String(wantsMasks));
  byId("mode-zones").setAttribute("aria-pressed", String(!wantsMasks));
  select(-1);
}

byId("mode-masks").addEventListener("click", () => choose(true));
byId("mode-zones").addEventListener("click", () => choose(false));
svg.addEventListener("pointerdown", begin);
svg.addEventListener("pointermove", go);
svg.addEventListener("pointerup", end);
svg.addEventListener("pointercancel", end);
document.addEventListener("keydown", onKey, { capture: true });
details.addEventListener("submit", (event) => event.preventDefault());
details.addEventListener("input", () => {
  const { title, style } = details.elements;
  replace(selected, { ...masks[selected], name: title.value.trim(), style: style.value });
  draw();
});
byId("mask-delete").addEventListener("click", removeSelected);
byId("masks-save").addEventListener("click", save);
byId("masks-again").addEventListener("click", load);
byId("masks-clear").addEventListener("click", () => {
  masks = [];
  select(-1);
});
window.addEventListener("beforeunload", (event) => {
  if (draw()) event.preventDefault();
});
new MutationObserver(follow).observe(byId("shapes"), { attributeFilter: ["viewBox"] });
new MutationObserver(follow).observe(byId("unknown"), { attributeFilter: ["hidden"] });
new ResizeObserver(() => draw()).observe(svg);
follow();
await load();
