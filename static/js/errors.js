/* What to say when an htmx request fails, and what can be done about it. */
const say = (text) =>
  document.dispatchEvent(new CustomEvent("toast", { detail: { text, kind: "bad" } }));

const BY_STATUS = {
  400: gettext("The server could not read that. Reload the page and try again."),
  401: gettext("You are signed out. Sign in again; what you wrote is still here."),
  403: gettext("You may not do this, or your session is over. Nothing was changed."),
  404: gettext("That is no longer there. Reload the page to see what is."),
  409: gettext("Somebody else was first. Nothing was changed; reload the page to see how it stands."),
  412: gettext("This was changed while you had it open. Reload the page before you go on."),
  413: gettext("That is too large to be sent."),
  429: gettext("Too many requests. Wait a moment, then try again."),
  503: gettext("Recourse is briefly not available. Nothing was changed; try again in a moment."),
};

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  const id = xhr.getResponseHeader("X-Request-ID");
  // A view that knows better answers in plain text, one sentence.
  const own = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
  const words =
    (own && xhr.responseText) ||
    BY_STATUS[xhr.status] ||
    gettext("Something failed on our side. Reload the page to see what was kept, then try again.");
  const named = () => interpolate(gettext("%(words)s Request %(id)s."), { words, id }, true);
  say(xhr.status >= 500 && id ? named() : words);
});

document.addEventListener("htmx:sendError", () => {
  say(gettext("Recourse cannot be reached. Check your connection; what you wrote is still here."));
});

document.addEventListener("htmx:timeout", () => {
  say(gettext("That took too long. It may still have happened: reload the page before you try again."));
});
