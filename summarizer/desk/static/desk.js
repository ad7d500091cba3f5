// The page of an article: editors change its list here, and save it as a new version. Text of articles and editors is
// inserted as text, never as HTML.
"use strict";

const root = document.getElementById("desk");
const at = (id) => document.getElementById(id);
const api = `/v1/summaries/${root.dataset.id}`;
const FACTS = ["number", "date", "name", "quote", "sources"];
const GRAVE = /most probably (untrue|not a whole sentence)/;
const REASONS = JSON.parse(root.dataset.reasons); // names of the reasons for a change
const TRUSTED = 40; // minimum probability, in percent, that an editor would print a wording; others are not offered
const sentences = [...document.querySelectorAll("#story .s")];
let record = null;   // the saved record
let bullets = [];    // the list on the page: {id, text, sources, reason, draft, checks, method}
let removed = {};    // reasons for deleted points of the draft, by id
let past = [];       // earlier states of the page, for undo
let base = 0;        // number of the version that the list on the page is based on
let busy = false;
let typing = null;   // the point in which the editor types, until a pause
let dragged = null;  // index of the point that is being dragged
let current = null;  // the point that the editor was in last
const waiting = new WeakMap(); // timers of checks that wait for a pause in typing, by point

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

async function call(path, body, method = "POST") {
  const answer = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch(() => { throw new Error("The desk does not answer. Your changes are kept in this browser; try again."); });
  const found = answer.headers.get("content-type")?.includes("json") ? await answer.json() : await answer.text();
  if (!answer.ok) throw Object.assign(new Error(found.detail || answer.statusText), { status: answer.status, ...found });
  return found;
}

function say(text) { at("said").textContent = text; }
const plain = (value) => JSON.parse(JSON.stringify(value));
const ends = (spans) => (spans || []).map(({ start, end }) => ({ start, end }));

function show(found) {
  record = found;
  base = found.revision;
  bullets = plain(found.bullets);
  removed = Object.fromEntries(found.removed.filter((one) => one.reason).map((one) => [one.id, one.reason]));
  past = [];
  typing = null;
  keep();
  draw();
}
const refresh = async () => show(await call(api, undefined, "GET"));

// Unsaved changes are kept in the browser's local storage, so they survive when the page is closed.
const shelf = `desk ${root.dataset.id} ${root.dataset.me}`;
let shelved = false; // true if this window has stored something there
function changed() {
  const now = bullets.map(({ id, text, sources, reason }) => ({ id, text, sources: ends(sources), reason }));
  const then = record.bullets.map(({ id, text, sources, reason }) => ({ id, text, sources: ends(sources), reason }));
  const gone = Object.fromEntries(record.removed.filter((one) => one.reason).map((one) => [one.id, one.reason]));
  return JSON.stringify([now, removed]) !== JSON.stringify([then, gone]);
}
function keep() {
  buttons();
  try {
    if (changed()) {
      localStorage.setItem(shelf, JSON.stringify({ revision: base, bullets, removed }));
      shelved = true;
    } else if (shelved) {
      localStorage.removeItem(shelf);
      shelved = false;
    }
  } catch {
    say("This browser cannot keep unsaved changes: save before you leave the page.");
  }
}
function buttons() {
  const dirty = changed();
  for (const id of ["bullets", "gone", "story"]) at(id).inert = busy; // text typed while a save runs would be lost
  at("save").disabled = busy || !dirty;
  at("undo").disabled = busy || !past.length;
  at("approve").disabled = busy || !bullets.length || (record.status !== "draft" && !dirty);
  at("reject").hidden = record.status !== "draft";
  at("withdraw").hidden = record.status !== "approved" || dirty;
  at("reopen").hidden = !["rejected", "withdrawn"].includes(record.status) || dirty;
}

function remember() {
  past.push({ bullets: plain(bullets), removed: { ...removed } });
  if (past.length > 200) past.shift();
}
function change(edit, focus) {
  if (busy) return;
  remember();
  typing = null;
  say("");
  edit();
  keep();
  draw(focus);
}
function undo() {
  const before = busy ? null : past.pop();
  if (!before) return;
  typing = null;
  ({ bullets, removed } = before);
  keep();
  draw();
  say("Undone.");
}

// The list.

function draw(focus) {
  at("status").textContent = record.status;
  at("status").className = `badge ${record.status}`;
  at("revision").textContent = record.revision;
  at("history").replaceChildren(...(record.history || []).map((one) =>
    element("li", {}, `${new Date(one.at).toLocaleString([], { dateStyle: "short", timeStyle: "short" })}: ${one.action} by ${one.who}${one.note ? ` (${one.note})` : ""} `,
      element("button", { type: "button", class: "small", "aria-label": `Show version ${one.number}`, onclick: () => doing(() => version(one.number)) }, "Show"))));
  at("bullets").replaceChildren(...bullets.map(item));
  const there = new Set(bullets.map((one) => one.id));
  const drafted = new Map([...record.removed, ...record.bullets.filter((one) => "draft" in one)].map((one) => [one.id, one]));
  const gone = [...drafted.values()].filter((one) => !there.has(one.id));
  const open = at("gone").querySelector("details")?.open;
  at("gone").replaceChildren(...(gone.length ? [deleted(gone, open)] : []));
  for (const area of document.querySelectorAll("#bullets textarea")) fit(area);
  mark();
  if (focus !== undefined) (at("bullets").children[focus]?.querySelector("textarea") || at("undo")).focus();
}

function item(bullet, i) {
  const number = i + 1;
  const area = element("textarea", {
    rows: 1, dir: "auto", spellcheck: "true", "aria-label": `Point ${number}`, "aria-describedby": `checks${i}`,
    onfocus: () => { current = bullet; light(bullet); }, onblur: () => light(null),
    oninput: () => typed(bullet, area),
  });
  area.value = bullet.text;
  const back = element("div", { class: "back", "aria-hidden": "true", dir: "auto" });
  const button = (name, label, action, off = false) =>
    element("button", { type: "button", class: "small", "aria-label": `${label} point ${number}`, title: label.replace(/ of$/, ""), disabled: off, onclick: action }, name);
  const made = element("li", { onmouseenter: () => light(bullet), onmouseleave: () => light(null), onkeydown: (event) => keys(event, i, area) },
    element("div", { class: "edit" },
      element("span", { class: "grip", draggable: "true", title: "Drag to move", "aria-hidden": "true",
        ondragstart: (event) => { dragged = i; event.dataTransfer.setData("text/plain", bullet.text); event.dataTransfer.effectAllowed = "move"; },
        ondragend: () => { dragged = null; } }, "⠿"),
      element("div", { class: "words" }, back, area)),
    element("div", { class: "tools" },
      button("↑", "Move up", () => move(i, i - 1), i === 0),
      button("↓", "Move down", () => move(i, i + 1), i === bullets.length - 1),
      button("Wordings", "Other wordings of", () => wordings(i)),
      button("Delete", "Delete", () => remove(i)),
      element("span", { class: "method" }, about(bullet)),
      ...reason(bullet, i)),
    element("p", { class: "source", id: `source${i}`, dir: "auto" }),
    element("div", { class: "checks", id: `checks${i}` }),
    element("div", { class: "wordings", id: `wordings${i}` }));
  made.addEventListener("dragover", (event) => { if (dragged !== null) event.preventDefault(); });
  made.addEventListener("drop", (event) => {
    if (dragged === null) return;
    event.preventDefault();
    move(dragged, i);
  });
  queueMicrotask(() => report(bullet));
  return made;
}

const MADE = {
  extracted: "from the article", rewritten: "from the article, changed a little", generated: "written by a language model",
};
function about(bullet) {
  const drafted = bullet.text === bullet.draft ? MADE[bullet.method] || bullet.method : "changed";
  return `${"draft" in bullet ? drafted : "by an editor"}, ${bullet.text.split(/\s+/).filter(Boolean).length} words`;
}

function reason(bullet, i) {
  if (!("draft" in bullet) || bullet.text === bullet.draft) return [];
  return [chooser(`Why point ${i + 1} was changed`, bullet.reason, (value) => { bullet.reason = value; keep(); })];
}
function chooser(label, value, set) {
  const select = element("select", { "aria-label": label, onchange: () => set(select.value || undefined) },
    element("option", { value: "" }, "why?"),
    ...Object.entries(REASONS).map(([one, name]) => element("option", { value: one, selected: one === value }, name)));
  return select;
}
function deleted(gone, open) {
  return element("details", { open }, element("summary", {}, `${gone.length} of the draft's points deleted`),
    element("ul", {}, ...gone.map((one) => element("li", {},
      element("span", { dir: "auto" }, one.text), " ",
      chooser("Why it was deleted", removed[one.id], (value) => { if (value) removed[one.id] = value; else delete removed[one.id]; keep(); }), " ",
      element("button", { type: "button", class: "small", onclick: () => change(() => {
        const { id, text, sources } = plain(one);
        bullets.push({ id, text, sources, draft: one.draft ?? text, method: "as drafted", checks: [] });
        delete removed[one.id];
      }, bullets.length) }, "Put back")))));
}

function move(from, to) {
  if (to < 0 || to >= bullets.length || from === to) return;
  change(() => bullets.splice(to, 0, ...bullets.splice(from, 1)), to);
  say(`Point ${from + 1} is now point ${to + 1}.`);
}
function remove(i) {
  change(() => bullets.splice(i, 1), Math.min(i, bullets.length - 2));
  say(`Point ${i + 1} was deleted. Undo restores it.`);
}

function keys(event, i, area) {
  if (event.key === "Escape" && at(`wordings${i}`).childElementCount) { at(`wordings${i}`).replaceChildren(); area.focus(); }
  if (event.key === "Enter" && event.target === area && !event.ctrlKey && !event.metaKey) event.preventDefault(); // a point is one line
  if (!event.altKey || event.ctrlKey || event.metaKey) return;
  const action = { ArrowUp: () => move(i, i - 1), ArrowDown: () => move(i, i + 1), Delete: () => remove(i), KeyW: () => wordings(i) }[event.code];
  if (action) { event.preventDefault(); action(); }
}

// Undo goes back to the last pause in typing, not to the last letter.
function typed(bullet, area) {
  if (typing !== bullet) remember();
  say("");
  typing = bullet;
  clearTimeout(waiting.get(bullet));
  waiting.set(bullet, setTimeout(() => { if (typing === bullet) typing = null; look(bullet); }, 500));
  bullet.text = area.value.replace(/\s*\n\s*/g, " ");
  bullet.missing = [];
  if (!bullet.text.trim()) { bullet.checks = []; report(bullet); }
  fit(area);
  area.previousElementSibling.replaceChildren();
  const tools = area.closest("li").querySelector(".tools");
  tools.querySelector(".method").textContent = about(bullet);
  tools.querySelector("select")?.remove();
  tools.append(...reason(bullet, bullets.indexOf(bullet)));
  keep();
}
function fit(area) {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`; // including the borders
}

addEventListener("resize", () => document.querySelectorAll("#bullets textarea").forEach(fit));

// Checks: while an editor types, facts that the article lacks are marked in the text; failed checks are listed below it.

async function look(bullet) {
  const text = bullet.text;
  if (!text.trim()) return;
  try {
    const found = await call("/v1/check", { summary: root.dataset.id, point: text, sources: ends(bullet.sources) });
    if (bullet.text !== text || !bullets.includes(bullet)) return;
    Object.assign(bullet, { checks: found.checks, missing: found.missing });
    if (!ends(bullet.sources).length) bullet.sources = found.sources;
    report(bullet);
    keep();
  } catch (error) {
    say(`Not checked: ${error.message}`);
    return false;
  }
}

function report(bullet) {
  const i = bullets.indexOf(bullet);
  const box = at(`checks${i}`);
  if (!box) return;
  const failed = (bullet.checks || []).filter((check) => !check.passed);
  box.replaceChildren(...failed.map((check) => element("p", { class: check.kind === "verifier" ? "doubt" : "wrong" }, sentence(check))));
  const verdict = (bullet.checks || []).find((check) => check.kind === "verifier" && check.passed);
  if (verdict) box.append(element("p", { class: "guess" }, sentence(verdict))); // an estimate, not a check: not in green
  const back = at("bullets").children[i]?.querySelector(".back");
  if (!back) return;
  const letters = [...bullet.text]; // offsets count code points, as in Python, and not UTF-16 units
  const piece = (start, end) => letters.slice(start, end).join("");
  const parts = [];
  let from = 0;
  for (const { start, end } of [...(bullet.missing || [])].sort((a, b) => a.start - b.start)) {
    if (start < from) continue;
    parts.push(piece(from, start), element("mark", {}, piece(start, end)));
    from = end;
  }
  back.replaceChildren(...parts, piece(from));
}
function sentence(check) {
  if (check.kind !== "verifier") return `${check.evidence.charAt(0).toUpperCase()}${check.evidence.slice(1)}.`;
  const [, percent, fault] = /(\d+)%(?:; most probably (.*))?/.exec(check.evidence);
  const seen = check.passed ? "The software sees no fault" : fault ? `Perhaps not fit to print: ${fault}` : "Perhaps not fit to print";
  return `${seen} (its guess that an editor would print it: ${percent}%).`;
}

// Other wordings of a point in both lengths, and its source sentences.

async function wordings(i) {
  const bullet = bullets[i];
  const box = at(`wordings${i}`);
  if (box.childElementCount) { box.replaceChildren(); return; }
  if (!ends(bullet.sources).length) { say("This point has no source sentence yet. Change its text, and the desk looks for one."); return; }
  box.replaceChildren(element("p", {}, "Writing …"));
  try {
    const sources = ends(bullet.sources);
    const found = await Promise.all(["standard", "brief"].map((length) => call(`${api}/wordings`, { sources, length })));
    const texts = new Map(); // by their letters, so that of near copies one is shown
    const letters = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
    const order = (one) => (one.method === "extracted" ? 1 : 0);
    const best = found.flatMap((each) => each.wordings).sort((a, b) => order(a) - order(b) || good(b) - good(a));
    for (const one of best) {
      const key = letters(one.text);
      if (key !== letters(bullet.text) && !texts.has(key) && (order(one) || (good(one) >= TRUSTED && !one.checks.some(asked)))) texts.set(key, one);
    }
    const none = [...texts.values()].some((one) => !order(one)) ? [] : [element("p", { class: "hint" }, "The software has no other wording that it trusts.")];
    box.replaceChildren(...none, element("ul", { "aria-label": `Other wordings of point ${i + 1}` },
      ...[...texts.values()].map((one) => element("li", {},
        element("button", { type: "button", class: "wording", dir: "auto", onclick: () => {
          change(() => Object.assign(bullets[i], { text: one.text, sources: one.sources, checks: one.checks, missing: [] }), i);
          look(bullets[i]);
        } }, one.text), " ",
        element("span", { class: "method" }, order(one) ? "a sentence of the article" : guess(one))))));
    box.querySelector("button")?.focus();
  } catch (error) {
    box.replaceChildren(element("p", { class: "wrong" }, error.message));
  }
}
const good = (one) => Number(one.checks.find((check) => check.kind === "verifier")?.evidence.match(/(\d+)%/)?.[1] ?? 100);
function guess(one) {
  return one.checks.find((check) => check.kind === "verifier")?.evidence.replace("an editor would print it: ", "good: ") || one.method;
}

// The story: pointing at a point highlights its source sentences; choosing a sentence adds it as a point.

const beside = () => matchMedia("(min-width: 52.01rem)").matches; // else the story is below the list
function light(bullet) {
  const spans = bullet ? ends(bullet.sources) : [];
  for (const one of sentences) {
    one.classList.toggle("lit", spans.some(({ start, end }) => start < Number(one.dataset.end) && Number(one.dataset.start) < end));
  }
  const lit = [...document.querySelectorAll("#story .lit")];
  for (const [i, one] of bullets.entries()) {
    const box = at(`source${i}`);
    if (box) box.textContent = one === bullet && !beside() ? lit.map((sentence) => sentence.textContent).join(" ") : "";
  }
  const [first] = lit;
  if (first && bullet) {
    const box = first.getBoundingClientRect();
    if (beside() && (box.top < 0 || box.bottom > innerHeight)) first.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }
}
function mark() {
  const used = bullets.flatMap((one) => ends(one.sources));
  for (const one of sentences) {
    one.classList.toggle("used", used.some(({ start, end }) => start < Number(one.dataset.end) && Number(one.dataset.start) < end));
  }
}
function add(one) {
  const text = one.textContent.replace(/\s+/g, " ").trim();
  const sources = [{ start: Number(one.dataset.start), end: Number(one.dataset.end) }];
  change(() => bullets.push({ text, sources, checks: [] }), bullets.length);
  look(bullets.at(-1));
  say(`Added as point ${bullets.length}.`);
}
// Adds a sentence to the sources of the point that the editor was in last, or takes it out.
function source(one) {
  const i = bullets.indexOf(current);
  if (i < 0) { say("Choose a point first."); return; }
  const start = Number(one.dataset.start), end = Number(one.dataset.end);
  const others = ends(current.sources).filter((span) => span.end <= start || end <= span.start);
  const there = others.length < ends(current.sources).length;
  change(() => { bullets[i].sources = there ? others : [...others, { start, end }].sort((a, b) => a.start - b.start); }, i);
  look(bullets[i]);
  say(there ? `Not a source of point ${i + 1} any more.` : `A source of point ${i + 1} now.`);
}
sentences.forEach((one, i) => {
  one.tabIndex = i ? -1 : 0;
  one.setAttribute("role", "button");
  one.setAttribute("aria-description", "adds this sentence as a point");
  one.addEventListener("click", (event) => {
    if (event.shiftKey) source(one);
    else if (!String(getSelection()) && (beside() || confirm("Add this sentence as a point?"))) add(one);
  });
  one.addEventListener("mousedown", (event) => { if (event.shiftKey) event.preventDefault(); }); // selects no text
  one.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const next = sentences[i + step];
      if (next) { one.tabIndex = -1; next.tabIndex = 0; next.focus(); }
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      (event.shiftKey ? source : add)(one);
    }
  });
});

// Saving and decisions.

function given() {
  // Undo may restore bullets with other ids: the desk refuses an unknown id, so they are sent as new bullets.
  const known = new Set([...record.bullets, ...record.removed].map((one) => one.id));
  return bullets.map(({ id, text, sources, reason }) => ({
    id: known.has(id) ? id : undefined, text, sources: ends(sources).length ? ends(sources) : undefined, reason,
  }));
}

async function doing(task, done) {
  if (busy || !record) return;
  // Buttons are off while the desk works, and a saved list is drawn again: both lose the focus, which is put back below.
  const focused = document.activeElement;
  let place = focused.closest("#bullets") ? bullets.indexOf(current) : null;
  const caret = focused.selectionStart;
  busy = true;
  buttons();
  try {
    await task();
    if (done) say(done);
  } catch (error) {
    if (error.status === 409 && error.revision) await conflict().catch((failure) => say(failure.message));
    else say(error.message);
    if (error.point !== undefined) place = error.point;
    else if (error.status === 409) place = -1; // the notice has the focus
  } finally {
    busy = false;
    buttons();
    if (place !== null) {
      const area = at("bullets").children[Math.min(place, bullets.length - 1)]?.querySelector("textarea");
      area?.focus();
      if (caret != null) area?.setSelectionRange(caret, caret);
    } else if (document.activeElement === document.body) {
      (focused.isConnected && !focused.disabled && !focused.hidden ? focused : at("next")).focus();
    }
  }
}
async function store() {
  const gone = Object.fromEntries(Object.entries(removed).filter(([id]) => !bullets.some((one) => one.id === id)));
  await call(`${api}/revisions`, { revision: base, bullets: given(), removed: gone });
  await refresh();
  at("notice").replaceChildren();
}
const save = () => record && changed() && doing(store, "Saved.");
const asked = (check) => !check.passed && (FACTS.includes(check.kind) || (check.kind === "verifier" && GRAVE.test(check.evidence)));
const decide = (action, done) => doing(async () => {
  if (action === "approve") { // nothing is saved before the question is answered
    const looked = changed() ? await Promise.all(bullets.filter((one) => waiting.has(one)).map(look)) : [];
    if (looked.includes(false)) throw new Error("Not approved, and not saved: a changed point could not be checked. Try again.");
    const wrong = bullets.flatMap((one) => (one.checks || []).filter(asked));
    if (wrong.length && !confirm(`${wrong.map(sentence).join("\n")}\n\nApprove anyway?`)) {
      const point = bullets.findIndex((one) => (one.checks || []).some(asked));
      throw Object.assign(new Error(changed() ? "Not approved, and not saved." : "Not approved."), { point });
    }
  }
  if (changed()) await store();
  await call(`${api}/${action}`, { revision: base });
  await refresh();
}, done);

const list = (name, texts, others) => element("div", {}, element("h3", {}, name),
  element("ul", {}, ...texts.map((text) => element("li", { class: others.includes(text) ? "" : "differs", dir: "auto" }, text))));

// An earlier version beside the list on the page.
async function version(number) {
  const then = await call(`${api}/revisions/${number}`, undefined, "GET");
  const now = bullets.map((one) => one.text), before = then.bullets.map((one) => one.text);
  const close = () => at("notice").replaceChildren();
  at("notice").replaceChildren(element("div", { class: "version" },
    element("button", { type: "button", onclick: () => {
      close();
      change(() => { bullets = plain(then.bullets); });
      say(`This is version ${number} again. Save it to make it the newest version.`);
    } }, "Restore this version"), " ",
    element("button", { type: "button", onclick: close }, "Close"),
    element("div", { class: "sides" }, list(`Version ${number}`, before, now), list("On the page", now, before))));
  at("notice").querySelector("button").focus();
}

async function conflict() {
  const theirs = await call(api, undefined, "GET");
  const mine = bullets.map((one) => one.text), them = theirs.bullets.map((one) => one.text);
  at("notice").replaceChildren(element("div", { class: "conflict" },
    element("p", {}, `${theirs.changed_by} has changed this list while you worked on it. Nothing is lost. Choose the list to continue with.`),
    element("button", { type: "button", onclick: () => {
      record = theirs;
      base = theirs.revision;
      at("notice").replaceChildren();
      keep(); draw(); say("This is your list. Save it to make it the newest version.");
    } }, "Keep my list"), " ",
    element("button", { type: "button", onclick: () => {
      const mine = { bullets: plain(bullets), removed: { ...removed } };
      at("notice").replaceChildren();
      show(theirs);
      past.push(mine);
      buttons();
      say("This is the newest version. Undo restores your list.");
    } }, "Use the other list"),
    element("div", { class: "sides" }, list("Yours", mine, them), list(`By ${theirs.changed_by}`, them, mine))));
  say("Not saved: choose above which list to continue with.");
  at("notice").querySelector("button").focus();
}

at("undo").onclick = undo;
at("save").onclick = save;
at("approve").onclick = () => decide("approve", "Approved.");
at("reject").onclick = () => decide("reject", "Rejected: the article gets no list.");
at("reopen").onclick = () => doing(store, "This list is a draft again.");
at("withdraw").onclick = () => decide("withdraw", "Withdrawn.");
at("other").onclick = (event) => {
  event.preventDefault();
  doing(async () => {
    const { text, title, language, article_id } = record;
    const made = await call("/v1/summaries", { id: article_id, text, title: title || undefined, language, length: root.dataset.other });
    location.href = `/summaries/${made.id}`;
  });
};
for (const button of document.querySelectorAll("[data-copy]")) {
  button.onclick = () => doing(async () => {
    if (changed()) throw new Error("Save first: only the saved list can be copied.");
    const text = await call(`${api}/text?form=${button.dataset.copy}`, undefined, "GET");
    if (!navigator.clipboard) throw new Error("This browser can copy only on encrypted pages (https).");
    await navigator.clipboard.writeText(text);
  }, "Copied.");
}
document.addEventListener("keydown", (event) => {
  if (event.altKey && event.code === "KeyN") { event.preventDefault(); at("next").click(); }
  if (!(event.ctrlKey || event.metaKey)) return;
  if (event.key === "s") { event.preventDefault(); save(); }
  if (event.key === "Enter") { event.preventDefault(); at("approve").click(); }
});

// Tells the desk that this editor has the list open, so that other editors see it.
const here = (open) => call(`${api}/open`, { open }).then(({ by }) => {
  if (!document.querySelector(".conflict")) {
    at("notice").replaceChildren(...(by ? [element("p", { class: "warning" }, `${by} has this list open too.`)] : []));
  }
}).catch(() => {});
setInterval(() => here(true), 30_000);
addEventListener("pagehide", () => {
  fetch(`${api}/open`, { method: "POST", keepalive: true, headers: { "Content-Type": "application/json" }, body: '{"open":false}' });
});

// Restores changes that were not saved when the page was left.
async function restore() {
  const left = JSON.parse(localStorage.getItem(shelf) || "null");
  if (!left) return;
  shelved = true;
  base = left.revision;
  change(() => ({ bullets, removed } = left));
  if (base === record.revision) say("Your unsaved changes are back.");
  else await conflict();
}

(async () => {
  try {
    await refresh();
    await restore();
    here(true);
  } catch (error) {
    say(error.message);
  }
})();
