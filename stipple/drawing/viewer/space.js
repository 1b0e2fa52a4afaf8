"use strict";
// Points in space: turned by dragging, nearer by the wheel, and drawn from the farthest on.

const FIRST = { turn: 0.5, tilt: 0.35, zoom: 1 };
const MARGIN = 0.94; // part of the shorter side of the canvas that the box fills at first

// Across the page, up on it, and towards the reader, as rows; z is upwards.
function makeAxes(turn, tilt) {
  const [c, s, u, v] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
  return [[c, s, 0], [-v * s, v * c, u], [u * s, -u * c, v]];
}

// Of places x, y, z in a row: where each is seen and how near, in a row.
function project(places, axes) {
  const seen = new Float64Array(places.length);
  for (let i = 0; i < places.length; i += 3) {
    for (let k = 0; k < 3; k++) {
      const axis = axes[k];
      seen[i + k] = axis[0] * places[i] + axis[1] * places[i + 1] + axis[2] * places[i + 2];
    }
  }
  return seen;
}

// Numbers of the points from the farthest to the nearest, of which the nearest are left out.
function sortByDepth(seen, part) {
  const order = Array.from({ length: seen.length / 3 }, (_, i) => i);
  order.sort((a, b) => seen[3 * a + 2] - seen[3 * b + 2]);
  return order.slice(0, Math.ceil(part * order.length));
}

// Corners of a box about the origin, two for each edge, in a row.
function listEdges(half) {
  const corners = [];
  for (let axis = 0; axis < 3; axis++) {
    for (const [p, q] of [[-1, -1], [-1, 1], [1, -1], [1, 1]]) {
      for (const end of [-1, 1]) {
        const corner = [0, 0, 0];
        corner[axis] = end * half[axis];
        corner[(axis + 1) % 3] = p * half[(axis + 1) % 3];
        corner[(axis + 2) % 3] = q * half[(axis + 2) % 3];
        corners.push(...corner);
      }
    }
  }
  return corners;
}

function decodeFloats(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

function start() {
  const get = (id) => document.getElementById(id);
  const data = JSON.parse(get("data").textContent);
  const points = decodeFloats(data.points);
  const radii = decodeFloats(data.radii);
  const edges = listEdges(data.half);
  const reach = Math.hypot(...data.half);
  const canvas = get("canvas");
  const night = window.matchMedia("(prefers-color-scheme: dark)"); // what is far fades into it
  const state = { ...FIRST };
  let waiting = false;

  function draw() {
    waiting = false;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const scale = (state.zoom * MARGIN * Math.min(width, height)) / (2 * reach);
    const axes = makeAxes(state.turn, state.tilt);
    const place = (seen, i) => [width / 2 + scale * seen[3 * i], height / 2 - scale * seen[3 * i + 1]];
    const lines = project(edges, axes);
    context.strokeStyle = "#808080";
    context.beginPath();
    for (let i = 0; i < lines.length / 3; i += 2) {
      context.moveTo(...place(lines, i));
      context.lineTo(...place(lines, i + 1));
    }
    context.stroke();
    const seen = project(points, axes);
    const size = 2 ** Number(get("size").value);
    for (const i of sortByDepth(seen, Number(get("cut").value))) {
      const near = Math.min(Math.max(0.5 + seen[3 * i + 2] / (1.6 * reach), 0), 1);
      const light = night.matches ? 30 + 45 * near : 82 - 55 * near;
      context.fillStyle = `hsl(213 ${25 + 30 * near}% ${light}%)`;
      context.beginPath();
      context.arc(...place(seen, i), Math.max(0.5, scale * size * radii[i]), 0, 2 * Math.PI);
      context.fill();
    }
    canvas.dataset.ready = "true";
  }

  function change(values) {
    Object.assign(state, values);
    state.tilt = Math.min(Math.max(state.tilt, -Math.PI / 2), Math.PI / 2);
    state.zoom = Math.min(Math.max(state.zoom, 0.1), 100);
    if (!waiting) {
      waiting = true;
      canvas.dataset.ready = "false";
      requestAnimationFrame(draw);
    }
  }

  const zoom = (factor) => change({ zoom: state.zoom * factor });
  const turn = (dx, dy) => change({ turn: state.turn + dx, tilt: state.tilt + dy });
  canvas.style.touchAction = "none";
  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons) turn(-event.movementX / 150, event.movementY / 150);
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 500));
  }, { passive: false });
  const keys = {
    "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: () => change(FIRST),
    ArrowLeft: () => turn(0.1, 0), ArrowRight: () => turn(-0.1, 0),
    ArrowUp: () => turn(0, -0.1), ArrowDown: () => turn(0, 0.1),
  };
  canvas.addEventListener("keydown", (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  get("closer").onclick = keys["+"];
  get("farther").onclick = keys["-"];
  get("fit").onclick = keys[0];
  for (const [id, tell] of [["size", (value) => `${Math.round(100 * 2 ** value)} %`],
    ["cut", (value) => (value == 1 ? "all" : `farthest ${Math.round(100 * value)} %`)]]) {
    get(id).oninput = () => {
      get(`${id}-told`).textContent = tell(Number(get(id).value));
      change({});
    };
  }
  get("count").textContent = `${radii.length.toLocaleString("en")} points`;
  for (const [name, value] of data.figures) {
    const row = get("figures").insertRow();
    const head = document.createElement("th");
    head.textContent = name;
    row.append(head);
    row.insertCell().textContent = value;
  }
  night.onchange = () => change({});
  new ResizeObserver(() => change({})).observe(canvas);
}

if (typeof document === "undefined") {
  module.exports = { makeAxes, project, sortByDepth, listEdges };
} else {
  start();
}
