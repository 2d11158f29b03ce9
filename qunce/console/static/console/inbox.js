// The page of a conversation: put an earlier answer into the field, copy the field.

document.addEventListener("click", async (event) => {
  const fill = event.target.closest("[data-fill]");
  if (fill) {
    const field = document.querySelector(fill.dataset.fill);
    field.value = field.value ? `${field.value}\n${fill.dataset.text}` : fill.dataset.text;
    field.focus();
  }
  const copy = event.target.closest("[data-copy-field]");
  if (!copy) return;
  const field = document.querySelector(copy.dataset.copyField);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand("copy");
  }
  copy.classList.add("copied");
});
