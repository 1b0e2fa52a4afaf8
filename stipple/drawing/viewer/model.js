"use strict";
// What a page shows, apart from the window: numbers in, numbers and text out.
// Positions are in millimetres on the page, x right and y down.

const SHORTEST = 0.02; // millimetres that a pen moves for a dot, as in stipple/drawing/marks.py
const CLOSEST = 400; // times as close as the whole page
const FARTHEST = 0.25;
const FAINTEST = 0.7; // pixels of the smallest radius of a disc
const SLIDER_STEPS = 1000;

function decodeBytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
}

const decodeFloats = (text) => new Float32Array(decodeBytes(text));
const decodeIntegers = (text) => new Int32Array(decodeBytes(text));

function decodeMark(mark) {
  if (mark.kind === "dots") {
    return { ...mark, centres: decodeFloats(mark.centres), radii: decodeFloats(mark.radii) };
  }
  return { ...mark, vertices: decodeFloats(mark.vertices), offsets: decodeIntegers(mark.offsets) };
}

function decodePage(data) {
  const frames = data.frames.map((frame) => ({
    ...frame,
    layers: frame.layers.map((layer) => ({ ...layer, marks: layer.marks.map(decodeMark) })),
  }));
  return { ...data, frames };
}

// A view is the page position of the top left corner, and pixels per millimetre.

function fitView(page, pane) {
  const scale = 0.96 * Math.min(pane.width / page.width, pane.height / page.height);
  return {
    x: page.width / 2 - pane.width / 2 / scale,
    y: page.height / 2 - pane.height / 2 / scale,
    scale,
  };
}

function panView(view, across, down) {
  return { ...view, x: view.x - across / view.scale, y: view.y - down / view.scale };
}

// Keep the point of the page that is at (left, top) there.
function zoomView(view, factor, left, top, page, pane) {
  const fitting = fitView(page, pane).scale;
  const scale = Math.min(CLOSEST * fitting, Math.max(FARTHEST * fitting, factor * view.scale));
  return {
    x: view.x + left / view.scale - left / scale,
    y: view.y + top / view.scale - top / scale,
    scale,
  };
}

// Move the least that brings the page to the middle of the pane, so that it is never lost.
function holdView(view, page, pane) {
  const hold = (start, length, size) => {
    const middle = start + length / 2;
    const held = Math.min(size, Math.max(0, middle));
    return held === middle ? start : held - length / 2;
  };
  return {
    x: hold(view.x, pane.width / view.scale, page.width),
    y: hold(view.y, pane.height / view.scale, page.height),
    scale: view.scale,
  };
}

// The part of the page that a pane shows: left, top, right, bottom; null where it shows none.
function findSeen(view, page, pane) {
  const left = Math.max(0, view.x);
  const top = Math.max(0, view.y);
  const right = Math.min(page.width, view.x + pane.width / view.scale);
  const bottom = Math.min(page.height, view.y + pane.height / view.scale);
  return left < right && top < bottom ? { left, top, right, bottom } : null;
}

// The slider of prefixes goes by ratios: as far from 10 to 20 points as from 1,000 to 2,000.

function countAt(position, total) {
  return Math.min(total, Math.max(1, Math.round(total ** (position / SLIDER_STEPS))));
}

function positionOf(count, total) {
  return total === 1 ? 0 : (SLIDER_STEPS * Math.log(count)) / Math.log(total);
}

// The measured prefix that is nearest by ratio.
function findNearest(measured, count) {
  const distance = (one) => Math.abs(Math.log(one.count / count));
  return measured.reduce((best, one) => (distance(one) < distance(best) ? one : best));
}

// How many dots of a mark are drawn, and how much larger than they are stored.
function findDrawn(page, mark, state) {
  const total = mark.centres.length / 2;
  if (!page.growth) {
    return { count: total, factor: state.size };
  }
  const count = Math.min(state.count, total);
  return { count, factor: state.size * (page.growth.keepsTone ? Math.sqrt(total / count) : 1) };
}

function countDots(page, frame, state) {
  let dots = 0;
  frame.layers.forEach((layer, place) => {
    for (const mark of layer.marks) {
      if (mark.kind === "dots" && !state.hidden.has(place)) {
        dots += findDrawn(page, mark, state).count;
      }
    }
  });
  return dots;
}

const radiusOf = (mark, dot) => mark.radii[mark.radii.length === 1 ? 0 : dot];

// A spiral whose turns touch, around the origin, as x, y, x, y, ...: stipple/drawing/spirals.py.
function windSpiral(radius, penWidth) {
  const sagitta = penWidth / 64;
  const pitch = penWidth - sagitta;
  const outer = Math.max(radius - penWidth / 2, 0);
  const end = (2 * Math.PI * outer) / pitch;
  const growth = 1.5 * Math.sqrt((16 * Math.PI * sagitta) / pitch);
  const spiralSteps = Math.ceil(end ** 1.5 / growth);
  const turnSteps = Math.ceil(2 * Math.PI * Math.sqrt(outer / (8 * sagitta)));
  const vertices = [];
  for (let step = 0; step <= spiralSteps + turnSteps; step++) {
    const progress = Math.min(step / Math.max(spiralSteps, 1), 1);
    const turned = Math.max(step - spiralSteps, 0) / Math.max(turnSteps, 1);
    const angle = end * progress ** (2 / 3);
    const distance = (pitch * angle) / (2 * Math.PI);
    const direction = angle + 2 * Math.PI * turned;
    vertices.push(distance * Math.cos(direction), distance * Math.sin(direction));
  }
  return vertices;
}

// Add the coverage of a disc to a sheet of alpha, from 0 to 255 a pixel: many times as fast as
// arcs. Discs smaller than a pixel are that large, and as much fainter.
function coverDisc(sheet, x, y, radius) {
  const { alpha, width, height } = sheet;
  const drawn = Math.max(radius, FAINTEST);
  const most = 255 * (radius / drawn) ** 2;
  const core = Math.sqrt(drawn ** 2 - 1 / 12); // whose edge, a pixel wide, makes up the area
  const outer = core + 0.5;
  const [left, right] = [Math.max(0, Math.floor(x - outer)), Math.min(width, x + outer)];
  const [top, bottom] = [Math.max(0, Math.floor(y - outer)), Math.min(height, y + outer)];
  for (let row = top; row < bottom; row++) {
    const down = row + 0.5 - y;
    for (let column = left; column < right; column++) {
      const beyond = outer - Math.sqrt((column + 0.5 - x) ** 2 + down * down);
      if (beyond > 0) {
        alpha[row * width + column] += most * Math.min(1, beyond);
      }
    }
  }
}

// SVG, as stipple/drawing/svg.py writes it.

const write = (value, decimals = 3) => String(Number(value.toFixed(decimals)) + 0);

function escapeText(text) {
  const names = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (letter) => names[letter]);
}

// Write the marks of a page that lie in a part of it; each layer that is shown is a layer.
function writeSvg(page, frame, state, seen) {
  const width = write(seen.right - seen.left);
  const height = write(seen.bottom - seen.top);
  const corner = `${write(seen.left)} ${write(seen.top)}`;
  const parts = [
    '<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg"' +
      ' xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"' +
      ` width="${width}mm" height="${height}mm" viewBox="${corner} ${width} ${height}">\n`,
  ];
  if (page.background) {
    parts.push(
      "<style>g rect{visibility:visible}</style>\n" +
        '<g id="paper" inkscape:groupmode="layer" inkscape:label="%paper">\n' +
        `<rect x="${write(seen.left)}" y="${write(seen.top)}" width="${width}" height="${height}"` +
        ` fill="${page.background}" visibility="hidden"/>\n</g>\n`,
    );
  }
  const style = page.blend === "normal" ? "" : ` style="mix-blend-mode:${page.blend}"`;
  frame.layers.forEach((layer, place) => {
    if (state.hidden.has(place)) {
      return;
    }
    const label = escapeText(`${layer.number} ${layer.label}`);
    parts.push(
      `<g id="layer${place + 1}" inkscape:groupmode="layer" inkscape:label="${label}"${style}>\n`,
    );
    for (const mark of layer.marks) {
      writeMark(parts, page, layer, mark, state, seen);
    }
    parts.push("</g>\n");
  });
  parts.push("</svg>\n");
  return parts.join("");
}

function writeMark(parts, page, layer, mark, state, seen) {
  const round = 'stroke-linecap="round" stroke-linejoin="round"';
  const filled = mark.kind === "polygons" || mark.style === "circle";
  const width = mark.kind === "lines" ? mark.width : mark.style === "spiral" ? mark.penWidth : null;
  const stroke = width === null ? "" : ` stroke-width="${write(width, 4)}"`;
  parts.push(
    filled
      ? `<g fill="${layer.colour}">\n`
      : `<g fill="none" stroke="${layer.colour}" ${round}${stroke}>\n`,
  );
  if (mark.kind === "dots") {
    writeDots(parts, mark, findDrawn(page, mark, state), seen);
  } else {
    writeShapes(parts, mark, seen);
  }
  parts.push("</g>\n");
}

function writeDots(parts, mark, drawn, seen) {
  for (let dot = 0; dot < drawn.count; dot++) {
    const x = mark.centres[2 * dot];
    const y = mark.centres[2 * dot + 1];
    const radius = radiusOf(mark, dot) * drawn.factor;
    if (!touches(x - radius, y - radius, x + radius, y + radius, seen)) {
      continue;
    }
    if (mark.style === "circle") {
      parts.push(`<circle cx="${write(x)}" cy="${write(y)}" r="${write(radius, 4)}"/>\n`);
    } else if (mark.style === "stroke") {
      parts.push(`<path d="${writeDot(x, y)}" stroke-width="${write(2 * radius, 4)}"/>\n`);
    } else {
      const spiral = windSpiral(radius, mark.penWidth).map((value, i) => value + (i % 2 ? y : x));
      parts.push(`<path d="${writePath(spiral)}"/>\n`);
    }
  }
}

function writeShapes(parts, mark, seen) {
  const end = mark.closed || mark.kind === "polygons" ? "Z" : "";
  for (let shape = 0; shape + 1 < mark.offsets.length; shape++) {
    const vertices = mark.vertices.subarray(2 * mark.offsets[shape], 2 * mark.offsets[shape + 1]);
    if (touches(...findBox(vertices), seen)) {
      parts.push(`<path d="${writePath(vertices)}${vertices.length > 2 ? end : ""}"/>\n`);
    }
  }
}

function writePath(vertices) {
  if (vertices.length === 2) {
    return writeDot(vertices[0], vertices[1]);
  }
  return `M${Array.from(vertices, (value) => write(value)).join(" ")}`;
}

const writeDot = (x, y) => `M${write(x - SHORTEST / 2)} ${write(y)}h${SHORTEST}`;

function findBox(vertices) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < vertices.length; i += 2) {
    left = Math.min(left, vertices[i]);
    right = Math.max(right, vertices[i]);
    top = Math.min(top, vertices[i + 1]);
    bottom = Math.max(bottom, vertices[i + 1]);
  }
  return [left, top, right, bottom];
}

function touches(left, top, right, bottom, seen) {
  return left <= seen.right && right >= seen.left && top <= seen.bottom && bottom >= seen.top;
}

// A chart of a curve, with a band where ends are known: polylines in a box of 300 × 150.
function plotChart(chart) {
  const box = { left: 8, right: 292, top: 14, bottom: 128 };
  const choose = (axis) => (chart.logarithmic.includes(axis) ? Math.log10 : (value) => value);
  const [alongX, alongY] = [choose("x"), choose("y")];
  const span = (measured) => {
    const [low, high] = [Math.min(...measured), Math.max(...measured)];
    return high > low ? [low, high] : [low - 0.5, high + 0.5];
  };
  const [left, right] = span(chart.x.map(alongX));
  const [low, high] = span([...chart.lower, ...chart.upper].map(alongY));
  const across = (x) => box.left + ((box.right - box.left) * (alongX(x) - left)) / (right - left);
  const down = (y) => box.bottom - ((box.bottom - box.top) * (alongY(y) - low)) / (high - low);
  const place = (values) => chart.x.map((x, i) => [across(x), down(values[i])]);
  const band = [...place(chart.lower), ...place(chart.upper).reverse()];
  return { box, across, band, curve: place(chart.y) };
}

if (typeof module !== "undefined") {
  module.exports = {
    countAt,
    countDots,
    coverDisc,
    decodePage,
    findNearest,
    findSeen,
    fitView,
    holdView,
    panView,
    plotChart,
    positionOf,
    windSpiral,
    writeSvg,
    zoomView,
  };
}
