// Shapes in pixels of the full frame: pure functions, no page.
//
// A box has {x, y, width, height}, a polygon {points: [{x, y}, ...]}; both may have name, color,
// labels and dwell_s. Nothing here changes a shape: each function returns a new one.

/** The smallest side of a drawn box, in pixels of the frame. */
export const LEAST_PX = 4;

const clamp = (value, least, most) => Math.min(Math.max(value, least), Math.max(least, most));

export const isBox = (shape) => shape.points === undefined;

/** Return the corners in order, clockwise from the upper left of a box. */
export function corners(shape) {
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

/** Return the shape moved by (dx, dy), as far as the frame allows. */
export function moved(shape, dx, dy, frame) {
  const points = corners(shape);
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  const byX = Math.round(clamp(dx, -Math.min(...xs), frame.width - Math.max(...xs)));
  const byY = Math.round(clamp(dy, -Math.min(...ys), frame.height - Math.max(...ys)));
  if (isBox(shape)) return { ...shape, x: shape.x + byX, y: shape.y + byY };
  return { ...shape, points: points.map((point) => ({ x: point.x + byX, y: point.y + byY })) };
}

/** Return the shape with one corner pulled to a point of the frame. */
export function pulled(shape, corner, to, frame) {
  const point = {
    x: Math.round(clamp(to.x, 0, frame.width)),
    y: Math.round(clamp(to.y, 0, frame.height)),
  };
  if (!isBox(shape)) {
    return { ...shape, points: shape.points.map((each, at) => (at === corner ? point : each)) };
  }
  const opposite = corners(shape)[(corner + 2) % 4];
  const box = boxBetween(opposite, point, frame);
  return box.width < LEAST_PX || box.height < LEAST_PX ? shape : { ...shape, ...box };
}

/** Return the shape at its place in what the API takes: nothing that was not said. */
export function body(shape) {
  const place = isBox(shape)
    ? { x: shape.x, y: shape.y, width: shape.width, height: shape.height }
    : { points: shape.points };
  const said = {};
  if (shape.name) said.name = shape.name;
  if (shape.color) said.color = shape.color;
  if (shape.labels?.length) said.labels = shape.labels;
  if (shape.dwell_s !== undefined) said.dwell_s = shape.dwell_s;
  return { ...place, ...said };
}
