// The rule builder: keyboard shortcuts, dragging, and counts that update while you type.

const builder = () => document.querySelector("[data-builder]");
const isInput = (node) => /^(input|textarea|select)$/i.test(node.tagName);
const PAUSE = 250;
const NEEDS_OTHER_FIELDS = /^c-(attribute|kind|parts|where\d|step\d)$/;
let timer = 0;

// Counts are requested after a pause, and never while the whole rule is being submitted.

const counter = () => builder()?.querySelector("[hx-post][hidden]");

function onInput(event) {
  const form = builder();
  if (!form || !event.target.closest("[data-editor]") || event.target.matches("[data-find]")) return;
  if (NEEDS_OTHER_FIELDS.test(event.target.name) && event.type === "change") {
    form.querySelector(".refresh").click();
    return;
  }
  clearTimeout(timer);
  timer = setTimeout(() => {
    const form = builder();
    const busy = !form?.querySelector("[data-editor]") || form.matches(".htmx-request");
    if (!busy) counter()?.dispatchEvent(new CustomEvent("typed"));
  }, PAUSE);
}

document.addEventListener("input", onInput);
document.addEventListener("change", (event) => {
  if (event.target.matches(".segment-picker .offered input:checked")) choose(event.target);
  onInput(event);
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target !== builder()) return;
  clearTimeout(timer);
  counter()?.dispatchEvent(new CustomEvent("htmx:abort"));
});

// Move a picked option to the chosen ones, so that the next search does not remove it.
function choose(box) {
  const label = box.closest("label");
  box.closest(".segment-picker").querySelector(".chosen").append(label);
}

// Keyboard shortcuts

document.addEventListener("keydown", (event) => {
  if (!builder() || event.ctrlKey || event.metaKey || event.altKey) return;
  const editor = event.target.closest("[data-editor]");
  if (editor ? onKeyInForm(event, editor) : onKeyOnLine(event)) event.preventDefault();
});

function onKeyInForm(event, editor) {
  if (event.key === "Escape") {
    editor.querySelector("[data-cancel]").click();
    return true;
  }
  if (event.key !== "Enter" || event.isComposing || !event.target.matches("input, select")) return false;
  if (!event.target.matches("[data-find]")) {
    editor.querySelector("[data-done]").click();
    return true;
  }
  const box = event.target.closest(".segment-picker").querySelector(".offered input");
  if (event.target.value === "" || !box) editor.querySelector("[data-done]").click();
  else {
    box.checked = true;
    box.dispatchEvent(new Event("change", { bubbles: true }));
    event.target.value = "";
  }
  return true;
}

function onKeyOnLine(event) {
  const save = event.target.id === "name" && document.querySelector("#save .primary");
  if (save && event.key === "Enter" && !event.isComposing) {
    save.click();
    return true;
  }
  if (isInput(event.target)) return false;
  focusMenu(builder().querySelector(".menu[open]"));
  const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
  if (step) return moveFocus(event.target, step);
  const line = event.target.closest("[data-line]");
  const key = event.key === "Delete" ? "x" : event.key;
  const button = line?.querySelector(`[data-act="${CSS.escape(key)}"]`);
  if (button) button.click();
  return Boolean(button);
}

// An opened menu gets the focus, and its items are reached by the same keys as lines.
function focusMenu(menu) {
  const inside = menu?.contains(document.activeElement) && !document.activeElement.matches("summary");
  if (menu && !inside) menu.querySelector("button")?.focus();
}

document.addEventListener("toggle", (event) => {
  if (event.target.matches("[data-builder] .menu[open]")) focusMenu(event.target);
}, true);

function moveFocusInMenu(buttons, from, step) {
  buttons[(buttons.indexOf(from) + step + buttons.length) % buttons.length]?.focus();
  return true;
}

function moveFocus(from, step) {
  const menu = from.closest(".menu[open]");
  if (menu) return moveFocusInMenu([...menu.querySelectorAll("button")], from, step);
  const lines = [...builder().querySelectorAll('[data-act="open"], .adder summary')];
  const current = lines.indexOf(from.closest("[data-line], .adder")?.querySelector('[data-act="open"], summary'));
  const next = current < 0 ? (step > 0 ? 0 : lines.length - 1) : current + step;
  lines[next]?.focus();
  return Boolean(lines[next]);
}

// Lines are dragged by their handle, with a mouse or a finger.

let dragged = null;

document.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest("[data-drag]");
  if (!handle || event.button !== 0) return;
  event.preventDefault();
  dragged = handle.closest("[data-line]");
  dragged.classList.add("is-dragged");
});

document.addEventListener("pointermove", (event) => {
  if (!dragged) return;
  clearDrop();
  const line = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-line][data-path]");
  if (!line || line.dataset.path.startsWith(dragged.dataset.path)) return;
  const { top, height } = line.getBoundingClientRect();
  const share = (event.clientY - top) / height;
  const middle = "list" in line.dataset && share > 0.3;
  line.dataset.drop = middle ? "into" : share < 0.5 ? "before" : "after";
});

document.addEventListener("pointerup", () => {
  if (!dragged) return;
  const target = builder()?.querySelector("[data-drop]");
  if (target) act(`drop:${dragged.dataset.path}:${target.dataset.drop}:${target.dataset.path}`);
  endDrag();
});

document.addEventListener("pointercancel", endDrag);

function endDrag() {
  dragged?.classList.remove("is-dragged");
  dragged = null;
  clearDrop();
}

function clearDrop() {
  for (const line of document.querySelectorAll("[data-drop]")) delete line.dataset.drop;
}

// In a form of more than the rule, the builder's buttons replace only its part.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form !== builder() || !form.dataset.part || event.submitter?.name !== "do") return;
  event.preventDefault();
  clearTimeout(timer);
  htmx.ajax("POST", form.action, {
    source: form,
    values: { do: event.submitter.value },
    target: form.dataset.part,
    swap: "outerHTML",
  });
});

// Submit an action that has no button.
function act(value) {
  const button = document.createElement("button");
  Object.assign(button, { type: "submit", name: "do", value, hidden: true });
  builder().append(button);
  button.click();
}

document.documentElement.classList.add("with-scripts");

// Text that was typed before htmx was ready has not been searched for yet.
document.addEventListener("htmx:load", (event) => {
  for (const field of event.target.querySelectorAll("[data-find]"))
    if (field.value !== field.defaultValue) field.dispatchEvent(new Event("search"));
});
