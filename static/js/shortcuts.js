/* Single-key shortcuts, declared in the markup.
   data-key="n"           on a link, button, radio, checkbox or field: the key presses it (fields get focus).
                          On a fieldset: it chooses the next of its radio buttons. On a select: the event "key" is
                          fired on it first; where nobody prevents that, the select gets the focus.
   data-key="shift+2"     Shift with a digit, wherever that digit stands on the keyboard.
   data-key="mod+enter"   Ctrl or Command with Enter; works while typing, inside the element's own form.
                          In a dialog with a form it sends that form, and nothing behind it.
   data-key-label="…"     its words in the list; otherwise aria-label or its text.
   data-keys-also="x"     a key that the page's own script handles; data-keys-label its words in the list.
   data-walk="…"          what j and k do (walk.js), in words.
   data-walk-keys="x=…"   on a [data-walk]: further keys for the list, which a script of its own listens to.
   ? or a [data-keys-button] opens <dialog id="shortcuts">, whose [data-keys] is filled from the page as it is then.
   Any other key is told to the page's own scripts: the event "shortcut" on the document, with detail.key.
   Dead from the moment at which the page is left until the next one is there, so that nothing that was meant for
   one case lands on another. Off while typing, while a modifier is held, while a dialog is open, and with data-shortcuts="off"
   on <body> (then mod+enter alone still works). */
const on = document.body.dataset.shortcuts !== "off";
const list = document.getElementById("shortcuts");
const WRITES = "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=submit])";

const usable = (element) => !element.disabled && element.getClientRects().length > 0;

const target = (key) =>
  [...document.querySelectorAll("[data-key]")].find(
    (element) => element.dataset.key === key && usable(element),
  );

const next = (group) => {
  const radios = [...group.querySelectorAll("input[type=radio]:enabled")];
  const radio = radios[(radios.findIndex((one) => one.checked) + 1) % radios.length];
  radio?.focus();
  radio?.click();
};

const press = (element) => {
  if (element.matches("fieldset")) {
    next(element);
    return;
  }
  if (element.matches("select") && !element.dispatchEvent(new CustomEvent("key", { cancelable: true }))) return;
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

const name = (key) => {
  if (key === "mod+enter") return /Mac|iP/.test(navigator.platform) ? gettext("⌘ Enter") : gettext("Ctrl Enter");
  return key.replace("shift+", "⇧ ");
};

// Where Shift is what makes it a digit, as on French keyboards, it is that digit.
const pressed = (event) =>
  event.shiftKey && /^Digit\d$/.test(event.code) && !/\d/.test(event.key)
    ? `shift+${event.code.at(-1)}`
    : event.key;

// Said before the next page is asked for; a download says it too, so that it does not hold for ever.
let leaving = false;
const PATIENCE_MS = 20000;
const leave = () => {
  leaving = true;
  setTimeout(() => (leaving = false), PATIENCE_MS);
};
addEventListener("beforeunload", leave);
// The browser says so later, on a busy machine after several keys: what leads away is enough.
const sameWindow = (event) =>
  !event.defaultPrevented && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
addEventListener("submit", (event) => {
  if (sameWindow(event) && event.target.method !== "dialog") leave();
});
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]:not([target], [download])");
  if (!link || !sameWindow(event)) return;
  // By its attribute: in a drawing, "href" is no text.
  const there = new URL(link.getAttribute("href"), location.href);
  if (there.href.split("#")[0] !== location.href.split("#")[0]) leave();
});
addEventListener("pageshow", () => (leaving = false));

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

const singleKeys = () => {
  const lines = [];
  for (const walk of document.querySelectorAll("[data-walk]")) {
    lines.push(...line(walk.dataset.walk, ["j", "k"]));
    lines.push(...line(gettext("From a field back to where you were"), [gettext("Esc")]));
    for (const extra of walk.dataset.walkKeys?.split(";") ?? []) {
      const [key, label] = extra.split("=");
      lines.push(...line(label, [key]));
    }
  }
  for (const extra of document.querySelectorAll("[data-keys-also]")) {
    lines.push(...line(extra.dataset.keysLabel, [extra.dataset.keysAlso]));
  }
  return [...lines, ...line(gettext("This list"), ["?"])];
};

const openList = () => {
  const lines = document.createElement("dl");
  lines.className = "keys";
  for (const element of document.querySelectorAll(on ? "[data-key]" : "[data-key='mod+enter']")) {
    if (usable(element)) lines.append(...line(words(element), [name(element.dataset.key)]));
  }
  if (on) lines.append(...singleKeys());
  list.querySelector("[data-keys]").replaceChildren(lines);
  // The browser gives it back afterwards; where nothing had it, Tab would go on from the end of the page.
  if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
  list.showModal();
};

// The hints beside the words are for the eye; this says the same to who does not see them.
if (on) {
  for (const element of document.querySelectorAll("[data-key]:not(fieldset)")) {
    const keys = element.dataset.key.replace("mod+enter", "Control+Enter Meta+Enter");
    element.setAttribute("aria-keyshortcuts", keys.replace("shift+", "Shift+"));
  }
}

document.addEventListener("click", (event) => {
  if (list && event.target.closest("[data-keys-button]")) openList();
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if (leaving) {
    if (!event.target.closest(WRITES)) event.preventDefault();
    return;
  }
  const dialog = document.querySelector("dialog[open]");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    if (dialog) {
      event.preventDefault();
      dialog.querySelector("form[method=post] footer [type=submit]")?.click();
      return;
    }
    const element = target("mod+enter");
    if (element && (!element.form || element.form.contains(event.target) || !event.target.closest("form"))) {
      event.preventDefault();
      press(element);
    }
    return;
  }
  if (!on || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest(WRITES) || dialog) return;
  if (event.key === "?" && list) {
    event.preventDefault();
    openList();
    return;
  }
  const element = target(pressed(event)) ?? target(event.key);
  if (element) {
    event.preventDefault();
    press(element);
    return;
  }
  const detail = { key: event.key };
  if (!document.dispatchEvent(new CustomEvent("shortcut", { detail, cancelable: true }))) {
    event.preventDefault();
  }
});
