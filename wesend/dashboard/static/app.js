// What pages do beyond HTML. Every page works without it: copying, asking before a deed, and living figures come with it.
"use strict";

document.documentElement.classList.add("js");

const say = (text) => { document.getElementById("said").textContent = text; };

// -- Copy: <button data-copies> beside a <code> -----------------------------
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  const source = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    if (!document.execCommand("copy")) return;
  }
  const label = button.querySelector("span") || button;
  const before = label.dataset.label || label.textContent;
  label.dataset.label = before;
  label.textContent = document.body.dataset.copied;
  say(document.body.dataset.copied);
  setTimeout(() => { label.textContent = before; }, 1600);
});

// -- Ask first: <form data-confirm="…">, or the button of several ------------
document.addEventListener("submit", (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm || form.dataset.confirm;
  if (!question || form.dataset.confirmed) return;
  event.preventDefault();
  const label = event.submitter ? event.submitter.textContent.trim() : document.body.dataset.yes;
  const dialog = document.createElement("dialog");
  dialog.innerHTML = '<h2></h2><p class="lead"></p><form method="dialog" class="row">'
    + '<button class="button" value=""></button><button class="button primary" value="yes"></button></form>';
  dialog.querySelector("h2").textContent = document.body.dataset.sure;
  dialog.querySelector("[value='']").textContent = document.body.dataset.keep;
  dialog.querySelector("p").textContent = question;
  dialog.querySelector("[value=yes]").textContent = label;
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "yes") {
      form.dataset.confirmed = "1";
      form.requestSubmit(event.submitter || undefined);
    }
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
});

// A second click on a button does nothing while the first is under way. A download leaves its page as it is.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog" || "downloads" in form.dataset || event.submitter?.formTarget) return;
  setTimeout(() => form.querySelectorAll("button:not([type=button])").forEach((button) => { button.disabled = true; }));
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form button:disabled").forEach((button) => { button.disabled = false; });
});

// Going back, a browser fills in again what was typed, but no hidden field: with the one of before it is the form that was
// sent, and a second click sends nothing twice.
for (const field of document.querySelectorAll("[data-comes-back]")) {
  const before = history.state?.[field.name];
  if (before) field.value = before;
  else history.replaceState({ ...history.state, [field.name]: field.value }, "");
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-prints]")) window.print();
});

// -- Show a password ---------------------------------------------------------
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-reveals]");
  if (!button) return;
  const input = document.getElementById(button.dataset.reveals);
  const shown = input.type === "password";
  input.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
  button.textContent = shown ? document.body.dataset.hide : document.body.dataset.show;
});

// -- Tabs: [data-tabs] holds .panel sections, each with data-title -----------
for (const box of document.querySelectorAll("[data-tabs]")) {
  const panels = [...box.querySelectorAll(":scope > .panel")];
  const list = document.createElement("div");
  list.className = "switch";
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", box.dataset.tabs);
  const tabs = panels.map((panel, index) => {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `${panel.id}-tab`;
    tab.textContent = panel.dataset.title;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panel.id);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    panel.querySelector(".panel-title")?.remove();
    tab.addEventListener("click", () => show(index));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) { show((index + step + panels.length) % panels.length); tabs[(index + step + panels.length) % panels.length].focus(); }
    });
    list.append(tab);
    return tab;
  });
  const show = (chosen) => panels.forEach((panel, index) => {
    panel.hidden = index !== chosen;
    tabs[index].setAttribute("aria-selected", String(index === chosen));
    tabs[index].tabIndex = index === chosen ? 0 : -1;
  });
  box.prepend(list);
  if (panels.length) show(0);
}

// -- Run: <button data-run='{"url", "headers", "body"}'> sends the request that stands beside it ---------------
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-run]");
  if (!button) return;
  const call = JSON.parse(button.dataset.run);
  const output = document.getElementById(button.dataset.into);
  button.disabled = true;
  try {
    const answer = await fetch(call.url, { method: "POST", headers: call.headers, body: call.body, credentials: "omit" });
    let text = await answer.text();
    try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* shown as it came */ }
    output.textContent = `HTTP ${answer.status}\n${text}`;
    output.closest(".code").hidden = false;
    say(answer.ok ? button.dataset.accepted : button.dataset.refused.replace("{}", answer.status));
    refresh();
  } catch {
    output.textContent = button.dataset.unreached;
    output.closest(".code").hidden = false;
  } finally {
    button.disabled = false;
  }
});

// -- Cells know their column's name, for rows that are cards on a phone ----------------------------------------
const label = (root) => root.querySelectorAll(".stacks table").forEach((table) => {
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.classList.contains("end") ? "" : cell.textContent.trim());
  for (const row of table.tBodies[0].rows) {
    [...row.cells].forEach((cell, index) => { if (index && names[index]) cell.dataset.label = names[index]; });
  }
});
label(document);

// -- Live: an element with an id and data-live="SECONDS" is drawn anew from the same page ----------------------
const content = (element) => element.innerHTML.replace(/name="csrf_token" value="[^"]*"/g, "");
const toEnd = (element) => { if (element.matches("[role=log]")) element.scrollTop = element.scrollHeight; };
document.querySelectorAll("[role=log]").forEach(toEnd);
const living = [...document.querySelectorAll("[data-live][id]")];
async function refresh() {
  const address = document.querySelector("link[rel=canonical]")?.href || location.href.split("#")[0];
  const answer = await fetch(address, { headers: { "X-Live": "1" } });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  label(page);
  // A token differs each time and stays good: it is no news.
  const token = document.querySelector("[name=csrf_token]")?.value;
  if (token) page.querySelectorAll("[name=csrf_token]").forEach((input) => { input.setAttribute("value", token); });
  for (const element of document.querySelectorAll("[data-live][id]")) {
    const fresh = page.getElementById(element.id);
    // Not under somebody's finger, nor for a form's token alone, which is another one every second.
    const busy = (element.contains(document.activeElement) && document.activeElement !== element) || element.matches(":active");
    if (!fresh || busy || content(fresh) === content(element)) continue;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    element.innerHTML = fresh.innerHTML;
    if (atEnd) toEnd(element);
  }
}
if (living.length) {
  const every = Math.max(1, Math.min(...living.map((element) => Number(element.dataset.live)))) * 1000;
  const tick = async () => {
    if (!document.hidden) { try { await refresh(); } catch { /* the next time */ } }
    setTimeout(tick, every);
  };
  setTimeout(tick, every);
}

// A text letter by letter: [[text, kind], …] as the server has them, each kind with a title that the page has once already.
function draw(element, runs) {
  const titles = { unicode: element.dataset.unicode, wide: element.dataset.wide };
  element.replaceChildren(...runs.map(([text, kind]) => {
    if (!kind) return document.createTextNode(text);
    const node = document.createElement(kind === "cut" ? "span" : "mark");
    node.className = kind === "cut" ? "cut-mark" : kind;
    node.title = titles[kind] || "";
    node.textContent = text;
    return node;
  }));
}

// -- Counter: a form with data-counts="URL" asks the server what it comes to, while somebody types -------------
for (const form of document.querySelectorAll("[data-counts]")) {
  let waiting;
  let latest = 0;
  const count = async () => {
    const mine = ++latest;
    let told;
    try {
      const answer = await fetch(form.dataset.counts, { method: "POST", body: new FormData(form) });
      if (!answer.ok || answer.redirected) return;
      told = await answer.json();
    } catch { return; }
    if (mine !== latest) return;
    (told.previews || []).forEach((runs, place) => {
      form.querySelectorAll(`[data-preview="${place}"]`).forEach((bubble) => draw(bubble, runs));
    });
    if (told.fields) form.querySelectorAll("[data-fields]").forEach((box) => offer(box, told.fields));
    form.querySelectorAll("[data-runs]").forEach((bubble) => { draw(bubble, told.runs || []); bubble.hidden = !told.runs?.length; });
    for (const [name, text] of Object.entries(told)) {
      if (typeof text !== "string") continue;
      for (const element of form.querySelectorAll(`[data-count="${name}"]`)) {
        element.textContent = text;
        (element.matches("button") ? element : element.closest("[data-whole]") || element).hidden = !text;
      }
    }
  };
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(count, 180); });
}

// -- Draft: a form with data-saves="URL" is kept while somebody types ------------------------------------------
for (const form of document.querySelectorAll("[data-saves]")) {
  let waiting;
  let latest = 0;
  const told = form.querySelector("[data-saved]");
  const save = async () => {
    const mine = ++latest;
    try {
      const answer = await fetch(form.dataset.saves, { method: "POST", body: new FormData(form), keepalive: true });
      if (!answer.ok || answer.redirected || mine !== latest) return;
      told.textContent = (await answer.json()).saved;
    } catch { /* with the next letter */ }
  };
  const now = () => { if (waiting) { clearTimeout(waiting); waiting = undefined; save(); } };
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => { waiting = undefined; save(); }, 700); });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.formTarget) return;  // a preview leaves the form where it is
    clearTimeout(waiting);
    waiting = undefined;
    latest++;
  });
  addEventListener("pagehide", now);
  document.addEventListener("visibilitychange", () => { if (document.hidden) now(); });
}

// -- A field's name is put in where the cursor stands: <div data-fields="IDS"><button value="name" data-inserts> -----
// IDS: of what is written; the first of them, unless another was written in last.
let written = "";
document.addEventListener("focusin", (event) => { if (event.target.matches("input, textarea")) written = event.target.id; });
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-inserts]");
  if (!button) return;
  event.preventDefault();
  const ids = button.closest("[data-fields]").dataset.fields.split(" ");
  const text = document.getElementById(ids.includes(written) ? written : ids[0]);
  text.setRangeText(`{{${button.value}}}`, text.selectionStart, text.selectionEnd, "end");
  text.focus();
  text.dispatchEvent(new Event("input", { bubbles: true }));
});
// Of others, when others are chosen to get it.
function offer(box, fields) {
  const button = ([name, label]) => Object.assign(document.createElement("button"), {
    className: "button small", name: "insert", value: name, textContent: label, formNoValidate: true, dir: "auto",
  });
  box.querySelectorAll("button").forEach((old) => old.remove());
  box.append(...fields.map(button));
  box.querySelectorAll("button").forEach((made) => { made.dataset.inserts = ""; });
  box.hidden = box.nextElementSibling.hidden = !fields.length;
}

// -- Preview: <button data-previews formtarget="NAME"> is pressed while somebody types ----------------------------
// Each time into a frame of its own, which takes the other's place once it is there: else each would be a step back.
document.querySelectorAll("[data-previews]").forEach((button) => {
  const name = button.formTarget;
  let latest = document.querySelector(`iframe[name="${name}"]`);
  let number = 0;
  let waiting;
  const press = () => {
    const fresh = latest.cloneNode();
    fresh.hidden = true;
    fresh.name = button.formTarget = `${name}-${++number}`;
    latest.after(fresh);
    fresh.addEventListener("load", () => {
      while (fresh.previousElementSibling?.matches("iframe")) fresh.previousElementSibling.remove();
      fresh.hidden = false;
    }, { once: true });
    latest = fresh;
    button.form.requestSubmit(button);
  };
  button.form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(press, 600); });
  button.hidden = true;
  press();
});

// What belongs to a choice is shown with it: <div data-if="name=value">
const belong = () => {
  for (const part of document.querySelectorAll("[data-if]")) {
    const [name, value] = part.dataset.if.split("=");
    part.hidden = document.querySelector(`[name="${name}"]:checked`)?.value !== value;
  }
};
document.addEventListener("change", belong);
belong();

// The menu of small screens closes with Escape.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && location.hash === "#menu") location.hash = "#main";
});
