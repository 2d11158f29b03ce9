// What somebody types while an answer of the server is on its way stays when the answer
// takes the place of the field, and so does what stands in another form of that place.

const TEXT = "textarea, input:is([type=text], [type=search], [type=number], [type=tel], "
  + "[type=email], [type=url], [type=date], [type=time], [type=datetime-local], :not([type]))";

// Fields without an id are known by their form, their name, and their place among such.
function keysOf() {
  const keys = new Map();
  const counts = new Map();
  for (const field of document.querySelectorAll(TEXT)) {
    const address = field.form?.getAttribute("action") ?? "";
    const name = field.id || `${address} ${field.name}`;
    const number = counts.get(name) ?? 0;
    counts.set(name, number + 1);
    keys.set(field, `${name} ${number}`);
  }
  return keys;
}

const sent = new WeakMap(); // request → the values of the fields that it sends
const unsent = new WeakMap(); // request → the values that its answer would remove

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  const form = detail.elt.closest("form");
  const values = new Map();
  for (const field of form?.querySelectorAll(TEXT) ?? []) values.set(field, field.value);
  sent.set(detail.xhr, values);
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const values = sent.get(detail.xhr);
  if (!values || !detail.target) return;
  const kept = new Map();
  for (const [field, key] of keysOf()) {
    const isChanged = field.value !== (values.get(field) ?? field.defaultValue);
    if (isChanged && detail.target.contains(field)) kept.set(key, field.value);
  }
  if (kept.size) unsent.set(detail.xhr, kept);
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const kept = unsent.get(detail.xhr);
  if (!kept) return;
  unsent.delete(detail.xhr);
  for (const [field, key] of keysOf()) {
    if (!kept.has(key) || field.value === kept.get(key)) continue;
    field.value = kept.get(key);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
});
