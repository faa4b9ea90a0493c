/* What to say when an htmx request fails, and what can be done about it. */
const say = (text) =>
  document.dispatchEvent(new CustomEvent("toast", { detail: { text, kind: "bad" } }));

const BY_STATUS = {
  400: "The server could not read that. Reload the page and try again.",
  401: "You are signed out. Sign in again; what you wrote is still here.",
  403: "You may not do this, or your session is over. Nothing was changed.",
  404: "That is no longer there. Reload the page to see what is.",
  409: "Somebody else was first. Nothing was changed; reload the page to see how it stands.",
  412: "This was changed while you had it open. Reload the page before you go on.",
  413: "That is too large to be sent.",
  429: "Too many requests. Wait a moment, then try again.",
  503: "Recourse is briefly not available. Nothing was changed; try again in a moment.",
};

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  const id = xhr.getResponseHeader("X-Request-ID");
  // A view that knows better answers in plain text, one sentence.
  const own = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
  const words =
    (own && xhr.responseText) ||
    BY_STATUS[xhr.status] ||
    "Something failed on our side. Reload the page to see what was kept, then try again.";
  say(xhr.status >= 500 && id ? `${words} Request ${id}.` : words);
});

document.addEventListener("htmx:sendError", () => {
  say("Recourse cannot be reached. Check your connection; what you wrote is still here.");
});

document.addEventListener("htmx:timeout", () => {
  say("That took too long. It may still have happened: reload the page before you try again.");
});
