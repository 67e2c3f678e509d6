// SPDX-License-Identifier: Apache-2.0
// For browsers without modules, which would show the page and never get any further.
(function () {
  var scripts = document.getElementsByTagName("script");
  for (var at = 0; at < scripts.length; at += 1) {
    var help = scripts[at].getAttribute("data-help");
    if (help) window.location.replace(help);
  }
})();
