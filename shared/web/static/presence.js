// 示闲、示忙、小休: said by the agent in the head of any page, kept by visits; nobody is handed work who is not there.
// Beside it stand the callbacks whose time has come.

const ASK_SECONDS = 30;

async function ask(address, body) {
  const options = { headers: { Accept: "application/json" } };
  if (body) Object.assign(options, { method: "POST", body: JSON.stringify(body) });
  if (body) options.headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(address, options);
    return { ok: answer.ok, told: await answer.json().catch(() => ({})) };
  } catch {
    return { ok: false, told: { title: "连不上服务器，请稍后再试。" } };
  }
}

export async function followPresence(chooser) {
  const desk = chooser.dataset.desk;
  remind(document.getElementById("due-callbacks"), desk);
  const { ok, told } = await ask(`${desk}/api/v1/presence/mine`);
  if (!ok) return;
  let known = told.state;
  chooser.value = known;
  chooser.disabled = false;
  chooser.addEventListener("change", async () => {
    const said = await ask(`${desk}/api/v1/presence`, { state: chooser.value });
    if (said.ok) known = said.told.state;
    chooser.value = known;
    chooser.title = said.ok ? "" : [said.told.title, said.told.detail].filter(Boolean).join("：");
    chooser.setAttribute("aria-invalid", said.ok ? "false" : "true");
    chooser.blur();
  });
}

// asked for while the page is seen
function remind(place, desk) {
  let shown = 0;
  const look = async () => {
    if (document.hidden) return;
    const { ok, told } = await ask(`${desk}/agent/due-callbacks`);
    if (!ok || told.due === shown) return;
    shown = told.due;
    const link = document.createElement("a");
    Object.assign(link, { className: "pill bad", href: `${desk}/agent?tab=callbacks`, textContent: `! ${shown} 个预约到点` });
    place.replaceChildren(...(shown ? [link] : []));
  };
  look();
  setInterval(look, ASK_SECONDS * 1000);
  document.addEventListener("visibilitychange", look);
}
