"use strict";
// What a policy in a page cannot forbid: to go to another address. The policy forbids everything else, and scripts other than
// this page's own; this stops the page itself.

if (window.navigation) {
  navigation.addEventListener("navigate", event => {
    const own = event.downloadRequest !== null || event.hashChange || event.navigationType === "reload";
    if (!own && event.cancelable) event.preventDefault();
  });
}
window.open = () => null;
// Connections between browsers are under no policy either.
for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "WebTransport"]) delete window[name];
// A file dropped beside its place would be opened in place of the page.
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, event => event.preventDefault());
