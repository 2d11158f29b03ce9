// Draws every [data-chart] from the spec beside it. The drawing script is large, so it
// is fetched once, when the first chart of a page comes near the eye.

let coming;

function library(address) {
  coming ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(window.vegaEmbed);
    script.onerror = reject;
    document.head.append(script);
  });
  return coming;
}

// `ast` interprets expressions, so no eval is needed; no style element is made either.
const options = {
  ast: true,
  actions: false,
  renderer: "svg",
  defaultStyle: false,
  tooltip: { disableDefaultStyle: true, theme: "qunce" },
};

async function draw(place) {
  const spec = JSON.parse(document.getElementById(place.dataset.chart).textContent);
  const embed = await library(place.dataset.bundle);
  await embed(place, spec, options);
  place.dataset.drawn = "yes";
}

const near = new IntersectionObserver(
  (seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      draw(target);
    }
  },
  { rootMargin: "300px" },
);

function look(root) {
  for (const place of root.querySelectorAll("[data-chart]:not([data-watched])")) {
    place.dataset.watched = "yes";
    near.observe(place);
  }
}

look(document);
document.addEventListener("htmx:afterSwap", () => look(document));
