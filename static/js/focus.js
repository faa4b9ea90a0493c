/* The focus is never lost. Where an answer of htmx takes away what had it, it goes to the same control of what
   came, else to what came, else to what holds the place: by keyboard one goes on from there, and a screen reader
   reads on there. htmx itself keeps it on whatever has an id, and heeds autofocus. */
const CONTROLS = "a[href], button, input, select, summary, textarea";

const named = (element) =>
  [element.tagName, element.getAttribute("href") ?? element.name ?? "", element.textContent.trim()].join(" ");

let taken = null;

document.addEventListener("htmx:beforeSwap", ({ detail: { shouldSwap, target } }) => {
  const focused = document.activeElement;
  if (!shouldSwap || focused === document.body || !target.contains(focused)) return;
  taken = { name: named(focused), before: target.previousElementSibling, place: target.parentElement };
});

const take = (element) => {
  if (!element.matches(`${CONTROLS}, [tabindex]`)) element.tabIndex = -1;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "nearest" });
  return element === document.activeElement;
};

document.addEventListener("htmx:afterRequest", () => {
  if (!taken) return;
  const { name, before, place } = taken;
  taken = null;
  if (document.activeElement !== document.body || !place.isConnected) return;
  const came = before?.isConnected ? before.nextElementSibling : place.firstElementChild;
  const same = [...(came?.querySelectorAll(CONTROLS) ?? [])].find((one) => named(one) === name);
  [same, came, place.closest("[tabindex]")].some((one) => one && take(one));
});
