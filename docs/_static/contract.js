// The reference page: Swagger UI over the bundled contract, pointed at a sandbox of the reader's.
"use strict";

(() => {
  const form = document.getElementById("sandbox");
  const said = form.querySelector("output");
  const loopback = /^https?:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/;

  function show(host, project, key) {
    const spec = structuredClone(window.contract);
    spec.servers = [{ url: host, description: "The sandbox" }];
    spec.components.parameters.ProjectId.example = project;
    const ui = SwaggerUIBundle({
      spec,
      dom_id: "#swagger",
      deepLinking: true,
      docExpansion: "list",
      defaultModelsExpandDepth: 0,
      displayRequestDuration: true,
      persistAuthorization: false,
      syntaxHighlight: { activated: true, theme: "agate" },
      validatorUrl: null,
      onComplete: () => key && ui.preauthorizeApiKey("PersonalApiKey", key),
    });
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const host = form.host.value.trim().replace(/\/+$/, "");
    if (!loopback.test(host)) {
      said.value = "Only a sandbox on this machine: http://127.0.0.1:PORT";
      return;
    }
    show(host, form.project.value.trim(), form.key.value.trim());
    said.value = `Operations go to ${host}.`;
  });

  // Swagger UI follows a class on the root element, the theme an attribute of the body.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => {
    const theme = document.body.dataset.theme;
    document.documentElement.classList.toggle("dark-mode", theme === "dark" || (theme !== "light" && dark.matches));
  };
  new MutationObserver(paint).observe(document.body, { attributeFilter: ["data-theme"] });
  dark.addEventListener("change", paint);
  paint();
  show(form.host.value, form.project.value, "");
})();
