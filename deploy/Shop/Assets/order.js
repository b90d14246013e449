"use strict";
// Looks every two seconds, also after the page was asleep, and shows the page anew when something has changed.
const shown = document.getElementById("order").dataset.status;
setInterval(async () => {
  try {
    const answer = await fetch(location.pathname + "/status", { cache: "no-store" });
    if (answer.ok && (await answer.text()) !== shown) location.reload();
  } catch { /* Away for now: the next look will tell. */ }
}, 2000);
