// Where the browser has trusted types, no text becomes a script, a worker or HTML, but for the address of a file of our own: the
// worker's. The content policy of the server asks for this policy by its name.
interface Factory {
  readonly createPolicy: (name: string, rules: { readonly createScriptURL: (address: string) => string }) => unknown;
}

declare global {
  var trustedTypes: Factory | undefined;
}

/** Before the first worker starts. */
export function allowOwnWorkers(): void {
  globalThis.trustedTypes?.createPolicy("default", {
    createScriptURL: (address) => {
      const url = new URL(address, location.href);
      if (url.origin === location.origin && url.pathname.startsWith("/assets/")) return url.href;
      throw new TypeError("This console runs scripts of its own files only.");
    },
  });
}
