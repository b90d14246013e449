"use strict";

const main = document.querySelector("main");
const offline = document.getElementById("offline");

function listen() {
  const events = new EventSource(main.dataset.events);
  events.onopen = () => { offline.hidden = true; };
  events.onmessage = ({ data }) => {
    const bill = JSON.parse(data);
    if (bill.state !== main.dataset.state) {
      main.dataset.state = bill.state;
      document.title = bill.title;
      document.getElementById("banner").innerHTML = bill.banner;
      document.getElementById("details").innerHTML = bill.details;
    }
    if (bill.final) {
      events.close();
    }
  };
  events.onerror = () => {
    offline.hidden = false;
    // The browser tries again by itself unless it was refused; then it is for us to come back later.
    if (events.readyState === EventSource.CLOSED) {
      setTimeout(listen, 20000 + Math.random() * 20000);
    }
  };
}

if (main.dataset.events) {
  listen();
}
