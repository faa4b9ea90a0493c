/* The verdict on the case page, and the lease.
   Reasons: of the fieldsets in .verdict only the one whose data-for is the decision is sent.
   Remedy: proposed from decision and reasons until the reviewer chooses one.
   Missing: each [data-needs="field"] says in data-named what is missing, and in data-says what to do; the list
   stands in #missing beside the button, and nothing is sent until it is empty.
   Kept texts: <select data-canned> puts its choice at the end of the rationale; its key puts in the next that
   fits the reasons ticked.
   Heartbeat: <form data-heartbeat="60"> is posted every so many seconds while the page is open, in the
   background too, and at once when it is seen again; it keeps the lease. Browsers slow timers of pages that
   are not seen to one a minute, well within the lease; a machine asleep or a page closed sends none.
   A 409, 404 or 403 means that the case is no longer held, and the event "lease-lost" is fired on it once.
   Without scripts the lease simply runs out at the time that the page shows. */
const form = document.querySelector("#verdict-form");
const fields = (selector) => [...document.querySelectorAll(`.verdict ${selector}`)];
const decision = () => document.querySelector('[name="decision"]:checked')?.value;
const reasons = () =>
  fields('fieldset:enabled [name="reason_codes"]:checked').map((box) => box.value);

// The reasons of the other decision keep their ticks but are not sent.
const chooseReasons = () => {
  for (const group of fields("[data-for]")) group.disabled = group.dataset.for !== decision();
};

const proposedRemedy = () => {
  const codes = reasons();
  const categoryAlone = codes.length === 1 && codes[0] === "wrong_category";
  return decision() === "overturn" && !categoryAlone ? "reopen" : "keep_locked";
};

// A draft that came back with the remedy as it was proposed has chosen none.
let remedyChosen = false;

const proposeRemedy = () => {
  if (remedyChosen || !decision()) return;
  const radio = document.querySelector(`[name="remedy"][value="${proposedRemedy()}"]`);
  if (radio) radio.checked = true;
};

const given = (name) => {
  if (name === "reason_codes") return reasons().length > 0;
  if (name === "rationale") return form.elements.rationale.value.trim() !== "";
  return Boolean(document.querySelector(`.verdict [name="${name}"]:checked`));
};

const missing = () => fields("[data-needs]").filter((question) => !given(question.dataset.needs));
const place = document.querySelector("#missing");
const listed = new Intl.ListFormat(document.documentElement.lang, { type: "unit", style: "short" });

const tell = () => {
  const named = missing().map((question) => question.dataset.named);
  const said = { questions: listed.format(named) };
  const text = named.length ? interpolate(gettext("Still missing: %(questions)s."), said, true) : "";
  if (place.textContent !== text) place.textContent = text;
  for (const question of fields("[data-needs].invalid")) {
    if (given(question.dataset.needs)) say(question, "");
  }
};

const say = (question, text) => {
  question.classList.toggle("invalid", text !== "");
  const errors = document.getElementById(`${question.dataset.needs}-errors`);
  const list = document.createElement("ul");
  list.className = "errorlist";
  const line = document.createElement("li");
  line.textContent = text;
  list.append(line);
  errors.replaceChildren(...(text ? [list] : []));
  question.querySelector("textarea")?.setAttribute("aria-invalid", String(text !== ""));
};

const refuse = (event) => {
  const questions = missing();
  if (!questions.length) return;
  event.preventDefault();
  for (const question of questions) say(question, question.dataset.says);
  tell();
  questions[0].querySelector("input:enabled, textarea")?.focus();
};

const canned = document.querySelector("[data-canned]");

const putIn = (text) => {
  const field = form.elements.rationale;
  field.value = [field.value.trim(), text].filter(Boolean).join("\n");
  field.dispatchEvent(new Event("input", { bubbles: true }));
};

// Those of the reasons ticked first, then those of every reason; one that is in already is passed over.
const nextText = () => {
  const codes = new Set(reasons());
  const all = [...canned.options].slice(1);
  const fitting = [
    ...all.filter((option) => codes.has(option.dataset.code)),
    ...all.filter((option) => !option.dataset.code),
  ];
  return fitting.find((option) => !form.elements.rationale.value.includes(option.value));
};

if (form) {
  chooseReasons();
  const remedy = document.querySelector('[name="remedy"]:checked')?.value;
  remedyChosen = remedy !== undefined && remedy !== proposedRemedy();
  // What the server said of a verdict that it refused stays until something changes.
  if (!place.children.length) tell();
  document.addEventListener("change", (event) => {
    if (event.target.name === "remedy") remedyChosen = true;
    if (event.target.name === "decision") chooseReasons();
    if (["decision", "reason_codes"].includes(event.target.name)) proposeRemedy();
    if (event.target.form === form) tell();
  });
  form.addEventListener("input", tell);
  form.addEventListener("submit", refuse);
}

if (canned) {
  canned.addEventListener("change", () => {
    if (canned.value) putIn(canned.value);
    canned.value = "";
  });
  canned.addEventListener("key", (event) => {
    const option = nextText();
    if (!option) return;
    event.preventDefault();
    putIn(option.value);
    const said = interpolate(gettext("Put in: %(text)s"), { text: option.label }, true);
    document.querySelector("[data-canned-said]").textContent = said;
  });
}

const beat = document.querySelector("form[data-heartbeat]");

const lost = () => {
  beat.dispatchEvent(new CustomEvent("lease-lost", { bubbles: true }));
  const text = gettext("You no longer hold this case. What you wrote is kept as your draft.");
  document.dispatchEvent(new CustomEvent("toast", { detail: { text, kind: "bad" } }));
};

if (beat) {
  const stop = new AbortController();
  const renew = async () => {
    const sent = { method: "POST", body: new FormData(beat), credentials: "same-origin" };
    // A network failure is no news about the lease: the next beat tries again.
    const answer = await fetch(beat.action, sent).catch(() => null);
    if (!answer || stop.signal.aborted) return;
    // Redirected: to the sign-in page, for the session is over and with it the beats.
    if ([409, 404, 403].includes(answer.status) || answer.redirected) {
      stop.abort();
      lost();
      return;
    }
    const until = answer.headers.get("Lease-Until");
    const shown = document.querySelector(".lease time");
    if (until && shown) shown.dateTime = until;
  };
  const timer = setInterval(renew, Number(beat.dataset.heartbeat) * 1000);
  stop.signal.addEventListener("abort", () => clearInterval(timer));
  const seen = () => document.hidden || renew();
  document.addEventListener("visibilitychange", seen, { signal: stop.signal });
}
