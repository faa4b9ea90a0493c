/* Keeps relative times true while a page stays open: <time datetime data-relative>.
   Past: "just now", "12 min ago", "3 h ago", "5 d ago". Future: "in 12 min". Beyond 30 days the date
   stands. With data-relative="due" a passed time reads "12 min overdue", however long ago. data-countdown shows "8:41".
   The exact time, in the reader's own zone, becomes the title; <input type="checkbox" data-exact-times> puts it in
   the place of the relative words, for whoever has no pointer to rest on them. Kept in the browser. */
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

const AHEAD = {
  minutes: (count) => ngettext("in %(count)s min", "in %(count)s min", count),
  hours: (count) => ngettext("in %(count)s h", "in %(count)s h", count),
  days: (count) => ngettext("in %(count)s d", "in %(count)s d", count),
};
const OVERDUE = {
  minutes: (count) => ngettext("%(count)s min overdue", "%(count)s min overdue", count),
  hours: (count) => ngettext("%(count)s h overdue", "%(count)s h overdue", count),
  days: (count) => ngettext("%(count)s d overdue", "%(count)s d overdue", count),
};
const AGO = {
  minutes: (count) => ngettext("%(count)s min ago", "%(count)s min ago", count),
  hours: (count) => ngettext("%(count)s h ago", "%(count)s h ago", count),
  days: (count) => ngettext("%(count)s d ago", "%(count)s d ago", count),
};

const spell = (seconds, words) => {
  let [unit, count] = ["days", Math.floor(seconds / DAY)];
  if (seconds < DAY) [unit, count] = ["hours", Math.floor(seconds / HOUR)];
  if (seconds < HOUR) [unit, count] = ["minutes", Math.max(1, Math.floor(seconds / MINUTE))];
  return interpolate(words[unit](count), { count }, true);
};

const exact = new Intl.DateTimeFormat(document.documentElement.lang || undefined, {
  dateStyle: "medium",
  timeStyle: "long",
});
const day = new Intl.DateTimeFormat(document.documentElement.lang || undefined, {
  dateStyle: "medium",
});

const relative = (when, now, kind) => {
  const away = (when - now) / 1000;
  if (Math.abs(away) > 30 * DAY && !(kind === "due" && away < 0)) return day.format(when);
  if (away >= MINUTE) return spell(away, AHEAD);
  if (kind === "due") return away > 0 ? gettext("due now") : spell(-away, OVERDUE);
  return away > -MINUTE ? gettext("just now") : spell(-away, AGO);
};

const countdown = (when, now) => {
  const left = Math.max(0, Math.floor((when - now) / 1000));
  return `${Math.floor(left / MINUTE)}:${String(left % MINUTE).padStart(2, "0")}`;
};

const plain = new Intl.DateTimeFormat(document.documentElement.lang || undefined, {
  dateStyle: "medium",
  timeStyle: "short",
});
const choice = document.querySelector("[data-exact-times]");

const inWords = (when, now, kind) => {
  if (!choice?.checked) return relative(when, now, kind);
  const time = plain.format(when);
  return kind === "due" && when < now ? interpolate(gettext("%(time)s, overdue"), { time }, true) : time;
};

const refresh = (root) => {
  const now = Date.now();
  for (const time of root.querySelectorAll("time[data-relative], time[data-countdown]")) {
    const when = new Date(time.dateTime);
    if (Number.isNaN(when.getTime())) continue;
    time.title = exact.format(when);
    const words =
      "countdown" in time.dataset
        ? countdown(when, now)
        : inWords(when, now, time.dataset.relative);
    if (time.textContent !== words) time.textContent = words;
  }
};

if (choice) {
  choice.checked = localStorage.getItem("times") === "exact";
  choice.addEventListener("change", () => {
    localStorage.setItem("times", choice.checked ? "exact" : "relative");
    refresh(document);
  });
}
refresh(document);
// Once for all that came, though each element says so.
let due = false;
document.addEventListener("htmx:afterSettle", () => {
  if (!due) queueMicrotask(() => ((due = false), refresh(document)));
  due = true;
});
const fast = document.querySelector("time[data-countdown]");
setInterval(() => document.hidden || refresh(document), fast ? 1000 : 30000);
