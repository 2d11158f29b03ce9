// Thresholds can be set with a slider or typed. The sizes update after a short pause.

const form = document.querySelector("[data-thresholds]");
const counter = form?.querySelector("[hx-post][hidden]");
let timer = 0;

function field(node, name) {
  return node.closest("li").querySelector(name);
}

form?.addEventListener("input", (event) => {
  if (event.target.matches("[data-slider]")) {
    field(event.target, "select").value = "top";
    field(event.target, "[data-value]").value = event.target.value;
  } else if (event.target.matches("[data-value]")) {
    const slider = field(event.target, "[data-slider]");
    if (field(event.target, "select").value === "top") slider.value = event.target.value;
  }
  clearTimeout(timer);
  timer = setTimeout(() => counter.dispatchEvent(new CustomEvent("typed")), 150);
});
