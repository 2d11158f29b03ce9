/* Member pages work without this. It keeps a submission that cannot be sent, reports how
   long a page was visible, and names the member in addresses that they share. */
(function () {
  "use strict";
  var body = document.body, data = body.dataset, QUEUE = "qunce.queue" + data.root;
  var status = document.getElementById("status");

  function say(text) {
    if (status) { status.textContent = text; status.hidden = false; }
  }
  function load() {
    try { return JSON.parse(localStorage.getItem(QUEUE)) || []; } catch (e) { return []; }
  }
  function store(items) {
    try { localStorage.setItem(QUEUE, JSON.stringify(items)); return true; } catch (e) { return false; }
  }
  // What somebody else left on this phone is not sent in the name of this member.
  function own() { return load().filter(function (each) { return each.who === data.who; }); }
  function drop(isGone) { store(load().filter(function (each) { return !isGone(each); })); }
  function isOld(item) { return !(Date.now() - item.at < 86400000); }
  function post(item) {
    // The token of this page: the phone may have got another cookie since.
    var fields = item.fields.map(function (pair) { return pair[0] === "form_token" ? [pair[0], data.token] : pair; });
    return fetch(item.url, {
      method: "POST", credentials: "same-origin", body: new URLSearchParams(fields), redirect: "follow"
    });
  }
  // One at a time; an item is removed once the server has answered. Its key makes the
  // server take it once, should the answer have been lost.
  var isSending = false, isRefused = false;
  function sendQueued() {
    var item = own()[0];
    if (isSending || !item) { return; }
    isSending = true;
    post(item).then(function (response) {
      isSending = false;
      if (response.status >= 500) { later(); return; }
      drop(function (each) { return each.key === item.key; });
      isRefused = isRefused || !response.ok;
      if (own().length) { sendQueued(); return; }
      // A page that is loaded again would not say that something was refused.
      say(isRefused ? data.failed : data.sent);
      if (isRefused) { return; }
      // The page with the answer, if it is this one.
      if (new URL(response.url).pathname === location.pathname) { location.replace(response.url); } else { location.reload(); }
    }, function () { isSending = false; later(); });
  }
  // Phones do not always notice that they have no network, nor that they have one again.
  function later() { setTimeout(sendQueued, 20000); }
  function read(form) {
    var fields = [], key = "";
    new FormData(form).forEach(function (value, name) {
      fields.push([name, value]);
      if (name === "key") { key = value; }
    });
    if (pressed && pressed.form === form && pressed.name) { fields.push([pressed.name, pressed.value]); }
    return { key: key, url: form.action, fields: fields, at: Date.now(), who: data.who };
  }
  function keep(item) {
    var items = load().filter(function (each) { return each.key !== item.key; });
    items.push(item);
    say(store(items) ? data.queued : data.failed);
    later();
  }
  var pressed = null;
  document.addEventListener("click", function (event) {
    pressed = event.target.closest ? event.target.closest("button") : null;
  });
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.hasAttribute("data-queue") || !window.URLSearchParams || !window.fetch || form.querySelector("input[type=file]")) { return; }
    event.preventDefault();
    var item = read(form);
    // A second tap would send the same form again.
    lock(form);
    post(item).then(function (response) {
      if (response.status >= 500) { keep(item); return; }
      // Without a new entry in the history, so that Back leaves.
      if (response.ok) { location.replace(response.url); } else { form.submit(); }
    }, function () { keep(item); });
  });
  function lock(form) {
    Array.prototype.forEach.call(form.querySelectorAll("button"), function (button) { button.disabled = true; });
  }
  window.addEventListener("pageshow", function () {
    Array.prototype.forEach.call(document.querySelectorAll("form[data-queue] button[disabled]"), function (button) {
      if (!button.hasAttribute("data-disabled")) { button.disabled = false; }
    });
  });
  window.addEventListener("online", sendQueued);
  if (own().some(isOld)) { say(data.failed); }
  drop(isOld);
  if (load().length) { say(own().length ? data.queued : data.waiting); }
  if (navigator.onLine !== false) { sendQueued(); }

  // Offline, the last state of a page, and its time.
  function showAge() {
    if (navigator.onLine === false && !own().length) {
      say(data.offline + " " + new Date(data.at).toLocaleString(document.documentElement.lang));
    }
  }
  window.addEventListener("offline", showAge);
  showAge();
  if ("serviceWorker" in navigator && window.isSecureContext) {
    navigator.serviceWorker.register("/p/worker.js", { scope: "/p/" }).catch(function () { return null; });
  }

  // Views: one when the page becomes visible, then the seconds when it is left.
  var shownAt = document.hidden ? 0 : Date.now(), isFirst = true, id = Math.random().toString(36).slice(2);
  function report() {
    var seconds = shownAt ? Math.round((Date.now() - shownAt) / 1000) : 0;
    shownAt = 0;
    if (!data.page || !navigator.sendBeacon || !(seconds || isFirst)) { return; }
    navigator.sendBeacon(data.root + "seen", new URLSearchParams([
      ["form_token", data.token], ["page", data.page], ["proof", data.proof], ["from", data.sharer],
      ["seconds", seconds], ["first", isFirst ? "1" : ""], ["view", id]
    ]));
    isFirst = false;
  }
  document.addEventListener("visibilitychange", function () {
    if (document.hidden) { report(); } else { shownAt = Date.now(); }
  });
  if (!document.hidden) { setTimeout(function () { report(); shownAt = Date.now(); }, 1500); }

  // Parts that others change, such as the highest bid, are read again while somebody looks.
  Array.prototype.forEach.call(document.querySelectorAll("[data-refresh][id]"), function (part) {
    var timer = setInterval(function () {
      if (document.hidden || navigator.onLine === false) { return; }
      fetch(location.href, { credentials: "same-origin" }).then(function (answer) {
        return answer.ok ? answer.text() : "";
      }).then(function (text) {
        var fresh = text && new DOMParser().parseFromString(text, "text/html").getElementById(part.id);
        if (!fresh) { return; }
        if (fresh.innerHTML !== part.innerHTML) { part.innerHTML = fresh.innerHTML; }
        if (!fresh.hasAttribute("data-refresh")) { clearInterval(timer); }
      }).catch(function () { return null; });
    }, Math.max(5, Number(part.dataset.refresh)) * 1000);
  });

  // Whoever gets this address later was sent it by this member.
  if (data.reference && window.history && history.replaceState && window.URL) {
    var address = new URL(location.href);
    address.searchParams.set("from", data.reference);
    history.replaceState(history.state, "", address.href);
  }
}());
