/* Light, dark or the reader's system, kept in the cookie "theme".
   Loaded in <head> before anything is painted, so that a page never flashes. The server may read
   the same cookie and set data-theme itself. Control: <select data-theme-choice> with the values
   "system", "light" and "dark". */
(() => {
  const root = document.documentElement;
  const match = /(?:^|; )theme=(light|dark)/.exec(document.cookie);

  root.classList.add("js");
  if (match) root.dataset.theme = match[1];
  else delete root.dataset.theme;

  const choose = (value) => {
    const age = value === "system" ? 0 : 31536000;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${value}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
    if (value === "system") delete root.dataset.theme;
    else root.dataset.theme = value;
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const select of document.querySelectorAll("select[data-theme-choice]")) {
      select.value = root.dataset.theme || "system";
      select.addEventListener("change", () => choose(select.value));
    }
  });
})();
