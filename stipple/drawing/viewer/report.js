"use strict";
// Which entries of a report are shown, and in which order.

const find = (id) => document.getElementById(id);
const entries = [...document.querySelectorAll("article")];

function choose() {
  const name = find("name").value.toLowerCase();
  const state = find("state").value;
  const key = find("order").value;
  let shown = 0;
  for (const entry of entries) {
    const named = entry.querySelector("h2").textContent.toLowerCase().includes(name);
    entry.hidden = !(named && (state === "" || entry.dataset.state === state));
    shown += entry.hidden ? 0 : 1;
  }
  // What has no such number comes last.
  const rank = (entry) => (key in entry.dataset ? Number(entry.dataset[key]) : Infinity);
  const sorted = key ? [...entries].sort((one, other) => rank(one) - rank(other) || 0) : entries;
  find("entries").append(...sorted);
  find("count").textContent = `${shown} of ${entries.length} images`;
}

for (const id of ["name", "state", "order"]) {
  find(id).addEventListener("input", choose);
}
choose();
