"use strict";
// The list of clusters. The data are columns, one value a record, cluster after cluster, the kept
// version of each first. Text reaches the page as text nodes alone, never as HTML.

const FEW = 20; // versions of a cluster that are shown before one asks for more
const byId = (id) => document.getElementById(id);
const count = new Intl.NumberFormat("en");
const view = { data: null, starts: [], order: [], folded: null, page: 0 };

// Unpacking

async function unpack() {
  if (!("DecompressionStream" in window)) {
    throw new Error("this browser is too old: it has no DecompressionStream");
  }
  const letters = atob(byId("data").textContent);
  byId("data").remove();
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

function startsOf(sizes) {
  let place = 0;
  return sizes.map((size) => (place += size) - size);
}

// Where two texts differ: Ratcliff and Obershelp, as in Python's difflib and in dedupe itself.

const CJK = "\\u3040-\\u30ff\\u3400-\\u9fff\\uac00-\\ud7af";
const LETTER = `(?:(?![${CJK}])[\\p{L}\\p{N}_])`;
const TOKEN = new RegExp(`[${CJK}]|${LETTER}+(?:[.,'\\u2019]${LETTER}+)*|\\s+|.`, "gsu");
const WORD = /[\p{L}\p{N}]/u;

function tokensOf(text) {
  const tokens = text.match(TOKEN) ?? [];
  const words = [];
  tokens.forEach((token, place) => WORD.test(token) && words.push(place));
  return { tokens, words, keys: words.map((place) => tokens[place].toLowerCase()) };
}

function longest(a, where, [low, high, from, to]) {
  let best = [low, from, 0];
  let runs = new Map();
  for (let i = low; i < high; i++) {
    const next = new Map();
    for (const j of where.get(a[i]) ?? []) {
      if (j < from || j >= to) continue;
      const size = (runs.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best[2]) best = [i - size + 1, j - size + 1, size];
    }
    runs = next;
  }
  return best;
}

function matched(a, b) {
  const where = new Map();
  b.forEach((word, j) => where.set(word, [...(where.get(word) ?? []), j]));
  const inA = new Set();
  const inB = new Set();
  const todo = [[0, a.length, 0, b.length]];
  while (todo.length) {
    const [low, high, from, to] = todo.pop();
    const [i, j, size] = longest(a, where, [low, high, from, to]);
    if (!size) continue;
    for (let step = 0; step < size; step++) { inA.add(i + step); inB.add(j + step); }
    todo.push([low, i, from, j], [i + size, high, j + size, to]);
  }
  return [inA, inB];
}

// Tokens with what differs, the spaces between two such words too.
function pieces({ tokens, words }, known) {
  const differs = new Set();
  words.forEach((place, number) => {
    if (known.has(number)) return;
    differs.add(place);
    if (number && !known.has(number - 1)) {
      for (let between = words[number - 1]; between < place; between++) differs.add(between);
    }
  });
  return tokens.map((token, place) => [token, differs.has(place)]);
}

function difference(left, right) {
  const one = tokensOf(left);
  const other = tokensOf(right);
  const [here, there] = matched(one.keys, other.keys);
  return [pieces(one, here), pieces(other, there)];
}

// Drawing

function make(tag, kind, ...children) {
  const node = document.createElement(tag);
  if (kind) node.className = kind;
  node.append(...children);
  return node;
}

function alone(text) {
  const node = make("bdi", "", text);
  node.dir = "auto";
  return node;
}

function paragraph(kind, parts) {
  const node = make("p", kind);
  const inside = alone("");
  for (let i = 0; i < parts.length; ) {
    let text = "";
    const differs = parts[i][1];
    for (; i < parts.length && parts[i][1] === differs; i++) text += parts[i][0];
    inside.append(differs ? make("mark", "", text) : text);
  }
  node.append(inside);
  return node;
}

function moment(seconds) {
  const day = new Date(seconds * 1000);
  return Number.isNaN(day.valueOf()) ? "" : day.toISOString().slice(0, 16).replace("T", " ");
}

function placeOf(record) {
  const { data } = view;
  const words = `${data.paths[data.path[record]]}:${data.lines[record]}`;
  const address = data.links[data.path[record]];
  if (!address) return alone(words);
  const link = make("a", "", alone(words));
  const text = data.texts.map((column) => column[record]).find((t) => t) ?? "";
  link.href = `${address}#:~:text=${encodeURIComponent([...text].slice(0, 60).join("").replace(/\s\S*$/, "")).replace(/-/g, "%2D")}`;
  return link;
}

function metaOf(record, kept) {
  const { data } = view;
  const node = make("p", "meta");
  const facts = [
    data.sources[data.source[record]],
    data.times[record] === null ? "" : moment(data.times[record]),
    kept ? "" : data.reasons[data.reason[record]],
    data.ids[record],
  ].filter(Boolean);
  for (const fact of facts) node.append(alone(fact), " \u00b7 ");
  node.append(placeOf(record));
  return node;
}

function version(record, parts, kept) {
  const story = make("div", "story");
  parts.filter((field) => field.length).forEach((field, i) => story.append(paragraph(i ? "more" : "text", field)));
  story.append(metaOf(record, kept));
  const score = make("div", "score", kept ? "kept" : view.data.scores[record].toFixed(4));
  return make("li", kept ? "kept" : "", score, story);
}

function cluster(group) {
  const { data, starts } = view;
  const first = starts[group];
  const size = data.sizes[group];
  const list = make("ol", "versions");
  const kept = data.texts.map((column) => tokensOf(column[first]));
  const shared = kept.map(() => new Set());
  const show = (from, to) => {
    for (let record = from; record < to; record++) {
      const parts = data.texts.map((column, field) => {
        const other = tokensOf(column[record]);
        const [here, there] = matched(kept[field].keys, other.keys);
        here.forEach((place) => shared[field].add(place));
        return pieces(other, there);
      });
      list.append(version(record, parts, false));
    }
  };
  show(first + 1, first + Math.min(size, FEW));
  list.prepend(version(first, kept.map((text, field) => pieces(text, shared[field])), true));
  if (size > FEW) {
    const more = make("button", "", `Show the other ${count.format(size - FEW)}`);
    more.type = "button";
    const line = make("li", "", more);
    more.addEventListener("click", () => {
      line.remove();
      show(first + FEW, first + size);
      list.children[FEW].tabIndex = -1;
      list.children[FEW].focus();
    });
    list.append(line);
  }
  const weakest = `${count.format(size)} records, weakest ${data.weakest[group].toFixed(4)}, cluster `;
  const node = make("li", "", make("p", "about", weakest, data.keys[group]), list);
  node.id = `c-${data.keys[group]}`;
  node.tabIndex = -1;
  return node;
}

// Finding and sorting

const ASCII = /^[\x00-\x7f]*$/;

function fold(text) {
  return (ASCII.test(text) ? text : text.normalize("NFKD").replace(/\p{M}/gu, "")).toLowerCase();
}

function haystack(group) {
  const { data, starts, folded } = view;
  if (folded[group] === undefined) {
    const parts = [data.keys[group]];
    for (let record = starts[group]; record < starts[group] + data.sizes[group]; record++) {
      for (const column of data.texts) parts.push(column[record]);
      parts.push(data.ids[record], data.sources[data.source[record]]);
      parts.push(`${data.paths[data.path[record]]}:${data.lines[record]}`);
    }
    folded[group] = fold(parts.join("\n"));
  }
  return folded[group];
}

function termsOf(query) {
  return [...fold(query).matchAll(/"([^"]+)"?|([^\s"]+)/g)].map((found) => found[1] ?? found[2]);
}

const least = (values) => values.reduce((low, value) => (value !== null && value < low ? value : low), Infinity);

const KEYS = {
  size: null, // the order in which they come
  weak: (group) => view.data.weakest[group],
  strong: (group) => -view.data.weakest[group],
  early: (group) => timeOf(group),
  late: (group) => { const time = timeOf(group); return time === Infinity ? time : -time; },
  text: (group) => view.data.texts.map((column) => column[view.starts[group]]).find((t) => t) ?? "",
  place: (group) => { const { data, starts } = view; return data.path[starts[group]] * 2 ** 40 + data.lines[starts[group]]; },
};

function timeOf(group) {
  const { data, starts } = view;
  return least(data.times.slice(starts[group], starts[group] + data.sizes[group]));
}

function sorted(groups, by) {
  const key = KEYS[by];
  if (!key) return groups;
  const keys = new Map(groups.map((group) => [group, key(group)]));
  const text = new Intl.Collator("en", { numeric: true });
  const order = by === "text"
    ? (a, b) => text.compare(keys.get(a), keys.get(b))
    : (a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : 0);
  return groups.sort((a, b) => order(a, b) || a - b);
}

function find() {
  const terms = termsOf(byId("q").value);
  const all = view.starts.map((_, group) => group);
  const found = terms.length ? all.filter((group) => terms.every((term) => haystack(group).includes(term))) : all;
  view.order = sorted(found, byId("sort").value);
}

// The page that is shown

function show(page) {
  const per = Number(byId("per").value);
  const pages = Math.max(1, Math.ceil(view.order.length / per));
  view.page = Math.min(Math.max(0, page), pages - 1);
  const from = view.page * per;
  const groups = view.order.slice(from, from + per);
  byId("clusters").replaceChildren(...groups.map(cluster));
  byId("clusters").start = from + 1;
  byId("page").value = count.format(view.page + 1);
  byId("pages").textContent = count.format(pages);
  byId("pager").hidden = pages === 1;
  for (const [id, off] of [["first", !view.page], ["back", !view.page], ["next", view.page === pages - 1], ["last", view.page === pages - 1]]) {
    byId(id).disabled = off;
  }
  tell(from, groups.length);
  highlight();
}

function tell(from, shown) {
  const all = view.starts.length;
  const found = view.order.length;
  const of = found === all ? count.format(all) : `${count.format(found)} found of ${count.format(all)}`;
  byId("status").textContent = shown
    ? `Clusters ${count.format(from + 1)} to ${count.format(from + shown)} of ${of}`
    : all ? "No cluster has all these words" : "There are no duplicates: every record tells a story of its own";
}

function highlight() {
  if (!("highlights" in CSS)) return;
  CSS.highlights.delete("found");
  const terms = termsOf(byId("q").value);
  if (!terms.length) return;
  const found = new Highlight();
  const walker = document.createTreeWalker(byId("clusters"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const text = node.data.toLowerCase();
    for (const term of text.length === node.data.length ? terms : []) {
      for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + term.length)) {
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + term.length);
        found.add(range);
      }
    }
  }
  CSS.highlights.set("found", found);
}

// The address keeps what was asked for, so that it can be bookmarked and gone back to.

function remember() {
  const state = new URLSearchParams();
  if (byId("q").value) state.set("q", byId("q").value);
  if (byId("sort").value !== "size") state.set("sort", byId("sort").value);
  if (byId("per").value !== "25") state.set("per", byId("per").value);
  if (view.page) state.set("page", view.page + 1);
  try {
    history.replaceState(null, "", `#${state.size ? state : "list"}`);
  } catch { /* some browsers refuse it for files; nothing else depends on it */ }
}

function recall() {
  const hash = location.hash.slice(1); // a percent sign by itself must not stop the page
  if (hash.startsWith("c-")) return open(hash.slice(2));
  if (!hash.includes("=")) return show(view.page);
  const state = new URLSearchParams(location.hash.slice(1));
  byId("q").value = state.get("q") ?? "";
  for (const id of ["sort", "per"]) {
    if ([...byId(id).options].some((option) => option.value === state.get(id))) byId(id).value = state.get(id);
  }
  find();
  show((Number(state.get("page")) || 1) - 1);
}

function open(key) {
  const group = view.data.keys.indexOf(key);
  if (group < 0) return show(view.page);
  byId("q").value = "";
  find();
  show(Math.floor(view.order.indexOf(group) / Number(byId("per").value)));
  const node = byId(`c-${key}`);
  node.scrollIntoView();
  node.focus({ preventScroll: true });
}

function turn(page, focus) {
  show(page);
  remember();
  byId("list").scrollIntoView();
  if (focus) byId("clusters").firstElementChild?.focus({ preventScroll: true });
}

function renew() {
  find();
  show(0);
  remember();
}

function step(by) {
  const nodes = [...byId("clusters").children];
  const now = nodes.indexOf(document.activeElement?.closest("#clusters > li"));
  const node = nodes[now < 0 ? 0 : Math.min(Math.max(0, now + by), nodes.length - 1)];
  node?.focus();
}

const SHORTCUTS = {
  "/": () => byId("q").focus(),
  j: () => step(1),
  k: () => step(-1),
  n: () => turn(view.page + 1, true),
  p: () => turn(view.page - 1, true),
};

function pressed(event) {
  if (event.key === "Escape" && event.target === byId("q")) {
    byId("q").value = "";
    renew();
    return;
  }
  if (!byId("keys").checked || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
  const action = SHORTCUTS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function listen() {
  let waiting = 0;
  byId("q").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(renew, 120);
  });
  byId("tools").addEventListener("submit", (event) => event.preventDefault());
  byId("sort").addEventListener("change", renew);
  byId("per").addEventListener("change", renew);
  byId("first").addEventListener("click", () => turn(0));
  byId("back").addEventListener("click", () => turn(view.page - 1));
  byId("next").addEventListener("click", () => turn(view.page + 1));
  byId("last").addEventListener("click", () => turn(Infinity));
  byId("page").addEventListener("change", () => turn((Number(byId("page").value.replace(/\D/g, "")) || 1) - 1));
  addEventListener("keydown", pressed);
  addEventListener("hashchange", () => { if (/^$|^#c-|=/.test(location.hash)) recall(); });
}

async function begin() {
  try {
    view.data = await unpack();
  } catch (error) {
    byId("status").className = "failed";
    byId("status").textContent = `The list of clusters could not be unpacked (${error.message}). All else on this page stands; dedupe cluster --format tree shows the list in a terminal.`;
    return;
  }
  view.starts = startsOf(view.data.sizes);
  view.folded = new Array(view.starts.length);
  for (const id of ["tools", "help"]) byId(id).hidden = false;
  find();
  recall();
  listen();
  document.documentElement.dataset.ready = "yes";
}

begin();
