// 示闲、示忙、小休: said by the agent, kept by the server; nobody is handed work who is not there.

import { call, told } from "./api.js";

export async function followPresence(chooser) {
  const answer = await call("GET", "api/v1/presence/mine");
  if (!answer.ok) return;
  let known = answer.body.state;
  chooser.value = known;
  chooser.disabled = false;
  chooser.addEventListener("change", async () => {
    const said = await call("POST", "api/v1/presence", { state: chooser.value });
    if (said.ok) known = said.body.state;
    chooser.value = known;
    chooser.title = said.ok ? "" : told(said);
    chooser.setAttribute("aria-invalid", said.ok ? "false" : "true");
    chooser.blur();
  });
}
