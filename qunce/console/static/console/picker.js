// Pickers: a field that searches, with a list below it. Three kinds use it: the field for
// tags, a <select> with many options, and a long list of checkboxes. Without this script
// they are a field for text, a <select> and checkboxes.

const MANY = 15;
const MOST_SHOWN = 60;
const SEPARATORS = /[\s\-_/·.,:|，。、：]+/g;
const fold = (text) => text.normalize("NFKC").toLowerCase().replace(SEPARATORS, "");
let serial = 0;

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// The list below a field. `load` returns the options for a text, `pick` takes one of them.
class Choices {
  constructor(input, { load, pick }) {
    Object.assign(this, { input, load, pick, request: 0, isLoading: false, isWaiting: false });
    this.list = element("ul", { class: "picker-list", role: "listbox", id: `picker-${++serial}` });
    this.list.hidden = true;
    input.after(this.list);
    for (const [name, value] of Object.entries({
      role: "combobox", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
      "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": this.list.id,
    })) input.setAttribute(name, value);
    const label = input.getAttribute("aria-label") ?? input.labels?.[0]?.textContent?.trim();
    if (label) this.list.setAttribute("aria-label", label);
    input.addEventListener("input", (event) => event.isComposing || this.open());
    input.addEventListener("compositionend", () => this.open());
    input.addEventListener("click", () => this.open());
    input.addEventListener("keydown", (event) => this.onKey(event));
    // A press on the list must not take the focus from the field.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option && option.getAttribute("aria-disabled") !== "true") this.choose(option);
    });
    input.addEventListener("blur", () => this.close());
  }

  get options() {
    return [...this.list.querySelectorAll('[role=option]:not([aria-disabled="true"])')];
  }

  get active() {
    return this.list.querySelector("[data-active]");
  }

  async open() {
    const request = ++this.request;
    this.isLoading = true;
    const nodes = await this.load(this.input.value.trim());
    if (request === this.request) this.isLoading = false;
    // A later text was typed, or the field was left, while this one was searched for.
    if (request !== this.request || document.activeElement !== this.input) return;
    this.list.replaceChildren(...nodes);
    for (const [index, option] of this.options.entries()) option.id = `${this.list.id}-${index}`;
    this.list.hidden = !this.list.childElementCount;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.activate(this.input.value.trim() ? this.options[0] : undefined);
    // Enter was pressed before the options were there.
    if (this.isWaiting && this.active) this.choose(this.active);
    this.isWaiting = false;
  }

  close() {
    this.request += 1;
    this.isLoading = this.isWaiting = false;
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.activate(undefined);
  }

  activate(option) {
    this.active?.removeAttribute("data-active");
    for (const other of this.options) other.setAttribute("aria-selected", String(other === option));
    if (!option) return this.input.removeAttribute("aria-activedescendant");
    option.setAttribute("data-active", "");
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  move(step) {
    if (this.list.hidden) return this.open();
    const all = this.options;
    const from = all.indexOf(this.active);
    const first = step > 0 ? 0 : all.length - 1;
    this.activate(all[from < 0 ? first : (from + step + all.length) % all.length]);
  }

  choose(option) {
    this.close();
    this.pick(option);
  }

  onKey(event) {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp")
      this.move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter" && !this.list.hidden && this.active) this.choose(this.active);
    else if (event.key === "Enter" && this.isLoading && this.input.value.trim()) this.isWaiting = true;
    else if (event.key === "Escape" && !this.list.hidden) this.close();
    else return;
    event.preventDefault();
    // The key is used up, also for other listeners of this field.
    event.stopImmediatePropagation();
  }
}

// A <select> with many options, of which one is chosen

function matches(option, text) {
  return fold(option.label).includes(text) || soundsLike(option, text);
}

// `data-search` has the ways to type a name in pinyin, each after a space.
const soundsLike = (node, text) => ` ${node.dataset.search ?? ""}`.includes(` ${text}`);

function optionNodes(select, typed) {
  const text = fold(typed);
  const nodes = [];
  let group = null, shown = 0, left = 0;
  for (const option of select.options) {
    if (option.disabled || !matches(option, text)) continue;
    if (shown === MOST_SHOWN) { left += 1; continue; }
    const parent = option.closest("optgroup");
    if (parent && parent !== group)
      nodes.push(element("li", { class: "picker-group", role: "presentation" }, parent.label));
    group = parent;
    const node = element("li", { role: "option", "data-index": option.index }, option.label);
    if (option.selected) node.append(element("span", { class: "muted", "aria-hidden": "true" }, " ✓"));
    nodes.push(node);
    shown += 1;
  }
  if (left) nodes.push(element("li", { class: "picker-group", role: "presentation" }, `+ ${left} …`));
  return nodes;
}

function enhanceSelect(select) {
  const input = element("input", { type: "text", id: `${select.id || `select-${++serial}`}-picker` });
  const box = element("div", { class: "picker" }, input);
  for (const label of select.labels) if (label.htmlFor) label.htmlFor = input.id;
  const named = select.getAttribute("aria-label") ?? [...select.labels].map((label) => label.textContent.trim())[0];
  if (named) input.setAttribute("aria-label", named);
  if (select.getAttribute("aria-describedby"))
    input.setAttribute("aria-describedby", select.getAttribute("aria-describedby"));
  if (select.required) {
    // The browser would refuse to send the form, and show nothing, for a hidden field.
    select.required = false;
    input.required = true;
  }
  const show = () => {
    const option = select.selectedOptions[0];
    input.value = option?.value ? option.label : "";
    input.placeholder = select.querySelector('option[value=""]')?.label ?? "";
  };
  const set = (index) => {
    if (select.selectedIndex === index) return show();
    select.selectedIndex = index;
    select.dispatchEvent(new Event("input", { bubbles: true }));
    select.dispatchEvent(new Event("change", { bubbles: true }));
  };
  let searched = false;
  // What is typed here is a search and no change of the form yet.
  for (const name of ["input", "change"])
    input.addEventListener(name, (event) => { searched = true; event.stopPropagation(); });
  new Choices(input, {
    load: (text) => optionNodes(select, searched ? text : ""),
    pick: (node) => set(Number(node.dataset.index)),
  });
  input.addEventListener("focus", () => { searched = false; input.select(); });
  input.addEventListener("blur", () => {
    const empty = select.querySelector('option[value=""]');
    if (searched && !input.value.trim() && empty) set(empty.index);
    else show();
  });
  select.addEventListener("change", show);
  select.form?.addEventListener("reset", () => setTimeout(show));
  // A hidden field would lose the focus to the page.
  const hasFocus = select === document.activeElement;
  select.before(box);
  select.hidden = true;
  box.append(select);
  show();
  if (hasFocus) input.focus();
}

// A long list of checkboxes

function enhanceTicks(list) {
  const labels = [...list.querySelectorAll("label")].filter((label) => label.querySelector("[type=checkbox]"));
  const input = element("input", { type: "search", autocomplete: "off", class: "ticks-search" });
  input.placeholder = document.body.dataset.wordSearch ?? "";
  input.setAttribute("aria-label", input.placeholder);
  const count = element("span", { class: "muted small num", role: "status" });
  const update = () => {
    const text = fold(input.value);
    for (const label of labels) {
      const box = label.querySelector("[type=checkbox]");
      label.hidden = !box.checked && !fold(label.textContent).includes(text) && !soundsLike(box, text);
    }
    const chosen = labels.filter((label) => label.querySelector("input").checked).length;
    count.textContent = `${chosen} / ${labels.length}`;
  };
  for (const name of ["input", "change"])
    input.addEventListener(name, (event) => { update(); event.stopPropagation(); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && input.value) input.value = "";
    else if (event.key === "Enter" && !event.isComposing)
      labels.find((label) => !label.hidden && !label.querySelector("input").checked)?.click();
    else return;
    event.preventDefault();
    event.stopPropagation();
    update();
  });
  list.addEventListener("change", update);
  const bar = element("div", { class: "row nowrap" }, input, count);
  const legend = list.querySelector(":scope > legend");
  if (legend) legend.after(bar);
  else list.before(bar);
  update();
}

// The field for tags: several can be chosen before the form is sent.

function enhanceTags(box) {
  const input = box.querySelector("input[name=tag]:not([type=hidden])");
  const chosen = box.querySelector("[data-chosen]");
  const submit = () => box.closest("[data-tagging]").querySelector("[data-apply]").click();
  const add = (name, value, label) => {
    const same = [...chosen.querySelectorAll("input")].some((other) => other.name === name && other.value === value);
    if (!same)
      chosen.append(element("li", { class: "chip" },
        element("bdi", {}, label),
        element("input", { type: "hidden", name, value }),
        element("button", { type: "button", class: "plain", "data-unchoose": "", "aria-label": `${box.dataset.wordRemove} ${label}` }, "×")));
    input.value = "";
    input.focus();
  };
  new Choices(input, {
    load: async (text) => {
      const url = `${box.dataset.suggest}?${new URLSearchParams({ q: text })}`;
      const response = await fetch(url, { headers: { "HX-Request": "true" } });
      if (!response.ok) return [];
      const template = document.createElement("template");
      template.innerHTML = await response.text();
      return template.content.children;
    },
    pick: (option) => {
      if (option.dataset.create !== undefined) add("create", option.dataset.create, option.dataset.name);
      else add("tag", option.dataset.key, option.dataset.name);
    },
  });
  // A menu that was opened for it.
  if (box.closest("details.menu[open]")) input.focus();
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      if (input.value.trim() || chosen.childElementCount) submit();
    } else if (event.key === "Backspace" && !input.value) chosen.lastElementChild?.remove();
  });
  box.addEventListener("click", (event) => {
    const remove = event.target.closest("[data-unchoose]");
    if (!remove) return;
    remove.closest("li").remove();
    input.focus();
  });
}

export function enhance(root) {
  const find = (selector) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];
  for (const box of find("[data-tag-picker]:not([data-enhanced])")) {
    box.dataset.enhanced = "";
    enhanceTags(box);
  }
  for (const select of find("select:not([multiple], [data-enhanced], [data-native] *)"))
    if (select.options.length > MANY) {
      select.dataset.enhanced = "";
      enhanceSelect(select);
    }
  for (const list of find(":is(.ticks, fieldset.pick):not([data-enhanced])"))
    if (list.querySelectorAll("[type=checkbox]").length > MANY) {
      list.dataset.enhanced = "";
      enhanceTicks(list);
    }
}

enhance(document.body);
document.addEventListener("htmx:load", (event) => enhance(event.target));
