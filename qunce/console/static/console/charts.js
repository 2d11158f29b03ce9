// Draws every [data-chart] from the spec beside it. The chart library is large, so it is
// loaded once, when the first chart of a page comes near the viewport.

let loading;

function loadLibrary(url) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.vegaEmbed);
    script.onerror = reject;
    document.head.append(script);
  });
  return loading;
}

// `ast` interprets expressions without eval, and no style element is created: both would
// violate the content security policy.
const options = {
  ast: true,
  actions: false,
  renderer: "svg",
  defaultStyle: false,
  tooltip: { disableDefaultStyle: true, theme: "qunce" },
};

async function draw(node) {
  const spec = JSON.parse(document.getElementById(node.dataset.chart).textContent);
  // What screen readers say of the drawing, in the language of the page.
  spec.description ??= node.getAttribute("aria-label");
  const embed = await loadLibrary(node.dataset.bundle);
  await embed(node, spec, options);
  node.dataset.drawn = "yes";
}

const observer = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      draw(target);
    }
  },
  { rootMargin: "300px" },
);

function observeCharts(root) {
  for (const node of root.querySelectorAll("[data-chart]:not([data-watched])")) {
    node.dataset.watched = "yes";
    observer.observe(node);
  }
}

observeCharts(document);
document.addEventListener("htmx:afterSwap", () => observeCharts(document));
