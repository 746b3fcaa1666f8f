// Light or dark as the reader's system is, and the sandbox's published credentials filled in.
const doc = document.querySelector("rapi-doc");
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function paint() {
  const colours = dark.matches
    ? { theme: "dark", "bg-color": "#0e1116", "text-color": "#e9ecf1", "nav-bg-color": "#161a21", "nav-text-color": "#c3cdce",
        "primary-color": "#93b2ff" }
    : { theme: "light", "bg-color": "#ffffff", "text-color": "#14171f", "nav-bg-color": "#f5f6f8", "nav-text-color": "#3c4350",
        "primary-color": "#1d56e0" };
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
