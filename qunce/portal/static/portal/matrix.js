/* Signs members in from the widget of a Matrix room: asks the app for an OpenID token of
   its homeserver (MSC1960) and sends it to the server. It is written nowhere else. */
(function () {
  "use strict";
  var form = document.getElementById("widget"), data = form.dataset, host = window.parent;
  var status = document.getElementById("widget-status"), button = document.getElementById("widget-ask");
  var origins = data.origins.split(" "), widget = data.widget, request = "", timer = 0;

  function say(text, mayAsk) {
    clearTimeout(timer);
    status.textContent = text;
    button.hidden = !mayAsk;
  }
  function ask() {
    request = "qunce-" + Math.random().toString(36).slice(2);
    button.hidden = true;
    clearTimeout(timer);
    timer = setTimeout(function () { say(data.silent, true); }, 15000);
    // Nothing in it is secret, and only the apps that may frame this page get it.
    host.postMessage({ api: "fromWidget", action: "get_openid", requestId: request, widgetId: widget, data: {} }, "*");
  }
  function take(answer) {
    if (answer.state === "request") { say(data.asking, false); return; }
    if (answer.state !== "allowed" || !answer.access_token) { say(data.blocked, true); return; }
    clearTimeout(timer);
    request = "";
    form.elements.access_token.value = answer.access_token;
    form.elements.matrix_server_name.value = answer.matrix_server_name || "";
    form.submit();
  }
  function replyTo(action) {
    if (action === "capabilities") { return { capabilities: [] }; }
    if (action === "supported_api_versions") { return { supported_versions: ["0.0.1", "0.0.2"] }; }
    return {};
  }
  window.addEventListener("message", function (event) {
    var message = event.data || {};
    if (event.source !== host || origins.indexOf(event.origin) < 0) { return; }
    if (message.api === "toWidget" && !message.response) {
      host.postMessage(Object.assign({}, message, { response: replyTo(message.action) }), event.origin);
      var sent = message.data || {};
      if (message.action === "openid_credentials" && request && sent.original_request_id === request) { take(sent); }
      // An app that does not say in the address which widget this is says it here.
      if (!widget && message.widgetId) { widget = message.widgetId; if (!data.wait) { ask(); } }
    } else if (message.api === "fromWidget" && message.response && request && message.requestId === request) {
      take(message.response);
    }
  });
  button.addEventListener("click", ask);
  if (host === window) { say(data.outside, false); } else if (widget && !data.wait) { ask(); }
}());
