// Says before sending that a file is too large, and shows how much of it is sent.
// Without this the form does the same, but silently.

const form = document.querySelector("[data-upload]");
const input = form?.querySelector("input[type=file]");
const error = form?.querySelector("[data-error]");
const meter = form?.querySelector("[data-progress]");

function fits() {
  const file = input.files[0];
  const large = file && file.size > Number(form.dataset.most);
  error.hidden = !large;
  error.textContent = large ? form.dataset.tooLarge : "";
  return file && !large;
}

input?.addEventListener("change", fits);

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!fits()) return;
  const request = new XMLHttpRequest();
  const bar = meter.querySelector("progress");
  const button = form.querySelector("button[type=submit]");
  meter.hidden = false;
  button.disabled = true;
  request.upload.addEventListener("progress", (sent) => {
    if (!sent.lengthComputable) return;
    bar.value = sent.loaded / sent.total;
    if (sent.loaded === sent.total) bar.removeAttribute("value");
  });
  request.addEventListener("load", () => shown(request));
  request.addEventListener("error", () => form.submit());
  request.open("POST", form.action || location.href);
  request.send(new FormData(form));
});

// A redirect was followed already: go where it led. An error is a page to be shown.
function shown(request) {
  if (request.status < 400) {
    location.assign(request.responseURL);
    return;
  }
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const notice = page.querySelector("[role=alert]");
  meter.hidden = true;
  form.querySelector("button[type=submit]").disabled = false;
  error.hidden = false;
  error.textContent = notice?.textContent ?? request.statusText;
}
