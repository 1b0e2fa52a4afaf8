"use strict";
// What keys, pointers and controls do.

// Pointers: one moves, two zoom.

const pointers = new Map();

function locate(event) {
  const box = canvas.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

// The place in its pane that answers to a place in the canvas.
function enter(place) {
  const pane = panes.find(
    (one) =>
      place.x >= one.left && place.x < one.left + one.width && place.y < one.top + one.height,
  );
  return pane ? { x: place.x - pane.left, y: place.y - pane.top } : place;
}

function zoom(factor, place) {
  const { x, y } = place || { x: panes[0].width / 2, y: panes[0].height / 2 };
  show(zoomView(view, factor, x, y, page, panes[0]));
}

function measurePinch() {
  const [first, second] = [...pointers.values()];
  return {
    x: (first.x + second.x) / 2,
    y: (first.y + second.y) / 2,
    spread: Math.hypot(first.x - second.x, first.y - second.y),
  };
}

function move(event) {
  if (!pointers.has(event.pointerId)) {
    return;
  }
  if (pointers.size === 2) {
    const before = measurePinch();
    pointers.set(event.pointerId, locate(event));
    const after = measurePinch();
    view = panView(view, after.x - before.x, after.y - before.y);
    zoom(after.spread / Math.max(before.spread, 1), enter(after));
    return;
  }
  const before = pointers.get(event.pointerId);
  const after = locate(event);
  pointers.set(event.pointerId, after);
  show(panView(view, after.x - before.x, after.y - before.y));
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, locate(event));
});
canvas.addEventListener("pointermove", move);
for (const name of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(name, (event) => pointers.delete(event.pointerId));
}
canvas.addEventListener(
  "wheel",
  (event) => {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : 20;
    zoom(Math.exp(-0.002 * lines * event.deltaY), enter(locate(event)));
  },
  { passive: false },
);
canvas.addEventListener("dblclick", (event) => zoom(2, enter(locate(event))));

// Controls.

function fillRows(table, rows) {
  table.replaceChildren(
    ...rows.map(([name, value]) => {
      const row = document.createElement("tr");
      const [head, cell] = [document.createElement("th"), document.createElement("td")];
      head.scope = "row";
      head.textContent = name;
      cell.textContent = value;
      row.append(head, cell);
      return row;
    }),
  );
}

// How many dots there are, and the figures of what the slider shows.
function tell() {
  const frame = page.frames[state.frame];
  const dots = countDots(page, frame, state);
  const told = `${dots.toLocaleString("en")} dot${dots === 1 ? "" : "s"} drawn`;
  find("count").textContent = hasDots ? told : "";
  let place = page.frames.length > 1 ? frame.label : "";
  let figures = frame.figures;
  if (page.growth) {
    place = `${state.count.toLocaleString("en")} of ${total.toLocaleString("en")} points`;
    figures = listMeasured();
  }
  find("place").textContent = place;
  fillRows(find("figures-here"), figures);
  drawHere();
}

function listMeasured() {
  const { measured } = page.growth;
  if (measured.length === 0) {
    return [["W2", "not measured for any number of points"]];
  }
  const nearest = findNearest(measured, state.count);
  if (nearest.count === state.count) {
    return nearest.figures;
  }
  const there = nearest.count.toLocaleString("en");
  const told = nearest.figures.map(([name, value]) => [`${name} at ${there}`, value]);
  return [["W2", `not measured here; the nearest measured is ${there} points`], ...told];
}

function listLayers() {
  find("layers").replaceChildren(
    ...page.frames[state.frame].layers.map((layer, place) => {
      const [item, label] = [document.createElement("li"), document.createElement("label")];
      const [box, swatch] = [document.createElement("input"), document.createElement("span")];
      box.type = "checkbox";
      box.checked = !state.hidden.has(place);
      box.addEventListener("change", () => showLayer(place, box.checked));
      swatch.className = "swatch";
      swatch.style.background = layer.colour;
      label.append(box, swatch, layer.label);
      item.append(label);
      return item;
    }),
  );
}

function showLayer(place, visible) {
  state.hidden[visible ? "delete" : "add"](place);
  tell();
  redraw();
}

function setFrame(frame) {
  state.frame = Math.min(page.frames.length - 1, Math.max(0, frame));
  find("position").value = state.frame;
  tell();
  redraw();
}

function setCount(count) {
  state.count = Math.min(total, Math.max(1, count));
  find("position").value = positionOf(state.count, total);
  tell();
  redraw();
}

// To the frame, or to the prefix that was measured, before or after.
function step(direction) {
  if (!page.growth) {
    setFrame(state.frame + direction);
    return;
  }
  const counts = page.growth.measured.map((one) => one.count);
  const beyond = counts.filter((count) => direction * (count - state.count) > 0);
  const near = direction > 0 ? Math.min(...beyond) : Math.max(...beyond);
  setCount(beyond.length ? near : state.count + direction);
}

function setUpSlider() {
  const slider = find("position");
  find("slider").hidden = page.frames.length === 1 && !page.growth;
  find("position-name").textContent = page.slider;
  if (page.growth) {
    Object.assign(slider, { min: 0, max: 1000, step: "any", value: 1000 });
    slider.addEventListener("input", () => {
      state.count = countAt(Number(slider.value), total);
      tell();
      redraw();
    });
  } else {
    Object.assign(slider, { min: 0, max: page.frames.length - 1, step: 1, value: 0 });
    slider.addEventListener("input", () => setFrame(Number(slider.value)));
  }
  find("previous").addEventListener("click", () => step(-1));
  find("next").addEventListener("click", () => step(1));
}

function setUpSize() {
  const size = find("size");
  find("size-section").hidden = !hasDots;
  size.addEventListener("input", () => {
    state.size = 2 ** Number(size.value);
    find("size-told").textContent = `${Math.round(100 * state.size)} %`;
    redraw();
  });
}

async function setUpPictures() {
  find("pictures").hidden = page.pictures.length === 0;
  find("fade-row").hidden = true;
  for (const picture of page.pictures) {
    const image = new Image();
    image.src = `data:image/png;base64,${picture.png}`;
    await image.decode();
    pictures[picture.label] = { ...picture, image };
    for (const id of ["under", "beside"]) {
      find(id).append(new Option(picture.label, picture.label));
    }
  }
  find("under").addEventListener("change", () => choosePictures());
  find("beside").addEventListener("change", () => choosePictures());
  find("fade").addEventListener("input", redraw);
  find("under").value = page.under;
  find("beside").value = page.beside;
  choosePictures();
}

function choosePictures() {
  const before = state.beside;
  state.under = find("under").value;
  state.beside = find("beside").value;
  find("fade-row").hidden = state.under === "";
  if ((before === "") === (state.beside === "")) {
    redraw();
  } else {
    arrange();
  }
}

// Nothing, under, beside, and again.
function turnPictures() {
  if (page.pictures.length) {
    const label = page.pictures[0].label;
    const [under, beside] = [find("under"), find("beside")];
    const next = under.value ? ["", label] : beside.value ? ["", ""] : [label, ""];
    [under.value, beside.value] = next;
    choosePictures();
  }
}

function save() {
  const seen = findSeen(view, page, panes[0]);
  const svg = writeSvg(page, page.frames[state.frame], state, seen);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  link.download = `${page.name}.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function turnTheme() {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  nameTheme();
}

function nameTheme() {
  find("theme").textContent = isDark() ? "Light" : "Dark";
}

// Keys.

function pan(across, down) {
  show(panView(view, across * panes[0].width, down * panes[0].height));
}

const KEYS = {
  ArrowLeft: () => pan(0.1, 0),
  ArrowRight: () => pan(-0.1, 0),
  ArrowUp: () => pan(0, 0.1),
  ArrowDown: () => pan(0, -0.1),
  "+": () => zoom(1.25),
  "=": () => zoom(1.25),
  "-": () => zoom(0.8),
  0: () => show(fitView(page, panes[0])),
  ",": () => step(-1),
  ".": () => step(1),
  o: turnPictures,
  s: save,
  d: turnTheme,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const field = event.target.closest("input, select");
  if (field && (field.tagName === "SELECT" || event.key.startsWith("Arrow"))) {
    return; // its own
  }
  const box = find("layers").querySelectorAll("input")[Number(event.key) - 1];
  if (KEYS[event.key]) {
    KEYS[event.key]();
  } else if (box) {
    box.click();
  } else {
    return;
  }
  event.preventDefault();
});

find("closer").addEventListener("click", () => zoom(1.5));
find("farther").addEventListener("click", () => zoom(1 / 1.5));
find("fit").addEventListener("click", () => show(fitView(page, panes[0])));
find("save").addEventListener("click", save);
find("theme").addEventListener("click", turnTheme);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
new ResizeObserver(arrange).observe(canvas);

setUpSlider();
setUpSize();
setUpChart();
listLayers();
fillRows(find("figures"), page.figures);
tell();
nameTheme();
setUpPictures();
