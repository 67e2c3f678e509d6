// SPDX-License-Identifier: Apache-2.0
// Stands in the page itself: a change of network, as when a laptop is docked, ends whatever is being
// loaded, and a page whose scripts were among it would say for ever that it is connecting.
(function () {
  var lost = false;
  window.addEventListener("error", function (event) {
    var name = event.target.nodeName;
    if (lost || (name !== "SCRIPT" && name !== "LINK")) return;
    lost = true;
    var opened = performance.getEntriesByType("navigation")[0];
    var seconds = opened && opened.type === "reload" ? 10 : 1;
    window.setTimeout(function () { window.location.reload(); }, seconds * 1000);
  }, true);
})();
