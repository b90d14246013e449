"use strict";

const main = document.querySelector("main");
const offline = document.getElementById("offline");
const details = document.getElementById("details");
const stores = document.getElementById("stores");

// The server says something every ten seconds: twice as long in silence, and the line is dead, whatever it says of itself.
const SILENCE = 25000;

let events = null;
let heard = 0;
let refused = 0;
let pause = 0;

// A phone's clock may be hours off, and may be put right at any moment: what time it is, the server says with all it says.
let ahead = main.dataset.now - Date.now();

function hear(data) {
  const said = JSON.parse(data);
  heard = Date.now();
  ahead = said.now - heard;
  return said;
}

// A clock that was put back must not make it wait for hours.
const isPast = (moment, length) => Math.abs(Date.now() - moment) >= length;

// Refused: the browser would not come again, or not soon. All windows that are turned away come back at different times.
function comeBackLater() {
  events?.close();
  events = null;
  refused = Date.now();
  pause = 20000 + Math.random() * 20000;
}

function listen() {
  events?.close();
  heard = Date.now();
  events = new EventSource(main.dataset.events);
  events.onopen = () => { heard = Date.now(); offline.hidden = true; };
  events.addEventListener("beat", ({ data }) => { hear(data); });
  // So many windows show this bill that the one that was opened first has to make room.
  events.addEventListener("displaced", () => { offline.hidden = false; comeBackLater(); });
  events.onmessage = ({ data }) => {
    const bill = hear(data);
    if (bill.version !== main.dataset.version) {
      main.dataset.version = bill.version;
      document.title = bill.title;
      document.getElementById("banner").innerHTML = bill.banner;
      details.innerHTML = bill.details;
      dress();
      if (!details.querySelector(".number")) {
        stores?.remove();
        renew();
      }
    }
    if (bill.final) {
      events.close();
      events = null;
      main.removeAttribute("data-events");
      stores?.remove();
    }
  };
  events.onerror = () => {
    offline.hidden = false;
    // The browser tries again by itself unless it was refused.
    if (events?.readyState === EventSource.CLOSED) {
      comeBackLater();
    }
  };
}

// What she can do depends on her session, which only a request for the page itself shows. What she is entering stays.
async function renew() {
  const hers = document.getElementById("hers");
  if ([...hers.querySelectorAll("#code, textarea, #carrier")].some((field) => field.value)) {
    return;
  }
  const answer = await fetch(location.href);
  if (answer.ok) {
    hers.innerHTML = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("hers").innerHTML;
  }
}

// At the start, after sleep, when the network is back, and when it was too quiet.
function wake() {
  if (main.dataset.events && (events ? isPast(heard, SILENCE) : isPast(refused, pause))) {
    listen();
  }
}

function count() {
  const left = details.querySelector(".left");
  if (!left) {
    return;
  }
  const seconds = Math.floor((Date.parse(left.dataset.until) - Date.now() - ahead) / 1000);
  // Past its time a bill may still be payable at a counter: what is so, the server says.
  left.hidden = seconds < 0;
  if (left.hidden) {
    return;
  }
  const units = left.dataset.units.split(" ");
  const parts = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const largest = parts.findIndex((part) => part > 0);
  const first = largest < 0 ? parts.length - 1 : largest;
  const text = parts.map((part, i) => `${part} ${units[i]}`).slice(first, first + 2).join(" ");
  left.textContent = left.dataset.text.replace("{}", text);
}

const actions = {
  async copy(button) {
    await navigator.clipboard.writeText(button.dataset.value);
    const text = button.textContent;
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = text; }, 2000);
  },
  share: () => navigator.share({ title: document.title, url: location.href }).catch(() => {}),
  print: () => window.print(),
  near(button) {
    const said = document.getElementById("no-position");
    const failed = () => { said.textContent = button.dataset.failed; said.hidden = false; };
    navigator.geolocation.getCurrentPosition(async ({ coords }) => {
      // Near enough for a walk, and no more than that is told.
      const near = `${coords.latitude.toFixed(3)},${coords.longitude.toFixed(3)}`;
      const answer = await fetch(`${stores.dataset.near}&near=${near}`);
      if (!answer.ok) {
        failed();
        return;
      }
      said.hidden = true;
      document.getElementById("list").innerHTML = await answer.text();
      stores.querySelectorAll("[aria-current]").forEach((area) => area.removeAttribute("aria-current"));
    }, failed, { timeout: 10000, maximumAge: 60000 });
  },
};

const works = {
  copy: () => Boolean(navigator.clipboard),
  share: () => Boolean(navigator.share),
  print: () => true,
  near: () => Boolean(navigator.geolocation),
};

// What needs a script is there for those who have one.
function dress() {
  document.querySelectorAll("[data-do]").forEach((button) => { button.hidden = !works[button.dataset.do](); });
  count();
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-do]");
  if (button) {
    actions[button.dataset.do](button);
  }
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) { wake(); } });
window.addEventListener("pageshow", wake);
window.addEventListener("online", wake);

dress();
setInterval(() => { count(); wake(); }, 1000);
