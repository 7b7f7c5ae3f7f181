// Names one request, so that sending it twice does it once. Not randomUUID: that is missing where there is no TLS.
export function onceKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
