/* Keeps the last state of member pages for when there is no network. Nothing is sent by it. */
"use strict";
var CACHE = "qunce-pages-1";

self.addEventListener("install", function () { self.skipWaiting(); });
self.addEventListener("activate", function (event) {
  event.waitUntil(caches.keys().then(function (names) {
    return Promise.all(names.filter(function (name) { return name !== CACHE; }).map(function (name) {
      return caches.delete(name);
    }));
  }).then(function () { return self.clients.claim(); }));
});

function isKept(request) {
  var url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) { return false; }
  // The address of a personal link is stored nowhere.
  if (url.pathname.indexOf("/p/_/") === 0) { return false; }
  return url.pathname.indexOf("/p/") === 0 || url.pathname.indexOf("/static/portal/") === 0;
}
self.addEventListener("fetch", function (event) {
  var request = event.request;
  if (request.method === "POST") {
    // After a change, pages of before would be wrong; signing out leaves nothing behind.
    if (/\/(sign-out|remove)$/.test(new URL(request.url).pathname)) { event.waitUntil(caches.delete(CACHE)); }
    return;
  }
  if (!isKept(request)) { return; }
  event.respondWith(fetch(request).then(function (response) {
    if (response.ok && response.type === "basic" && !response.redirected) {
      var copy = response.clone();
      event.waitUntil(caches.open(CACHE).then(function (cache) { return cache.put(request, copy); }));
    }
    return response;
  }, function () {
    return caches.match(request, { ignoreSearch: request.mode === "navigate" }).then(function (kept) {
      return kept || Response.error();
    });
  }));
});
