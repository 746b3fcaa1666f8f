// Light or dark as the reader's system is, and the sandbox's published credentials filled in.
const doc = document.querySelector("rapi-doc");
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function paint() {
  const colours = dark.matches
    ? { theme: "dark", "bg-color": "#12181a", "text-color": "#e4eaea", "nav-bg-color": "#1a2224", "nav-text-color": "#c3cdce",
        "primary-color": "#2dd4bf" }
    : { theme: "light", "bg-color": "#ffffff", "text-color": "#1b2426", "nav-bg-color": "#f1f4f4", "nav-text-color": "#3d4a4c",
        "primary-color": "#0f766e" };
  for (const [name, value] of Object.entries(colours)) doc.setAttribute(name, value);
}

dark.addEventListener("change", paint);
paint();

doc.addEventListener("spec-loaded", () => {
  for (const [scheme, values] of Object.entries(JSON.parse(doc.dataset.keys))) {
    if (values.length === 2) doc.setHttpUserNameAndPassword(scheme, values[0], values[1]);
    else doc.setApiKey(scheme, values[0]);
  }
});
