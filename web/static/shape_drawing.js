// Shapes as SVG, in pixels of the frame: what is seen of them, and what can be taken hold of.
import { arrow, corners, isLine } from "/static/shapes.js";

const SVG = "http://www.w3.org/2000/svg";
export const COLORS = ["#ffb000", "#fe6100", "#dc267f", "#785ef0", "#648fff", "#2ec4b6"];
const HANDLE_PX = 8; // On the screen, whatever the frame's size.
const TOUCH_PX = 22;

const listed = (points) => points.map((point) => `${point.x},${point.y}`).join(" ");

export function make(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** Return the colour in which a shape is drawn, here and in the annotated picture. */
export const colorOf = (shape) => shape.color || (isLine(shape) ? "#2ec4b6" : COLORS[0]);

/** Return what a shape is called where it has no name. */
export const titleOf = (shape, index) => shape.name || `${isLine(shape) ? "Line" : "Shape"} ${index + 1}`;

/**
 * Return the nodes of a shape.
 *
 * index: its place among all; unit: how many pixels of the frame are one of the screen; isGrasped: a drag over what
 * is selected moves it.
 */
export function drawn(shape, { index, unit, isSelected, isGrasped, mayEdit }) {
  const color = colorOf(shape);
  const look = { index, unit, isSelected, grasp: isSelected && isGrasped ? "grasped" : "" };
  const nodes = isLine(shape)
    ? lineNodes(shape, color, look)
    : [zoneNode(shape, color, look), labelNode(shape, index, unit)];
  const grips = isSelected && mayEdit ? corners(shape).flatMap((point, at) => handle(point, at, unit)) : [];
  return [...nodes, ...grips];
}

/** Return a dot in the colour of a shape. */
export function swatch(shape) {
  return make("svg", { viewBox: "0 0 10 10" }, make("circle", { cx: 5, cy: 5, r: 5, fill: colorOf(shape) }));
}

function zoneNode(shape, color, { index, unit, isSelected, grasp }) {
  return make("polygon", {
    class: grasp,
    points: listed(corners(shape)),
    fill: color,
    "fill-opacity": isSelected ? 0.3 : 0.15,
    stroke: color,
    "stroke-width": (isSelected ? 3 : 2) * unit,
    "data-shape": index,
  });
}

function labelNode(shape, index, unit) {
  const points = corners(shape);
  const place = {
    x: Math.min(...points.map((point) => point.x)) + 6 * unit,
    y: Math.min(...points.map((point) => point.y)) + 18 * unit,
  };
  return text(shape.name || `${index + 1}`, place, unit);
}

function lineNodes(shape, color, { index, unit, isSelected, grasp }) {
  const { middle, tip, head } = arrow(shape, 26 * unit);
  const width = (isSelected ? 4 : 3) * unit;
  const ends = { x1: shape.start.x, y1: shape.start.y, x2: shape.end.x, y2: shape.end.y };
  const stroke = { stroke: color, "stroke-width": width };
  const inwards = { x: (tip.x - middle.x) / (26 * unit), y: (tip.y - middle.y) / (26 * unit) };
  const nodes = [
    make("line", { ...ends, ...stroke }),
    make("line", { x1: middle.x, y1: middle.y, x2: tip.x, y2: tip.y, ...stroke }),
    make("polyline", { points: listed(head), fill: "none", ...stroke }),
    // A line is thin: it can be taken hold of beside it.
    make("line", { ...ends, class: `hold ${grasp}`, "stroke-width": TOUCH_PX * unit, "data-shape": index }),
    beside("in", middle, inwards, 34 * unit, unit),
  ];
  if (shape.name) nodes.push(beside(shape.name, middle, inwards, -10 * unit, unit));
  return nodes;
}

/** Return words so far inwards of a point that they begin, or end, there; outwards where that is negative. */
function beside(words, point, inwards, away, unit) {
  const side = inwards.x * Math.sign(away);
  const anchor = Math.abs(side) < 0.4 ? "middle" : side > 0 ? "start" : "end";
  const place = { x: point.x + inwards.x * away, y: point.y + inwards.y * away + 5 * unit };
  const node = text(words, place, unit);
  node.setAttribute("text-anchor", anchor);
  return node;
}

function text(words, place, unit) {
  return make("text", { ...place, "font-size": 14 * unit, "stroke-width": 3 * unit, class: "label" }, words);
}

function handle(point, corner, unit) {
  const place = { cx: point.x, cy: point.y };
  return [
    make("circle", { ...place, r: HANDLE_PX * unit, class: "handle", "stroke-width": 2 * unit }),
    // A finger is wider than what it aims at.
    make("circle", { ...place, r: TOUCH_PX * unit, class: "grip", "data-corner": corner }),
  ];
}
