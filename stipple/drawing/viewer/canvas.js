"use strict";
// What is seen: the drawing on its canvas, in slices that keep nobody waiting.

const SLICE = 8; // milliseconds of drawing between two looks at the user
const MARGIN = 0.25; // drawn around what is seen, in sizes of the pane, so that it can be moved
const FINE = 3; // pixels of a radius below which a spiral looks like a disc
const BATCH = 100; // marks drawn between two looks at the clock

const find = (id) => document.getElementById(id);
const page = decodePage(JSON.parse(find("data").textContent));
const canvas = find("canvas");
const marks = page.frames.flatMap((frame) => frame.layers.flatMap((layer) => layer.marks));
const hasDots = marks.some((mark) => mark.kind === "dots");
const total = page.growth ? page.frames[0].layers[0].marks[0].centres.length / 2 : 0;
const state = { frame: 0, count: total, size: 1, hidden: new Set(), under: "", beside: "" };
const pictures = {}; // by label, once they are decoded
let view = null;
let panes = [];

// Drawing, in slices: a finished picture is moved and scaled until the next one is ready.

let shown = null; // { canvas, view, pane }: the finished picture
let drawing = null; // the one that is being drawn
let changed = false; // since it was begun

function redraw() {
  if (!view) {
    return; // until the canvas has a size
  }
  changed = true;
  if (!drawing) {
    begin();
  }
  requestAnimationFrame(paint);
}

function begin() {
  changed = false;
  const pane = panes[0];
  const ratio = window.devicePixelRatio || 1;
  const margin = { x: MARGIN * pane.width, y: MARGIN * pane.height };
  const wide = { width: pane.width + 2 * margin.x, height: pane.height + 2 * margin.y };
  const target = makeCanvas(Math.ceil(wide.width * ratio), Math.ceil(wide.height * ratio));
  const widened = panView(view, margin.x, margin.y);
  const context = target.getContext("2d");
  context.setTransform(...carry(widened, ratio, 0, 0));
  drawing = {
    canvas: target,
    view: widened,
    pane: wide,
    steps: drawAll(context, findSeen(widened, page, wide), target),
  };
  canvas.dataset.ready = "false";
  advance();
}

function advance() {
  const end = performance.now() + SLICE;
  while (performance.now() < end) {
    if (drawing.steps.next().done) {
      shown = drawing;
      drawing = null;
      paint();
      if (changed) {
        begin();
      } else {
        canvas.dataset.ready = "true";
      }
      return;
    }
  }
  requestAnimationFrame(advance);
}

// The transform from the page to pixels.
function carry(from, ratio, left, top) {
  const scale = ratio * from.scale;
  return [scale, 0, 0, scale, ratio * left - scale * from.x, ratio * top - scale * from.y];
}

function* drawAll(context, seen, target) {
  if (!seen) {
    return;
  }
  const scale = context.getTransform().a;
  context.beginPath();
  context.rect(0, 0, page.width, page.height);
  context.clip(); // a few large dots may reach beyond the page
  context.fillStyle = page.background || "#ffffff";
  context.fillRect(0, 0, page.width, page.height);
  drawPicture(context, pictures[state.under], find("fade").value / 100);
  const layers = page.frames[state.frame].layers;
  for (let place = 0; place < layers.length; place++) {
    if (state.hidden.has(place)) {
      continue;
    }
    if (page.blend === "normal") {
      yield* drawLayer(context, layers[place], seen, scale);
      continue;
    }
    // Dots of one ink are painted, and the ink as a whole meets what lies below it.
    const sheet = makeCanvas(target.width, target.height);
    const ink = sheet.getContext("2d");
    ink.setTransform(context.getTransform());
    yield* drawLayer(ink, layers[place], seen, scale);
    context.save();
    context.resetTransform();
    context.globalCompositeOperation = page.blend;
    context.drawImage(sheet, 0, 0);
    context.restore();
  }
}

function* drawLayer(context, layer, seen, scale) {
  context.fillStyle = context.strokeStyle = layer.colour;
  context.lineCap = context.lineJoin = "round";
  for (const mark of layer.marks) {
    yield* mark.kind === "dots"
      ? drawDots(context, mark, seen, scale)
      : drawShapes(context, mark, seen);
  }
}

function* drawDots(context, mark, seen, scale) {
  const { width, height } = context.canvas;
  const sheet = { alpha: new Uint8ClampedArray(width * height), width, height };
  const { e, f } = context.getTransform();
  const { count, factor } = findDrawn(page, mark, state);
  context.lineWidth = mark.penWidth;
  for (let dot = 0; dot < count; dot++) {
    if (dot % BATCH === 0) {
      yield;
    }
    const x = mark.centres[2 * dot];
    const y = mark.centres[2 * dot + 1];
    const radius = radiusOf(mark, dot) * factor;
    if (!touches(x - radius, y - radius, x + radius, y + radius, seen)) {
      continue;
    }
    if (mark.style === "spiral" && radius * scale > FINE) {
      trace(context, windSpiral(radius, mark.penWidth), x, y, false);
      context.stroke();
    } else {
      coverDisc(sheet, scale * x + e, scale * y + f, scale * radius);
    }
  }
  lay(context, sheet);
}

// Lay what a sheet covers over the drawing, in the colour of the layer.
function lay(context, { alpha, width, height }) {
  const pixels = new ImageData(width, height);
  // Little-endian, as every machine with a browser is: alpha, blue, green, red.
  const colour = Number.parseInt(context.fillStyle.slice(1).match(/../g).reverse().join(""), 16);
  const ink = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < alpha.length; i++) {
    if (alpha[i]) {
      ink[i] = (alpha[i] << 24) | colour;
    }
  }
  const paint = makeCanvas(width, height);
  paint.getContext("2d").putImageData(pixels, 0, 0);
  context.save();
  context.resetTransform();
  context.drawImage(paint, 0, 0);
  context.restore();
}

function makeCanvas(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

function* drawShapes(context, mark, seen) {
  const filled = mark.kind === "polygons";
  context.lineWidth = mark.width;
  for (let shape = 0; shape + 1 < mark.offsets.length; shape++) {
    if (shape % BATCH === 0) {
      yield;
    }
    const vertices = mark.vertices.subarray(2 * mark.offsets[shape], 2 * mark.offsets[shape + 1]);
    if (touches(...findBox(vertices), seen)) {
      trace(context, vertices, 0, 0, filled || mark.closed);
      if (filled) {
        context.fill();
      } else {
        context.stroke();
      }
    }
  }
}

function trace(context, vertices, x, y, closed) {
  context.beginPath();
  context.moveTo(x + vertices[0], y + vertices[1]);
  // A line of one vertex is a dot: drawn to itself, with a round cap.
  for (let i = vertices.length === 2 ? 0 : 2; i < vertices.length; i += 2) {
    context.lineTo(x + vertices[i], y + vertices[i + 1]);
  }
  if (closed) {
    context.closePath();
  }
}

function drawPicture(context, picture, faded) {
  if (!picture) {
    return;
  }
  context.save();
  context.globalAlpha = 1 - faded;
  context.imageSmoothingEnabled = picture.smooth;
  context.drawImage(picture.image, ...picture.box);
  context.restore();
}

function paint() {
  const ratio = window.devicePixelRatio || 1;
  const context = canvas.getContext("2d");
  context.resetTransform();
  context.clearRect(0, 0, canvas.width, canvas.height);
  panes.forEach((pane, number) => {
    context.save();
    context.resetTransform();
    context.beginPath();
    context.rect(ratio * pane.left, ratio * pane.top, ratio * pane.width, ratio * pane.height);
    context.clip();
    context.setTransform(...carry(view, ratio, pane.left, pane.top));
    context.fillStyle = page.background || "#ffffff";
    context.fillRect(0, 0, page.width, page.height);
    if (number === 1) {
      drawPicture(context, pictures[state.beside], 0);
    } else if (shown) {
      const { width, height } = shown.canvas;
      const scale = shown.view.scale;
      const size = [shown.pane.width / scale, shown.pane.height / scale];
      context.drawImage(shown.canvas, 0, 0, width, height, shown.view.x, shown.view.y, ...size);
    }
    context.restore();
  });
}

function show(next) {
  view = holdView(next, page, panes[0]);
  redraw();
}

// Split what there is into one pane, or two: side by side, or one below the other.
function arrange() {
  const box = canvas.getBoundingClientRect();
  if (box.width < 1 || box.height < 1) {
    return; // there is no room now
  }
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(box.width * ratio);
  canvas.height = Math.round(box.height * ratio);
  const whole = { left: 0, top: 0, width: box.width, height: box.height };
  const across = box.width * page.height > box.height * page.width;
  const half = across ? { ...whole, width: box.width / 2 } : { ...whole, height: box.height / 2 };
  const other = across ? { ...half, left: box.width / 2 } : { ...half, top: box.height / 2 };
  const fitting = view && fitView(page, panes[0]);
  panes = state.beside === "" ? [whole] : [half, other];
  shown = null;
  const moved = view && ["x", "y", "scale"].some((name) => view[name] !== fitting[name]);
  show(moved ? view : fitView(page, panes[0]));
}

// The chart of what the slider goes through, with a line where it is.

function draw(name, attributes, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  element.textContent = text;
  find("chart").append(element);
  return element;
}

let here = null;

function setUpChart() {
  find("chart-section").hidden = !page.chart;
  if (!page.chart) {
    return;
  }
  const { box, band, curve } = plotChart(page.chart);
  const { left, right, bottom } = box;
  draw("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom });
  draw("polygon", { class: "band", points: band.join(" ") });
  draw("polyline", { class: "curve", points: curve.join(" ") });
  for (const [cx, cy] of curve) {
    draw("circle", { class: "mark", cx, cy, r: 2 });
  }
  here = draw("line", { class: "here", y1: box.top, y2: bottom });
  draw("text", { x: left, y: 145 }, page.chart.ends[0]);
  draw("text", { x: right, y: 145, "text-anchor": "end" }, page.chart.ends[1]);
  find("chart-title").textContent = page.chart.title;
}

function drawHere() {
  if (!here) {
    return;
  }
  const { box, across } = plotChart(page.chart);
  const value = page.growth ? state.count : page.chart.x[state.frame];
  const x = Math.min(box.right, Math.max(box.left, across(value)));
  here.setAttribute("x1", x);
  here.setAttribute("x2", x);
  here.style.display = page.growth || page.frames.length > 1 ? "" : "none";
}
