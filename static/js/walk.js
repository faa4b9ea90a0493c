/* j and k walk through the [data-walk-item] elements of a [data-walk] container, which says so in words.
   A row's item is its own link; a turn is given tabindex="-1" so that it can take the focus.
   Escape in a field goes back to the item that had the focus last: a search field is emptied first.
   Off in the same cases as every other shortcut. */
const WRITES = "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=submit])";
const STEP = { j: 1, k: -1 };

document.addEventListener("keydown", (event) => {
  const step = STEP[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.body.dataset.shortcuts === "off") return;
  if (event.target.closest(WRITES) || document.querySelector("dialog[open]")) return;
  const items = [...document.querySelectorAll("[data-walk] [data-walk-item]")];
  if (!items.length) return;
  event.preventDefault();
  const here = items.findIndex((item) => item.contains(document.activeElement));
  const next = here < 0 ? (step > 0 ? 0 : items.length - 1) : here + step;
  const item = items[Math.min(items.length - 1, Math.max(0, next))];
  item.focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
});

let last = null;

document.addEventListener("focusin", (event) => {
  last = event.target.closest("[data-walk-item]") ?? last;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
  const field = event.target;
  const busy = field.type === "search" && field.value;
  if (!field.matches("textarea, input:not([list])") || !field.matches(WRITES) || busy) return;
  if (document.body.dataset.shortcuts === "off" || document.querySelector("dialog[open]")) return;
  if (last?.isConnected) last.focus();
  else field.blur();
});
