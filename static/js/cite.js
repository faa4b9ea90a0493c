/* Evidence of a verdict. A ticked box (name="evidence") cites a turn; words selected in one turn are cited with the
   button that then appears beside it, as a hidden field (name="ranges", "9:0-40"). The key x cites the
   selection, else the turn that has the focus. <ul data-evidence> lists all, each with a way there and a way out.
   Offsets count characters, not UTF-16 units, over the [data-words] of a turn, one character between two of them. */
const list = document.querySelector("[data-evidence]");
const none = document.querySelector("[data-evidence-none]");
const length = (text) => [...text].length;

const line = (number, [label, removal], remove) => {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = `#turn-${number}`;
  link.textContent = label;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn quiet small";
  button.textContent = gettext("Remove");
  button.setAttribute("aria-label", removal);
  button.addEventListener("click", remove);
  item.append(link, button);
  return item;
};

// What a line says, and what its button does.
const ofTurn = (number) => [
  interpolate(gettext("Turn %(number)s"), { number }, true),
  interpolate(gettext("Remove turn %(number)s"), { number }, true),
];

const ofWords = (number, start, end) => [
  interpolate(gettext("Turn %(number)s, characters %(start)s to %(end)s"), { number, start, end }, true),
  interpolate(gettext("Remove turn %(number)s, characters %(start)s to %(end)s"), { number, start, end }, true),
];

const render = () => {
  const fields = [...list.querySelectorAll("[name=ranges]")];
  const turns = [...document.querySelectorAll("[name=evidence]:checked")];
  const lines = turns.map((box) =>
    line(box.value, ofTurn(box.value), () => {
      box.checked = false;
      box.dispatchEvent(new Event("change", { bubbles: true }));
    }),
  );
  for (const field of fields) {
    const [number, start, end] = field.value.split(/[:-]/);
    const item = line(number, ofWords(number, start, end), () => {
      field.remove();
      changed();
    });
    item.prepend(field);
    lines.push(item);
  }
  list.replaceChildren(...lines);
  none.hidden = lines.length > 0;
};

// As any field of the form: a draft of it is kept.
const changed = () => {
  render();
  list.dispatchEvent(new Event("change", { bubbles: true }));
};

const selected = () => {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const at = (node) => (node.nodeType === Node.TEXT_NODE ? node.parentElement : node);
  const [from, to] = [at(range.startContainer), at(range.endContainer)].map((node) =>
    node.closest("[data-words]"),
  );
  if (!from || from !== to) return null;
  const turn = from.closest(".turn");
  let before = 0;
  for (const part of turn.querySelectorAll("[data-words]")) {
    if (part === from) break;
    before += length(part.textContent) + 1;
  }
  const lead = new Range();
  lead.selectNodeContents(from);
  lead.setEnd(range.startContainer, range.startOffset);
  const start = before + length(lead.toString());
  const end = start + length(range.toString());
  return end > start ? { turn, value: `${turn.dataset.number}:${start}-${end}` } : null;
};

const citeSelection = () => {
  const found = selected();
  if (!found) return false;
  const there = [...list.querySelectorAll("[name=ranges]")].some((one) => one.value === found.value);
  if (!there) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "ranges";
    field.value = found.value;
    list.append(field);
  }
  getSelection().removeAllRanges();
  changed();
  return true;
};

const button = document.createElement("button");
button.type = "button";
button.className = "btn small cite-selection";
button.textContent = gettext("Cite these words");

if (list) {
  render();
  document.addEventListener("change", (event) => {
    if (event.target.name === "evidence") changed();
  });
  document.addEventListener("selectionchange", () => {
    const found = selected();
    if (!found) button.remove();
    else if (button.parentElement !== found.turn) found.turn.append(button);
  });
  // Before the click takes the selection away.
  button.addEventListener("pointerdown", (event) => event.preventDefault());
  button.addEventListener("click", citeSelection);
  document.addEventListener("shortcut", (event) => {
    if (event.detail.key !== "x") return;
    const box = document.activeElement?.closest(".turn")?.querySelector("[name=evidence]");
    if (citeSelection()) event.preventDefault();
    else if (box) {
      box.click();
      event.preventDefault();
    }
  });
}
