/* Fires "live" on every [data-live] each five seconds, for its hx-trigger="live": only while the page
   is seen, and while <input type="checkbox" data-live-switch> is ticked. A request that fails unticks
   it: an error is said once, not every five seconds. Without scripts a reload shows what is new. */
const SECONDS = 5;
const wanted = document.querySelector("[data-live-switch]");

setInterval(() => {
  if (document.hidden || !wanted?.checked) return;
  for (const part of document.querySelectorAll("[data-live]")) {
    part.dispatchEvent(new CustomEvent("live"));
  }
}, SECONDS * 1000);

for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, (event) => {
    if (wanted && event.target.matches("[data-live]")) wanted.checked = false;
  });
}
