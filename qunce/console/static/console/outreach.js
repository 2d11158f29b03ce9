// Writing a campaign: variables go in where the cursor is, another receiver is shown.

const form = document.querySelector("[data-campaign]");
const text = form?.querySelector("textarea[name=text]");

const reveal = (inside) => {
  for (const node of inside.querySelectorAll("[data-insert], [data-another]")) node.hidden = false;
};

form?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (button && text) {
    text.setRangeText(button.dataset.insert, text.selectionStart, text.selectionEnd, "end");
    button.closest("details")?.removeAttribute("open");
    text.focus();
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (event.target.closest("[data-another]")) {
    const turn = form.querySelector("[name=turn]");
    turn.value = Number(turn.value) + 1;
    document.querySelector("#preview").dispatchEvent(new Event("another"));
  }
});

document.addEventListener("htmx:afterSwap", (event) => reveal(event.target));
if (form) reveal(form);
