// Shapes in pixels of the full frame: pure functions, no page.
//
// A box has {x, y, width, height}, a polygon {points: [{x, y}, ...]}, a line {start, end}; each may
// have name, color, labels and more. Nothing here changes a shape: each function returns a new one.

/** The smallest side of a drawn box, in pixels of the frame. */
export const LEAST_PX = 4;

const COMMON = ["name", "color", "labels", "min_confidence"];
const ZONES_ALONE = ["min_size_px", "max_size_px", "schedule", "dwell_s"];

const clamp = (value, least, most) => Math.min(Math.max(value, least), Math.max(least, most));

export const isLine = (shape) => shape.start !== undefined;

export const isBox = (shape) => shape.points === undefined && !isLine(shape);

/** Return the corners in order, clockwise from the upper left of a box; or the ends of a line. */
export function corners(shape) {
  if (isLine(shape)) return [shape.start, shape.end];
  if (!isBox(shape)) return shape.points;
  const { x, y, width, height } = shape;
  return [
    { x, y },
    { x: x + width, y },
    { x: x + width, y: y + height },
    { x, y: y + height },
  ];
}

/** Return the box between two points, inside the frame, in whole pixels. */
export function boxBetween(from, to, frame) {
  const [left, right] = [from.x, to.x].map((x) => Math.round(clamp(x, 0, frame.width)));
  const [top, bottom] = [from.y, to.y].map((y) => Math.round(clamp(y, 0, frame.height)));
  return {
    x: Math.min(left, right),
    y: Math.min(top, bottom),
    width: Math.abs(right - left),
    height: Math.abs(bottom - top),
  };
}

const inFrame = (point, frame) => ({
  x: Math.round(clamp(point.x, 0, frame.width)),
  y: Math.round(clamp(point.y, 0, frame.height)),
});

/** Return the line from one point to another, inside the frame, in whole pixels. */
export function lineBetween(from, to, frame) {
  return { start: inFrame(from, frame), end: inFrame(to, frame) };
}

/** Return how long a line is, in pixels. */
export const lengthOf = ({ start, end }) => Math.hypot(end.x - start.x, end.y - start.y);

/**
 * Return an arrow over the middle of a line that points the way that counts as in: to the right of
 * who looks along it from its start.
 */
export function arrow({ start, end }, size) {
  const length = Math.max(lengthOf({ start, end }), 1e-6);
  const along = { x: (end.x - start.x) / length, y: (end.y - start.y) / length };
  const inwards = { x: -along.y, y: along.x };
  const middle = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
  const tip = { x: middle.x + inwards.x * size, y: middle.y + inwards.y * size };
  const barb = (side) => ({
    x: tip.x + (side * along.x - inwards.x) * size * 0.4,
    y: tip.y + (side * along.y - inwards.y) * size * 0.4,
  });
  return { middle, tip, head: [barb(-1), tip, barb(1)] };
}

/** Return a line the other way round: in is out. */
export const turned = (line) => ({ ...line, start: line.end, end: line.start });

/** Return the shape moved by (dx, dy), as far as the frame allows. */
export function moved(shape, dx, dy, frame) {
  const points = corners(shape);
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  const byX = Math.round(clamp(dx, -Math.min(...xs), frame.width - Math.max(...xs)));
  const byY = Math.round(clamp(dy, -Math.min(...ys), frame.height - Math.max(...ys)));
  const shifted = (point) => ({ x: point.x + byX, y: point.y + byY });
  if (isLine(shape)) return { ...shape, start: shifted(shape.start), end: shifted(shape.end) };
  if (isBox(shape)) return { ...shape, ...shifted(shape) };
  return { ...shape, points: points.map(shifted) };
}

/** Return the shape with one corner pulled to a point of the frame. */
export function pulled(shape, corner, to, frame) {
  const point = inFrame(to, frame);
  if (isLine(shape)) {
    const pulledLine = { ...shape, [corner ? "end" : "start"]: point };
    return lengthOf(pulledLine) < LEAST_PX ? shape : pulledLine;
  }
  if (!isBox(shape)) {
    return { ...shape, points: shape.points.map((each, at) => (at === corner ? point : each)) };
  }
  const opposite = corners(shape)[(corner + 2) % 4];
  const box = boxBetween(opposite, point, frame);
  return box.width < LEAST_PX || box.height < LEAST_PX ? shape : { ...shape, ...box };
}

/** Return the shape at its place in what the API takes: nothing that was not said. */
export function body(shape) {
  const names = isLine(shape)
    ? ["id", "start", "end", ...COMMON]
    : [...(isBox(shape) ? ["x", "y", "width", "height"] : ["points"]), ...COMMON, ...ZONES_ALONE];
  const isSaid = (value) => value !== undefined && value !== "" && value?.length !== 0;
  return Object.fromEntries(names.map((name) => [name, shape[name]]).filter(([, value]) => isSaid(value)));
}
