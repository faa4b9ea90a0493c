/* Find within the transcript. The server says in which turns the words stand, hidden ones too; here they are
   marked where they are in the page (CSS highlights: no element is made), and [data-find] steps through the turns
   that #found lists. Return in the field with the same words goes on to the next. */
const found = document.getElementById("found");
const field = document.querySelector(".find [name=find]");
const highlight = typeof Highlight === "undefined" ? null : new Highlight();
if (highlight) CSS.highlights.set("found", highlight);

const words = () => found?.querySelector("[data-found]")?.dataset.found ?? "";
const numbers = () => [...found.querySelectorAll("[data-hit]")].map((hit) => Number(hit.dataset.hit));

const paint = () => {
  if (!highlight) return;
  highlight.clear();
  const wanted = words().toLowerCase();
  if (!wanted) return;
  for (const turn of document.querySelectorAll(".turn")) {
    const walker = document.createTreeWalker(turn, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const text = node.data.toLowerCase();
      // A letter may change its length with its case: nothing is marked rather than the wrong letters.
      if (text.length !== node.data.length) continue;
      for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
        // A live range for each of ten thousand hits would be looked at with every change of the page.
        const [startOffset, endOffset] = [at, at + wanted.length];
        highlight.add(new StaticRange({ startContainer: node, startOffset, endContainer: node, endOffset }));
      }
    }
  }
};

let place = -1;

const step = (by) => {
  const hits = numbers();
  if (!hits.length) return;
  place = (place + by + hits.length) % hits.length;
  for (const hit of found.querySelectorAll("[data-hit]")) {
    if (Number(hit.dataset.hit) === hits[place]) hit.setAttribute("aria-current", "true");
    else hit.removeAttribute("aria-current");
  }
  document.dispatchEvent(new CustomEvent("turn-wanted", { detail: { number: hits[place] } }));
};

if (found && field) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-find]");
    if (button) step(place < 0 && button.dataset.find === "-1" ? 0 : Number(button.dataset.find));
  });
  field.form.addEventListener("submit", (event) => {
    if (field.value.trim() === words() && words()) {
      event.preventDefault();
      event.stopImmediatePropagation();
      step(1);
    }
  }, true);
  // Once for all that came: a stretch of turns says it for each of them.
  let due = false;
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target === found) {
      place = -1;
      // The count is said, not every number of the list.
      const said = found.querySelector("[data-said]")?.textContent ?? "";
      document.getElementById("found-said").textContent = said.trim().replace(/\s+/g, " ");
      if (numbers().length) step(1);
    } else if (!event.target.closest("#transcript")) return;
    if (!due) queueMicrotask(() => ((due = false), paint()));
    due = true;
  });
  paint();
}
