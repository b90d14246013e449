// Fetches the page anew every few seconds and puts its live parts in the place of the old ones. A part in which somebody is at
// work (a field has the focus, a box is ticked) is left alone.
"use strict";
(() => {
  const every = 3000;

  const isBusy = (part) => part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea, button")
    || part.querySelector("input:checked") !== null;

  async function refresh() {
    if (document.hidden) {
      return;
    }

    const answer = await fetch(location.href, { headers: { "X-Live": "1" }, redirect: "manual" });
    if (answer.type === "opaqueredirect") {
      location.reload();
      return;
    }

    if (!answer.ok) {
      throw new Error(answer.status);
    }

    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (fresh.documentElement.lang !== document.documentElement.lang) {
      // Another language was chosen in another window.
      location.reload();
      return;
    }

    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.getElementById(part.id);
      if (next && !isBusy(part) && next.outerHTML !== part.outerHTML) {
        part.replaceWith(document.importNode(next, true));
      }
    }
  }

  async function loop() {
    try {
      await refresh();
      document.body.classList.remove("stale");
    } catch {
      document.body.classList.add("stale");
    }

    setTimeout(loop, every);
  }

  setTimeout(loop, every);
})();
