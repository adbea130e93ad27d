// How far a seal has come, asked for again while it is under way; when it has ended, the page is loaded anew.
"use strict";

const sealing = document.getElementById("sealing");

const isUnderWay = () => sealing.querySelector("[data-under-way]") !== null;

const follow = async () => {
  try {
    const response = await fetch(sealing.dataset.progress, { redirect: "manual", cache: "no-store" });
    if (!response.ok) {
      // Signed out meanwhile: the page itself leads to signing in.
      window.location.assign(window.location.pathname);
      return;
    }
    const text = await response.text();
    if (text !== sealing.dataset.text) {
      sealing.dataset.text = text;
      sealing.innerHTML = text;
    }
    if (!isUnderWay()) {
      window.location.assign(window.location.pathname);
      return;
    }
  } catch {
    // The service does not answer now; asked again.
  }
  window.setTimeout(follow, 700);
};

if (sealing && isUnderWay()) {
  window.setTimeout(follow, 300);
}
