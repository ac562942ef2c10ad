// The form with the settings of one shape: filled from it, and read into another.
import { isLine } from "/static/shapes.js";
import { colorOf } from "/static/shape_drawing.js";

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/** What is a number, or not given. */
const NUMBERS = ["min_confidence", "min_size_px", "max_size_px", "dwell_s"];

/** Show a shape's settings. */
export function fill(form, shape) {
  const { elements } = form;
  for (const part of form.querySelectorAll("[data-only]")) {
    part.hidden = (part.dataset.only === "line") !== isLine(shape);
  }
  elements.name.value = shape.name || "";
  elements.color.value = colorOf(shape).toLowerCase();
  elements.labels.value = (shape.labels || []).join(", ");
  for (const name of NUMBERS) elements[name].value = shape[name] ?? "";
  spans(form).replaceChildren(...(shape.schedule || []).map((span) => spanRow(form, span)));
}

/** Return the shape with what the form says. */
export function read(form, shape) {
  const { elements } = form;
  const said = { ...shape, name: elements.name.value.trim(), color: elements.color.value };
  said.labels = elements.labels.value.split(",").map((label) => label.trim()).filter(Boolean);
  for (const name of NUMBERS) {
    said[name] = elements[name].value === "" ? undefined : Number(elements[name].value);
  }
  said.schedule = [...spans(form).children].map(spanOf);
  return said;
}

/** Add hours to the schedule; who listens to the form hears of it. */
export function addSpan(form) {
  spans(form).append(spanRow(form, { start_time: "22:00", end_time: "06:00" }));
  changed(form);
}

const spans = (form) => form.querySelector("#spans");

function changed(form) {
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

function spanRow(form, span) {
  const row = document.createElement("li");
  row.append(timeInput("From", "start_time", span.start_time), timeInput("to", "end_time", span.end_time));
  const days = document.createElement("span");
  days.className = "days";
  days.append(...DAYS.map((name, day) => dayInput(name, day, span.days || [])));
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = "Remove these hours";
  remove.addEventListener("click", () => {
    row.remove();
    changed(form);
  });
  row.append(days, remove);
  return row;
}

function timeInput(words, part, value) {
  const input = document.createElement("input");
  Object.assign(input, { type: "time", required: true, value });
  input.dataset.part = part;
  const label = document.createElement("label");
  label.append(words, " ", input);
  return label;
}

function dayInput(name, day, days) {
  const input = document.createElement("input");
  Object.assign(input, { type: "checkbox", value: day, checked: days.includes(day) });
  const label = document.createElement("label");
  label.append(input, " ", name);
  return label;
}

function spanOf(row) {
  const [start_time, end_time] = ["start_time", "end_time"].map(
    (part) => row.querySelector(`[data-part=${part}]`).value,
  );
  const days = [...row.querySelectorAll("[type=checkbox]:checked")].map((input) => Number(input.value));
  return days.length ? { start_time, end_time, days } : { start_time, end_time };
}
