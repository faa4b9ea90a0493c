/* Single-key shortcuts, declared in the markup.
   data-key="n"           on a link, button, radio, checkbox or field: the key presses it (fields get focus).
   data-key="mod+enter"   Ctrl or Command with Enter; works while typing, inside the element's own form.
   data-key-label="…"     its words in the list; otherwise aria-label or its text.
   ? or a [data-keys-button] opens <dialog id="shortcuts">, whose [data-keys] is filled from the page as it is then.
   Off while typing, while a modifier is held, while a dialog is open, and with data-shortcuts="off"
   on <body> (then mod+enter alone still works). */
const on = document.body.dataset.shortcuts !== "off";
const list = document.getElementById("shortcuts");
const WRITES = "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=submit])";

const usable = (element) => !element.disabled && element.getClientRects().length > 0;

const target = (key) =>
  [...document.querySelectorAll("[data-key]")].find(
    (element) => element.dataset.key === key && usable(element),
  );

const press = (element) => {
  if (element.matches(WRITES)) {
    element.focus();
    element.select?.();
    return;
  }
  if (element.matches("input")) element.focus();
  element.click();
};

const words = (element) => {
  if (element.dataset.keyLabel) return element.dataset.keyLabel;
  if (element.ariaLabel) return element.ariaLabel;
  const copy = (element.labels?.[0] ?? element).cloneNode(true);
  for (const extra of copy.querySelectorAll("kbd, .sr")) extra.remove();
  return copy.textContent.trim().replace(/\s+/g, " ");
};

const name = (key) =>
  key === "mod+enter" ? (/Mac|iP/.test(navigator.platform) ? "⌘ Enter" : "Ctrl Enter") : key;

const line = (label, keys) => {
  const term = document.createElement("dt");
  term.textContent = label;
  const value = document.createElement("dd");
  for (const key of keys) {
    const cap = document.createElement("kbd");
    cap.textContent = key;
    value.append(cap, " ");
  }
  return [term, value];
};

const openList = () => {
  const lines = document.createElement("dl");
  lines.className = "keys";
  for (const element of document.querySelectorAll("[data-key]")) {
    if (usable(element)) lines.append(...line(words(element), [name(element.dataset.key)]));
  }
  for (const walk of document.querySelectorAll("[data-walk]")) {
    lines.append(...line(`Next, previous ${walk.dataset.walk}`, ["j", "k"]));
  }
  lines.append(...line("This list", ["?"]));
  list.querySelector("[data-keys]").replaceChildren(lines);
  list.showModal();
};

document.addEventListener("click", (event) => {
  if (list && event.target.closest("[data-keys-button]")) openList();
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const element = target("mod+enter");
    if (element && (!element.form || element.form.contains(event.target) || !event.target.closest("form"))) {
      event.preventDefault();
      press(element);
    }
    return;
  }
  if (!on || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest(WRITES) || document.querySelector("dialog[open]")) return;
  if (event.key === "?" && list) {
    event.preventDefault();
    openList();
    return;
  }
  const element = target(event.key);
  if (!element) return;
  event.preventDefault();
  press(element);
});
