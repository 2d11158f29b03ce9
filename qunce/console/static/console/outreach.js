// The campaign form: inserts variables at the cursor, and previews another recipient.

const form = document.querySelector("[data-campaign]");
const text = form?.querySelector("textarea[name=text]");

// These buttons do nothing without this script, so they are hidden at first.
const reveal = (root) => {
  for (const node of root.querySelectorAll("[data-insert], [data-another]")) node.hidden = false;
};

// A template replaces the text; which one it was is kept with the campaign.
const templates = document.querySelector("[data-templates]");
if (templates) templates.hidden = false;
templates?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-template]");
  if (!button) return;
  text.value = button.dataset.text;
  form.querySelector("[name=template_version]").value = button.dataset.template;
  templates.open = false;
  text.focus();
  text.dispatchEvent(new Event("input", { bubbles: true }));
});

form?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (button && text) {
    text.setRangeText(button.dataset.insert, text.selectionStart, text.selectionEnd, "end");
    button.closest("details")?.removeAttribute("open");
    text.focus();
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (event.target.closest("[data-another]")) {
    const index = form.querySelector("[name=sample_index]");
    index.value = Number(index.value) + 1;
    document.querySelector("#preview").dispatchEvent(new Event("another"));
  }
});

document.addEventListener("htmx:afterSwap", (event) => reveal(event.target));
if (form) reveal(form);
