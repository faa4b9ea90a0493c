/* Ways to turns. A link to #turn-12 opens the fold that holds the turn, in place, and goes there; so does the
   address of the page. The event "turn-wanted" on the document with detail.number does the same, and answers
   with "turn-shown" once the turn is there.
   Proofs: a click on a row with data-proved-by="9 11", or on one of its [data-proof] links, marks those turns
   with .proving and goes to the first, or to the one that was clicked; a second click on the row takes the mark away. */
const element = (number) => document.getElementById(`turn-${number}`);

const foldOf = (number) =>
  [...document.querySelectorAll(".folded[data-first]")].find(
    (fold) => Number(fold.dataset.first) <= number && number <= Number(fold.dataset.last),
  );

// One after another: what is swapped in replaces the fold that the next would look for.
let opening = Promise.resolve();

const open = (number) => {
  opening = opening.then(async () => {
    const fold = element(number) ? null : foldOf(number);
    if (!fold) return;
    const { first, last, turns } = fold.dataset;
    const address = `${turns}?from=${first}&to=${last}&at=${number}`;
    await htmx.ajax("GET", address, { source: fold, target: fold });
    mark();
  });
  return opening;
};

const goTo = (turn) => {
  turn.focus({ preventScroll: true });
  turn.scrollIntoView({ block: "center" });
};

const show = async (number, { focus = true } = {}) => {
  await open(number);
  const turn = element(number);
  if (turn && focus) goTo(turn);
  return turn;
};

const wantedBy = (link) => {
  const found = /#turn-(\d+)$/.exec(link?.getAttribute("href") ?? "");
  return found && link.pathname === location.pathname ? Number(found[1]) : 0;
};

let proving = [];

const mark = () => {
  for (const turn of document.querySelectorAll(".turn")) {
    turn.classList.toggle("proving", proving.includes(turn.dataset.number));
  }
  for (const row of document.querySelectorAll("[data-proved-by]")) {
    row.classList.toggle("proven", row.dataset.provedBy === proving.join(" "));
  }
};

const prove = async (row) => {
  proving = row.dataset.provedBy.split(" ");
  for (const number of proving.slice(0, 12)) await open(Number(number));
  mark();
};

document.addEventListener("click", async (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target.closest("a");
  const row = event.target.closest("[data-proved-by]");
  const number = wantedBy(link);
  // "Show 2 to 51" asks htmx for its fold by itself.
  if (number && !link.hasAttribute("hx-get")) {
    event.preventDefault();
    history.replaceState(null, "", `#turn-${number}`);
    if (row) await prove(row);
    show(number);
  } else if (row && !event.target.closest("a, button, input")) {
    if (row.classList.contains("proven")) {
      proving = [];
      mark();
      return;
    }
    await prove(row);
    show(Number(proving[0]));
  }
});

document.addEventListener("turn-wanted", async (event) => {
  const { number } = event.detail;
  const turn = await show(number);
  if (turn) document.dispatchEvent(new CustomEvent("turn-shown", { detail: { number, turn } }));
});

// Turns that came in are marked too: once, though each of them says that it has come.
let due = false;
document.addEventListener("htmx:afterSettle", (event) => {
  if (due || !proving.length || !event.target.closest("#transcript")) return;
  due = true;
  queueMicrotask(() => ((due = false), mark()));
});

const fromAddress = () => {
  const found = /^#turn-(\d+)$/.exec(location.hash);
  if (found) show(Number(found[1]));
};

// htmx is there once the page is: modules and deferred scripts run in order.
addEventListener("hashchange", fromAddress);
fromAddress();
