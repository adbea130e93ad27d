// What every page may do beyond what it does without a script. Nothing is fetched, nothing is kept.
"use strict";

// Buttons that would do something twice are pressed once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
});

// A page that comes out of the browser's memory is asked for anew: whoever signed out stays out.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    window.location.reload();
  }
});
