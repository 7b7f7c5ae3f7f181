// What the page shows is asked for again when the server nudges it; where there is no stream, every few seconds.

const ASK = 4000; // without a stream
const SELDOM = 30000; // beside one: some things change as time passes
const SILENT = 40000; // longer than two beats: a proxy holds the stream back, or nobody is there any more
const AGAIN = 30000; // after a stream was refused, or was silent

// `parts`: how each part of the page is asked for, by the names that nudges have
export function followChanges(address, parts) {
  const now = () => performance.now();
  let source = null;
  let heard = -Infinity;
  let opened = 0;
  let notBefore = 0;
  let asked = now();
  const askAll = () => {
    asked = now();
    for (const ask of Object.values(parts)) ask();
  };
  const close = (pause = 0) => {
    source?.close();
    source = null;
    heard = -Infinity;
    notBefore = now() + pause;
  };
  const open = () => {
    const own = (source = new EventSource(address));
    opened = now();
    own.addEventListener("beat", () => (heard = now()));
    own.addEventListener("changed", (event) => {
      heard = now();
      for (const part of event.data.split(" ")) parts[part]?.();
    });
    own.addEventListener("error", () => {
      heard = -Infinity; // the browser tries again by itself, but not after a refusal
      if (own === source && own.readyState === EventSource.CLOSED) close(AGAIN);
    });
  };
  const follow = () => {
    if (source && now() - Math.max(heard, opened) > SILENT) close(AGAIN);
    if (!source && now() >= notBefore) open();
  };
  setInterval(() => {
    if (document.hidden) return;
    follow();
    if (now() - heard > SILENT || now() - asked > SELDOM) askAll();
  }, ASK);
  document.addEventListener("visibilitychange", () => {
    close(); // a browser has few connections to a server, so what nobody looks at has none
    if (document.hidden) return;
    follow();
    askAll();
  });
  window.addEventListener("offline", () => close());
  if (!document.hidden) follow();
}
