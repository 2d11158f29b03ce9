// Thresholds can be set with a slider or typed. The sizes update after a short pause.

const PAUSE = 150;
let timer = 0;

const near = (node, name) => node.closest("li").querySelector(name);

// On the document, as the form is replaced by every action.
document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-thresholds]");
  if (!form || event.target.closest("[data-editor]") || event.target.matches("[data-quiet]")) return;
  if (event.target.matches("[data-slider]")) {
    near(event.target, "select").value = "top";
    near(event.target, "[data-value]").value = event.target.value;
  } else if (event.target.matches("[data-value]")) {
    const slider = near(event.target, "[data-slider]");
    if (near(event.target, "select").value === "top") slider.value = event.target.value;
  }
  clearTimeout(timer);
  timer = setTimeout(
    () => form.querySelector("[hx-post][hidden]")?.dispatchEvent(new CustomEvent("typed")),
    PAUSE,
  );
});
