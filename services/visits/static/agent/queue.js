// The queue in the left column is asked for again and again; what the agent looks at stays where it is.

export function keepPlace() {
  let seen = "";
  let scrolled = 0;
  const rows = () => document.getElementById("queue-rows");
  const isQueue = (event) => event.detail.target.id === "queue";
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isQueue(event) || event.detail.xhr.status !== 200) return;
    const told = event.detail.xhr.responseText;
    event.detail.shouldSwap = told !== seen;
    seen = told;
    scrolled = rows()?.scrollTop || 0;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (isQueue(event) && rows()) rows().scrollTop = scrolled;
  });
}
