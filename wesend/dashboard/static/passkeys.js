// Passkeys: a form that asks the browser for one, and then sends what it made.
"use strict";

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const make = async (options) => {
  options.challenge = toBytes(options.challenge);
  options.user.id = toBytes(options.user.id);
  for (const known of options.excludeCredentials || []) known.id = toBytes(known.id);
  const made = await navigator.credentials.create({ publicKey: options });
  return {
    id: made.id,
    rawId: toText(made.rawId),
    type: made.type,
    response: {
      clientDataJSON: toText(made.response.clientDataJSON),
      attestationObject: toText(made.response.attestationObject),
    },
  };
};

const prove = async (options) => {
  options.challenge = toBytes(options.challenge);
  for (const known of options.allowCredentials || []) known.id = toBytes(known.id);
  const proof = await navigator.credentials.get({ publicKey: options });
  return {
    id: proof.id,
    rawId: toText(proof.rawId),
    type: proof.type,
    response: {
      clientDataJSON: toText(proof.response.clientDataJSON),
      authenticatorData: toText(proof.response.authenticatorData),
      signature: toText(proof.response.signature),
      userHandle: proof.response.userHandle ? toText(proof.response.userHandle) : null,
    },
  };
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const creates = form.dataset.passkey === "create";
  form.addEventListener("submit", async (event) => {
    const field = form.elements[creates ? "credential" : "passkey"];
    if (field.value) return;
    event.preventDefault();
    const complaint = form.querySelector("[data-passkey-error]");
    try {
      field.value = JSON.stringify(await (creates ? make : prove)(JSON.parse(form.dataset.options)));
      form.submit();
    } catch (error) {
      complaint.querySelector("span").textContent =
        error.name === "InvalidStateError"
          ? form.dataset.known
          : form.dataset.unused;
      complaint.hidden = false;
    }
  });
}
