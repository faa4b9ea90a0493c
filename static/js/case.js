/* The case page.
   Evidence: <output data-evidence> names the turns whose box (name="evidence", data-turn="9") is ticked.
   Reasons: of the fieldsets in .verdict only the one whose data-for is the decision is sent.
   Remedy: proposed from decision and reasons until the reviewer chooses one.
   Heartbeat: <form data-heartbeat="60"> is posted every so many seconds while the page is seen, and
   keeps the lease; a 409 or 404 means that the case is no longer held, and the event "lease-lost"
   is fired on it once. Without scripts the lease simply runs out at the time that the page shows. */
const output = document.querySelector("[data-evidence]");
const none = output?.textContent;

const nameTurns = () => {
  const turns = [...document.querySelectorAll('[name="evidence"]:checked')].map(
    (box) => box.dataset.turn,
  );
  const word = turns.length === 1 ? "Turn" : "Turns";
  output.textContent = turns.length ? `${word} ${turns.join(", ")}` : none;
};

if (output) {
  nameTurns();
  document.addEventListener("change", (event) => {
    if (event.target.name === "evidence") nameTurns();
  });
}

// The reasons of the other decision keep their ticks but are not sent.
const chooseReasons = () => {
  const decision = document.querySelector('[name="decision"]:checked')?.value;
  for (const group of document.querySelectorAll(".verdict [data-for]")) {
    group.disabled = group.dataset.for !== decision;
  }
};

// The remedy that follows is proposed until the reviewer chooses one: an overturned end reopens the
// thread unless the category alone was wrong, an upheld one stays locked.
let remedyChosen = Boolean(document.querySelector('[name="remedy"]:checked'));

const proposeRemedy = () => {
  const decision = document.querySelector('[name="decision"]:checked')?.value;
  if (remedyChosen || !decision) return;
  const ticked = '.verdict fieldset:enabled [name="reason_codes"]:checked';
  const codes = [...document.querySelectorAll(ticked)].map((box) => box.value);
  const categoryAlone = codes.length === 1 && codes[0] === "wrong_category";
  const remedy = decision === "overturn" && !categoryAlone ? "reopen" : "keep_locked";
  const radio = document.querySelector(`[name="remedy"][value="${remedy}"]`);
  if (radio) radio.checked = true;
};

if (document.querySelector("#verdict-form")) {
  chooseReasons();
  document.addEventListener("change", (event) => {
    if (event.target.name === "remedy") remedyChosen = true;
    if (event.target.name === "decision") chooseReasons();
    if (["decision", "reason_codes"].includes(event.target.name)) proposeRemedy();
  });
}

const beat = document.querySelector("form[data-heartbeat]");

const lost = () => {
  beat.dispatchEvent(new CustomEvent("lease-lost", { bubbles: true }));
  const text = "You no longer hold this case. Copy what you wrote, then claim it again.";
  document.dispatchEvent(new CustomEvent("toast", { detail: { text, kind: "bad" } }));
};

if (beat) {
  const timer = setInterval(async () => {
    if (document.hidden) return;
    const sent = { method: "POST", body: new FormData(beat), credentials: "same-origin" };
    // A network failure is no news about the lease: the next beat tries again.
    const answer = await fetch(beat.action, sent).catch(() => null);
    if (!answer) return;
    // Redirected: to the sign-in page, for the session is over and with it the beats.
    if (answer.status === 409 || answer.status === 404 || answer.redirected) {
      clearInterval(timer);
      lost();
      return;
    }
    const until = answer.headers.get("Lease-Until");
    const shown = document.querySelector("[data-lease]");
    if (until && shown) shown.dateTime = until;
  }, Number(beat.dataset.heartbeat) * 1000);
}
